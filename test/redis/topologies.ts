// Redis in the forms of those who outgrew one server: Sentinel and Cluster, on loopback.

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { until } from './replicas.ts'
import { freePort, RedisServer, type RedisServerOptions } from './server.ts'

export interface Topology {
  readonly url: string
  /** Data servers; the first is the master (Sentinel), the first three are masters (Cluster). */
  readonly servers: readonly RedisServer[]
  close(): Promise<void>
}

const SLOTS = 16384

/** Three masters, each with a replica that takes over. */
export function startCluster(): Promise<Topology> {
  return orClosed(assembleCluster)
}

/** One master, one replica, three sentinels that agree within a second or two. */
export function startSentinel(): Promise<Topology> {
  return orClosed(assembleSentinel)
}

type Start = (options?: RedisServerOptions) => Promise<RedisServer>

/** Ends whatever was started when it can't be put together. */
async function orClosed(assemble: (start: Start) => Promise<Omit<Topology, 'close'>>): Promise<Topology> {
  const started: RedisServer[] = []
  const close = async () => {
    for (const server of started) await server.close()
  }
  try {
    const topology = await assemble(async options => {
      const server = await RedisServer.start(options)
      started.push(server)
      return server
    })
    return { ...topology, close }
  } catch (error) {
    await close()
    throw error
  }
}

async function assembleCluster(start: Start): Promise<Omit<Topology, 'close'>> {
  const settings = ['--cluster-enabled', 'yes', '--cluster-config-file', 'nodes.conf', '--cluster-node-timeout', '1000']
  const servers: RedisServer[] = []
  for (let n = 0; n < 6; n++) servers.push(await start({ arguments: settings }))
  const [first] = servers as [RedisServer]
  for (const [n, server] of servers.slice(0, 3).entries()) {
    const from = Math.floor((n * SLOTS) / 3)
    const to = Math.floor(((n + 1) * SLOTS) / 3)
    const slots = Array.from({ length: to - from }, (_, at) => from + at)
    await server.client.call('CLUSTER', 'ADDSLOTS', ...slots.map(String))
    await server.client.call('CLUSTER', 'SET-CONFIG-EPOCH', `${n + 1}`)
  }
  for (const server of servers.slice(1)) await server.client.call('CLUSTER', 'MEET', '127.0.0.1', `${first.port}`)
  const knows = async (server: RedisServer, text: string) =>
    String(await server.client.call('CLUSTER', 'INFO')).includes(text)
  for (const server of servers) await until('the nodes have met', () => knows(server, 'cluster_known_nodes:6'))
  for (const [n, server] of servers.slice(3).entries()) {
    const id = String(await (servers[n] as RedisServer).client.call('CLUSTER', 'MYID'))
    await until('the node follows', () =>
      server.client.call('CLUSTER', 'REPLICATE', id).then(
        () => true,
        () => false,
      ),
    )
  }
  for (const server of servers) await until('the cluster is whole', () => knows(server, 'cluster_state:ok'))
  for (const server of servers.slice(3)) await until('the replica is linked', () => isLinked(server))
  const url = `redis+cluster://${servers.map(({ port }) => `127.0.0.1:${port}`).join(',')}`
  return { url, servers }
}

async function assembleSentinel(start: Start): Promise<Omit<Topology, 'close'>> {
  const master = await start()
  const replica = await start({ arguments: ['--replicaof', '127.0.0.1', `${master.port}`] })
  await until('the replica is linked', () => isLinked(replica))
  const sentinels: RedisServer[] = []
  for (let n = 0; n < 3; n++) sentinels.push(await startOneSentinel(start, master.port))
  for (const sentinel of sentinels) {
    await until('the sentinels agree', async () => {
      const quorum = await sentinel.client.call('SENTINEL', 'CKQUORUM', 'main').catch(() => 'no')
      const followers = (await sentinel.client.call('SENTINEL', 'REPLICAS', 'main')) as unknown[]
      return String(quorum).startsWith('OK') && followers.length === 1
    })
  }
  const url = `redis+sentinel://${sentinels.map(({ port }) => `127.0.0.1:${port}`).join(',')}/main`
  return { url, servers: [master, replica] }
}

async function startOneSentinel(start: Start, masterPort: number): Promise<RedisServer> {
  const port = await freePort()
  return start({
    port,
    configuration: async folder => {
      const file = join(folder, 'sentinel.conf')
      const lines = [
        'bind 127.0.0.1',
        `port ${port}`,
        `dir ${folder}`,
        `sentinel monitor main 127.0.0.1 ${masterPort} 2`,
        'sentinel down-after-milliseconds main 800',
        'sentinel failover-timeout main 4000',
      ]
      await writeFile(file, `${lines.join('\n')}\n`)
      return [file, '--sentinel']
    },
  })
}

async function isLinked(server: RedisServer): Promise<boolean> {
  return (await server.client.info('replication')).includes('master_link_status:up')
}
