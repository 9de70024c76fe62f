// Whose X-Forwarded-* and Forwarded are believed?
//
// Peers inside `trustedProxies` (CIDRs, or `private`: loopback, RFC 1918, ULA). What a
// trusted peer says of scheme, host and client is taken and extended; what anybody else
// says is replaced, with one warning per process that names the peer and the key to set.

import { BlockList, isIPv6 } from 'node:net'

const PRIVATE = ['127.0.0.0/8', '::1/128', '10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7', 'fe80::/10']

export class TrustedProxies {
  readonly #list = new BlockList()
  readonly #empty: boolean

  /** `entries`: CIDRs, single addresses or `private`; already validated by the configuration. */
  constructor(entries: readonly string[]) {
    this.#empty = entries.length === 0
    for (const entry of entries.flatMap(each => (each === 'private' ? PRIVATE : [each]))) this.#add(entry)
  }

  /** A unix socket's peer has no address and counts as loopback. */
  trusts(address: string | undefined): boolean {
    if (this.#empty) return false
    const plain = address === undefined || address === '' ? '127.0.0.1' : withoutMapping(address)
    return this.#list.check(plain, isIPv6(plain) ? 'ipv6' : 'ipv4')
  }

  #add(entry: string): void {
    const [network, prefix] = entry.split('/') as [string, string?]
    const family = isIPv6(network) ? 'ipv6' : 'ipv4'
    if (prefix === undefined) this.#list.addAddress(network, family)
    else this.#list.addSubnet(network, Number(prefix), family)
  }
}

/** `::ffff:10.0.0.1` is what a dual-stack socket calls 10.0.0.1. */
export function withoutMapping(address: string): string {
  return address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address
}
