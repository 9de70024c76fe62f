// What does the effective configuration look like to somebody who may not see secrets?
//
// In the file's own words and units, every default filled in, each route with all of its
// keys: what the admin API answers. Values print themselves as their kind says, so a new
// key shows up by being in the schema, and a secret kind can't be forgotten here.

import { z } from 'zod'
import { childOf, unwrapped } from './keys.ts'
import { printers } from './kinds.ts'
import { policySchema, ROUTE_KEYS } from './route-schema.ts'
import { rootSchema } from './schema.ts'
import type { RouteSettings, Settings } from './settings.ts'

/** Plain JSON, shaped like the file; `***` for secrets. */
export function redacted(settings: Settings): Record<string, unknown> {
  const { routes, defaultRoute, ...rest } = settings
  const shown = Object.entries(rest).map(([name, value]) => [name, show(childOf(rootSchema, name), value)])
  return {
    ...Object.fromEntries(shown),
    defaults: showPolicy(defaultRoute),
    routes: Object.fromEntries(routes.map(route => [route.name, { match: route.match, ...showPolicy(route) }])),
  }
}

function showPolicy(route: RouteSettings): Record<string, unknown> {
  const written = ROUTE_KEYS.filter(name => route[name] !== undefined)
  return Object.fromEntries(written.map(name => [name, show(childOf(policySchema, name), route[name])]))
}

function show(schema: z.ZodType | undefined, value: unknown): unknown {
  const printer = schema === undefined ? undefined : printerOf(schema)
  if (printer !== undefined) return printer(value as never)
  if (Array.isArray(value)) return value.map(item => show(schema && childOf(schema, 0), item))
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).filter(([, item]) => item !== undefined)
  return Object.fromEntries(entries.map(([name, item]) => [name, show(schema && childOf(schema, name), item)]))
}

/** The printer of the kind, whatever default or option is wrapped around it. */
function printerOf(schema: z.ZodType): ((value: never) => unknown) | undefined {
  const own = printers.get(schema)
  if (own !== undefined) return own.print
  const inner =
    schema instanceof z.ZodOptional || schema instanceof z.ZodPrefault
      ? (schema.unwrap() as z.ZodType)
      : unwrapped(schema)
  return inner === schema ? undefined : printerOf(inner)
}
