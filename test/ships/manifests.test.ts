// Do the Kubernetes manifests and the image hold what they promise?
//
// Read as plain YAML: the schemas and references of whole sets are checked by tools that
// know Kubernetes; here stands what a later edit could lose without any of them noticing.

import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, test } from 'node:test'
import { parse } from 'yaml'
import { isError } from '../../src/config/problems.ts'
import { prepare } from '../../src/insight/prepare.ts'
import { createIdentitySecret } from '../../src/routing/identity.ts'

const root = dirname(dirname(import.meta.dirname))
const read = (path: string) => readFileSync(join(root, path), 'utf8')

interface Container {
  readonly name: string
  readonly restartPolicy?: string
  readonly securityContext?: Readonly<Record<string, unknown>>
  readonly env?: readonly { readonly name: string; readonly value?: string }[]
  readonly volumeMounts?: readonly { readonly subPath?: string }[]
  readonly [probe: `${string}Probe`]: { readonly httpGet: { readonly path: string } } | undefined
}

const sidecar = parse(read('k8s/components/sidecar/sidecar.yaml')).spec.template.spec as {
  readonly terminationGracePeriodSeconds: number
  readonly initContainers: readonly [Container]
}

describe('the sidecar', () => {
  const [pillion] = sidecar.initContainers

  test('is a native one, which outlives the backend', () => {
    assert.equal(pillion.restartPolicy, 'Always')
    assert.equal(sidecar.terminationGracePeriodSeconds, 60)
  })

  test('may do nothing that it does not need', () => {
    assert.deepEqual(pillion.securityContext, {
      runAsUser: 65532,
      runAsNonRoot: true,
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
      seccompProfile: { type: 'RuntimeDefault' },
    })
  })

  test('is asked for life and readiness apart', () => {
    assert.equal(pillion.startupProbe?.httpGet.path, '/livez')
    assert.equal(pillion.livenessProbe?.httpGet.path, '/livez')
    assert.equal(pillion.readinessProbe?.httpGet.path, '/readyz')
  })

  test('reads its file from a folder, because a subPath never changes', () => {
    assert.deepEqual(
      pillion.volumeMounts?.map(({ subPath }) => subPath),
      [undefined],
    )
  })
})

describe('configuration files that are shipped', () => {
  const files = globSync(['k8s/**/pillion.yaml', 'examples/**/pillion.yaml', 'config/*.yaml'], { cwd: root })

  for (const file of files.toSorted()) {
    test(`${file} is valid and meets its own expectations`, () => {
      const input = {
        file,
        text: read(file),
        environment: { UPSTREAM: 'http://127.0.0.1:8000', REDIS_URL: '', CACHE_SECRET: '' },
      }
      const { problems } = prepare(input, createIdentitySecret())
      assert.deepEqual(problems.filter(isError), [])
    })
  }
})

describe('the image', () => {
  test('has the base that development has, pinned', () => {
    const development = JSON.parse(read('tools/node/package.json')) as { version: string }
    for (const file of ['Dockerfile', 'examples/clinic-api/Dockerfile']) {
      assert.match(read(file), new RegExp(`^ARG BASE=node:${development.version}-bookworm-slim$`, 'm'))
    }
  })

  test('runs as a number, so that orchestrators can tell it is not root', () => {
    assert.match(read('Dockerfile'), /^USER 65532:65532$/m)
  })
})
