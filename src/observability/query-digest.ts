// How does a query appear in a log that must not hold personal data?
//
// Each parameter keeps its name and place; its value becomes eight characters of a keyed
// digest. Equal values give equal digests while this process lives, so replay can still
// tell requests apart; without the key nobody can try names or numbers against them.

import { createHmac, randomBytes } from 'node:crypto'

const CHARACTERS = 8

/** A function that hides values under a random key of its own. */
export function createQueryDigest(key: Buffer = randomBytes(32)): (query: string) => string {
  const digest = (value: string) => createHmac('sha256', key).update(value).digest('base64url').slice(0, CHARACTERS)
  const hide = (parameter: string) => {
    const equals = parameter.indexOf('=')
    // A bare parameter is all name and may itself be the secret (`?TOKEN`).
    if (equals < 0) return parameter === '' ? '' : digest(parameter)
    const value = parameter.slice(equals + 1)
    return value === '' ? parameter : `${parameter.slice(0, equals)}=${digest(value)}`
  }
  return query => query.split('&').map(hide).join('&')
}
