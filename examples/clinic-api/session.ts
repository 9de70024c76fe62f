// Who is calling, and for which clinic?
//
// Bearer tokens looked up in the session table at every single request, as such APIs
// do: without a known one 401, with an X-Clinic that is not the token's own clinic 403.
// Signing out ends that one token at once.

import type { IncomingHttpHeaders } from 'node:http'
import { type Answer, type Call, type Caller, noContent, type OpenCall, ok, Refusal, textOf } from './call.ts'
import type { DatabaseConnection } from './database.ts'
import { digestToken, isPassword, makeToken } from './password.ts'

const BY_TOKEN = `
  SELECT users.id AS userId, users.name, users.role, users.clinic_id AS clinicId, clinics.code AS clinic,
         sessions.token_hash AS tokenDigest
  FROM sessions JOIN users ON users.id = sessions.user_id JOIN clinics ON clinics.id = users.clinic_id
  WHERE sessions.token_hash = ?`

export async function callerOf(headers: IncomingHttpHeaders, database: DatabaseConnection): Promise<Caller> {
  const token = /^Bearer ([\w-]+)$/i.exec(headers.authorization ?? '')?.[1]
  if (token === undefined) throw new Refusal(401, 'Sign in first: POST /api/v1/auth/sign-in gives a bearer token.')
  const caller = await database.one<Caller>(BY_TOKEN, digestToken(token))
  if (caller === undefined) throw new Refusal(401, 'This token is unknown or has been signed out.')
  if (headers['x-clinic'] !== caller.clinic)
    throw new Refusal(403, `X-Clinic must name the clinic of the token's owner.`)
  return caller
}

interface UserRow {
  readonly id: number
  readonly name: string
  readonly role: string
  readonly clinic: string
  readonly salt: string
  readonly password_hash: string
}

/** POST /api/v1/auth/sign-in with `login` and `password`. The two ways to be wrong get one answer. */
export async function signIn(call: OpenCall): Promise<Answer> {
  const login = textOf(call, 'login')
  const password = textOf(call, 'password')
  const user = await call.database.one<UserRow>(
    'SELECT users.*, clinics.code AS clinic FROM users JOIN clinics ON clinics.id = users.clinic_id WHERE login = ?',
    login,
  )
  if (user === undefined || !isPassword(password, user.salt, user.password_hash))
    throw new Refusal(401, 'Login or password is wrong.')
  const token = makeToken()
  await call.database.run(
    'INSERT INTO sessions VALUES (?, ?, ?)',
    digestToken(token),
    user.id,
    new Date().toISOString(),
  )
  return ok({ token, clinic: user.clinic, name: user.name, role: user.role })
}

/** POST /api/v1/auth/sign-out. */
export async function signOut(call: Call): Promise<Answer> {
  await call.database.run('DELETE FROM sessions WHERE token_hash = ?', call.caller.tokenDigest)
  return noContent
}

/** GET /api/v1/auth/me. */
export async function whoAmI(call: Call): Promise<Answer> {
  const { name, role, clinic } = call.caller
  return ok({ name, role, clinic })
}
