// What can somebody read who reads all of Redis?
//
// With secrets: nothing. Values are AES-256-GCM, bound to the name they lie under, so one
// can't be put in another's place; texts (scopes) are sealed so that equal texts stay
// equal and can be overwritten. Each process encrypts under a key of its own, derived from
// the secret and a random salt that stands before each value: with a counter as nonce no
// nonce repeats, however much is written. The first secret seals, all of them open.
// Without secrets values lie as they are; only what everybody may have goes to Redis then.

import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from 'node:crypto'
import { type Digest, keyedDigest, plainDigest } from './key-names.ts'

export interface Seal {
  /** One per secret, the first for writing. */
  readonly digests: readonly Digest[]
  /** `context` has to be the same when it is opened. */
  seal(context: string, plain: Buffer): Buffer
  /** Undefined for whatever was not sealed by one of the secrets for this context. */
  open(context: string, sealed: Buffer): Buffer | undefined
  /** Equal texts give equal seals. */
  sealText(text: string): string
  openText(sealed: string): string | undefined
}

/** Values and texts as they are; a value still names its context, so that no mix-up can pass for it. */
export const openSeal: Seal = {
  digests: [plainDigest],
  seal: (context, plain) => Buffer.concat([Buffer.from(context), plain]),
  open: (context, sealed) => {
    const length = Buffer.byteLength(context)
    return sealed.toString('utf8', 0, length) === context ? sealed.subarray(length) : undefined
  },
  sealText: text => text,
  openText: sealed => sealed,
}

const SALT = 16
const COUNTER = 8
const NONCE = 12
const TAG = 16
const HEADER = SALT + COUNTER + TAG
/** Keys of other processes kept ready; an older one is derived again. */
const MOST_KEYS = 256

/** Everything derived from one secret. */
class SecretKeys {
  readonly digest: Digest
  readonly text: Buffer
  readonly textNonce: Buffer
  readonly #values: Buffer
  readonly #derived = new Map<string, Buffer>()

  constructor(secret: string) {
    this.digest = keyedDigest(derive(secret, 'names'))
    this.text = derive(secret, 'texts')
    this.textNonce = derive(secret, 'text nonces')
    this.#values = derive(secret, 'values')
  }

  /** The key of the process that drew `salt`. */
  valueKey(salt: Buffer): Buffer {
    const name = salt.toString('latin1')
    const known = this.#derived.get(name)
    if (known !== undefined) return known
    const key = createHmac('sha256', this.#values).update(salt).digest()
    if (this.#derived.size >= MOST_KEYS) this.#derived.clear()
    this.#derived.set(name, key)
    return key
  }
}

function derive(secret: string, purpose: string): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, 'pillion store v1', purpose, 32))
}

export class SecretSeal implements Seal {
  readonly digests: readonly Digest[]
  readonly #secrets: readonly SecretKeys[]
  readonly #salt = randomBytes(SALT)
  readonly #nonce = Buffer.alloc(NONCE)
  #counter = 0n

  /** At least one secret; the first seals. */
  constructor(secrets: readonly string[]) {
    this.#secrets = secrets.map(secret => new SecretKeys(secret))
    this.digests = this.#secrets.map(({ digest }) => digest)
  }

  seal(context: string, plain: Buffer): Buffer {
    const key = (this.#secrets[0] as SecretKeys).valueKey(this.#salt)
    this.#nonce.writeBigUInt64BE(this.#counter++, NONCE - COUNTER)
    const cipher = createCipheriv('aes-256-gcm', key, this.#nonce)
    cipher.setAAD(Buffer.from(context))
    const sealed = Buffer.allocUnsafeSlow(HEADER + plain.length)
    cipher.update(plain).copy(sealed, HEADER)
    cipher.final()
    this.#salt.copy(sealed, 0)
    this.#nonce.copy(sealed, SALT, NONCE - COUNTER)
    cipher.getAuthTag().copy(sealed, SALT + COUNTER)
    return sealed
  }

  open(context: string, sealed: Buffer): Buffer | undefined {
    if (sealed.length < HEADER) return undefined
    const salt = sealed.subarray(0, SALT)
    const nonce = Buffer.alloc(NONCE)
    sealed.copy(nonce, NONCE - COUNTER, SALT, SALT + COUNTER)
    for (const secret of this.#secrets) {
      const part = { tag: sealed.subarray(SALT + COUNTER, HEADER), text: sealed.subarray(HEADER), context }
      const plain = decrypt(secret.valueKey(salt), nonce, part)
      if (plain !== undefined) return plain
    }
    return undefined
  }

  sealText(text: string): string {
    const secret = this.#secrets[0] as SecretKeys
    const nonce = createHmac('sha256', secret.textNonce).update(text).digest().subarray(0, NONCE)
    const cipher = createCipheriv('aes-256-gcm', secret.text, nonce)
    const sealed = [nonce, cipher.update(text, 'utf8'), cipher.final()]
    return Buffer.concat([...sealed, cipher.getAuthTag()]).toString('base64url')
  }

  openText(sealed: string): string | undefined {
    const octets = Buffer.from(sealed, 'base64url')
    if (octets.length < NONCE + TAG) return undefined
    const text = octets.subarray(NONCE, octets.length - TAG)
    const part = { tag: octets.subarray(octets.length - TAG), text, context: '' }
    for (const secret of this.#secrets) {
      const plain = decrypt(secret.text, octets.subarray(0, NONCE), part)
      if (plain !== undefined) return plain.toString('utf8')
    }
    return undefined
  }
}

interface Sealed {
  readonly tag: Buffer
  readonly text: Buffer
  readonly context: string
}

function decrypt(key: Buffer, nonce: Buffer, { tag, text, context }: Sealed): Buffer | undefined {
  const decipher = createDecipheriv('aes-256-gcm', key, nonce)
  decipher.setAuthTag(tag)
  if (context !== '') decipher.setAAD(Buffer.from(context))
  const plain = decipher.update(text)
  try {
    decipher.final()
    return plain
  } catch {
    // Another secret's, another context's, or damaged: the tag says so, and that is all there is to know.
    return undefined
  }
}
