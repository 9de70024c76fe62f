// Which verifier do the tokens of the configuration in force go to?
//
// The same one over reloads that leave its rules alone, so that what it verified stays
// verified and its key set fetched; a new one otherwise. Making it throws where a key
// file can't be read, and the reload is refused then.

import type { IdentityRules } from '../config/identity-schema.ts'
import type { Identification } from './identity.ts'
import { TokenVerifier } from './token-verifier.ts'

interface Identified {
  readonly settings: { readonly identity: IdentityRules }
  readonly compiled: { readonly identification: Identification }
}

export class VerifierSwitch {
  readonly #around: ConstructorParameters<typeof TokenVerifier>[2]
  #made = ''
  #verifier: TokenVerifier | undefined

  constructor(around: ConstructorParameters<typeof TokenVerifier>[2]) {
    this.#around = around
  }

  use({ settings: { identity }, compiled }: Identified): void {
    const sources = [...identity.parts.map(part => part.source), identity.audit]
    const claims = sources.flatMap(source => (source?.kind === 'jwt' ? [source.name] : []))
    const wanted = JSON.stringify([identity.jwt, claims])
    if (wanted !== this.#made) {
      this.#verifier = identity.jwt === undefined ? undefined : new TokenVerifier(identity.jwt, claims, this.#around)
      this.#made = wanted
    }
    compiled.identification.useVerifier(this.#verifier)
  }
}
