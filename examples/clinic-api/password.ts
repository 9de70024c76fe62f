// How are passwords and tokens kept?
//
// Passwords as salted scrypt hashes, tokens as SHA-256 digests: whoever reads the
// database can use neither. The work factor is small because the demo checks a dozen
// passwords at every start; a real service takes a larger one.

import { createHash, randomBytes, scryptSync, timingSafeEqual } from 'node:crypto'

const WORK_FACTOR = { N: 1024, r: 8, p: 1 }

export function hashPassword(password: string, salt: string): string {
  return scryptSync(password, salt, 32, WORK_FACTOR).toString('hex')
}

export function isPassword(candidate: string, salt: string, hash: string): boolean {
  return timingSafeEqual(Buffer.from(hashPassword(candidate, salt), 'hex'), Buffer.from(hash, 'hex'))
}

export function makeToken(): string {
  return `clinic_${randomBytes(18).toString('base64url')}`
}

export function digestToken(token: string): string {
  return createHash('sha256').update(token).digest('hex')
}
