// What belongs to one member of staff alone?
//
// Settings and notifications: small answers, different for everybody, asked for with
// every page, and each made from a handful of queries. The classic case for
// `share: user`.

import { type Answer, type Call, changesOf, found, idOf, noContent, ok } from './call.ts'
import { SETTINGS } from './seed.ts'

const NAMES = Object.keys(SETTINGS)

/** GET /api/v1/settings, one query per setting. */
export async function showSettings(call: Call): Promise<Answer> {
  const settings: Record<string, string> = {}
  for (const name of NAMES) {
    const row = await call.database.one<{ value: string }>(
      'SELECT value FROM settings WHERE user_id = ? AND name = ?',
      call.caller.userId,
      name,
    )
    settings[name] = row?.value ?? SETTINGS[name] ?? ''
  }
  return ok({ user: call.caller.name, settings })
}

/** PATCH (PUT alike) /api/v1/settings with any of the names. */
export async function changeSettings(call: Call): Promise<Answer> {
  for (const [name, value] of changesOf(call, NAMES)) {
    await call.database.run('REPLACE INTO settings VALUES (?, ?, ?)', call.caller.userId, name, value)
  }
  return showSettings(call)
}

interface NotificationRow {
  readonly senderId: number
}

/** GET /api/v1/notifications: the newest ten, each sender looked up. */
export async function listNotifications(call: Call): Promise<Answer> {
  const { userId } = call.caller
  const unread = await call.database.one<{ count: number }>(
    'SELECT count(*) AS count FROM notifications WHERE user_id = ? AND read_at IS NULL',
    userId,
  )
  const rows = await call.database.all<NotificationRow>(
    `SELECT id, sender_id AS senderId, text, created_at AS createdAt, read_at AS readAt
     FROM notifications WHERE user_id = ? ORDER BY created_at DESC, id DESC LIMIT 10`,
    userId,
  )
  const items: unknown[] = []
  for (const { senderId, ...notification } of rows) {
    const sender = await call.database.one<{ name: string }>('SELECT name FROM users WHERE id = ?', senderId)
    items.push({ ...notification, from: sender?.name ?? null })
  }
  return ok({ unread: unread?.count ?? 0, items })
}

/** POST /api/v1/notifications/{id}/read. */
export async function readNotification(call: Call): Promise<Answer> {
  const id = idOf(call)
  const { changes } = await call.database.run(
    'UPDATE notifications SET read_at = ? WHERE id = ? AND user_id = ?',
    new Date().toISOString(),
    id,
    call.caller.userId,
  )
  found(changes === 0 ? undefined : id, `Notification ${id} of yours`)
  return noContent
}

/** DELETE /api/v1/notifications/{id}. */
export async function removeNotification(call: Call): Promise<Answer> {
  const id = idOf(call)
  const { changes } = await call.database.run(
    'DELETE FROM notifications WHERE id = ? AND user_id = ?',
    id,
    call.caller.userId,
  )
  found(changes === 0 ? undefined : id, `Notification ${id} of yours`)
  return noContent
}
