// How does a WebSocket handshake get to the origin?
//
// By the same routing, identity and forwarding rules as any other request, and never from
// the store. A 101 that answers the key joins the two connections, and the exchange ends
// with them; any other answer of the origin is the client's like any other response, on
// its last connection. An origin that can't be reached is a fault like any other: nothing
// stored stands in for a protocol.

import type { Socket } from 'node:net'
import type { Readable } from 'node:stream'
import type { Fault } from '../base/fault.ts'
import { milliseconds } from '../base/units.ts'
import { formatCacheStatus } from '../http/cache-status.ts'
import type { Fields } from '../http/fields.ts'
import { endToEndFields } from '../http/hop-by-hop.ts'
import type { ResponseHead } from '../http/message.ts'
import type { Upstream } from '../upstream/upstream.ts'
import { clientFields } from './client-fields.ts'
import type { Exchange } from './exchange.ts'
import { forwardRequest } from './forward-request.ts'
import type { RoutedRequest } from './routed-request.ts'

/** An opening request (RFC 6455 §4.1) with the connection it came on. */
export interface UpgradeExchange extends Exchange {
  readonly key: string
  readonly client: Socket
  /** Octets read beyond the request. */
  readonly head: Buffer
  /** The 101 is about to be sent: nothing else is answered, and the exchange lasts as long as the connection. */
  switched(): void
}

/** Asks the origin to switch; answers the exchange on every path. */
export function upgrade(
  routed: RoutedRequest & { readonly exchange: UpgradeExchange },
  upstream: Upstream,
  host: string | undefined,
): void {
  const { exchange, route } = routed
  const { key, client, head } = exchange
  const { target, fields, timeout } = forwardRequest(routed, { shared: false, validate: undefined, host }, null)
  exchange.account.outcome = 'bypass'
  exchange.account.reason = 'upgrade'
  exchange.account.counted = false
  const passed = (received: Fields) => {
    const status = formatCacheStatus({ forwarded: 'bypass', detail: 'upgrade' })
    return clientFields(route, endToEndFields(received), { remaining: NOTHING, status, stored: false })
  }
  upstream.upgrade(
    { target, fields, key, client, head, route: route.name, ...(timeout === undefined ? {} : { timeout }) },
    {
      onSwitch: received => {
        exchange.switched()
        return passed(received)
      },
      onResponse: (status, received, content) => answer(exchange, { status, fields: passed(received) }, content),
      onFault: fault => refuse(exchange, fault),
      onClose: () => undefined,
    },
  )
}

const NOTHING = milliseconds(0)

function answer(exchange: UpgradeExchange, head: ResponseHead, content: Readable): void {
  if (exchange.abandoned) {
    content.destroy()
    return
  }
  const sink = exchange.stream(head)
  let ended = false
  content.on('data', (chunk: Buffer) => {
    if (!sink.write(chunk)) content.pause()
  })
  content.on('end', () => {
    ended = true
    sink.end([])
  })
  content.on('error', () => undefined)
  content.on('close', () => {
    if (!ended) sink.abort()
  })
  sink.onDrain(() => content.resume())
  exchange.onAbandon(() => content.destroy())
}

function refuse(exchange: UpgradeExchange, fault: Fault): void {
  exchange.account.outcome = 'error'
  exchange.account.reason = fault.code.toLowerCase().replaceAll('_', '-')
  exchange.account.fault = fault.code
  if (!exchange.abandoned) exchange.fail(fault)
}
