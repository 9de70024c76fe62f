// How does the source become what a package or an image holds?
//
// Node strips types by itself, but not below node_modules, where a package's files lie; so
// what is shipped is plain JavaScript. The compiler writes `dist/`, and the dashboard's
// files, which are no TypeScript, are copied beside it. A checkout never needs this.

import { execFileSync } from 'node:child_process'
import { chmodSync, cpSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'

const root = dirname(import.meta.dirname)
const source = join(root, 'src')
const target = join(root, 'dist')

rmSync(target, { recursive: true, force: true })
execFileSync('npm', ['exec', '--', 'tsc', '--project', join(root, 'tsconfig.build.json')], {
  cwd: root,
  stdio: 'inherit',
})
cpSync(source, target, { recursive: true, filter: path => !path.endsWith('.ts') })
chmodSync(join(target, 'cli', 'main.js'), 0o755)
