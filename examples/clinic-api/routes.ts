// Which request belongs to which endpoint?
//
// The one table of the API. A route's name is its line as written here; costs are
// counted under it.

import {
  addAppointment,
  changeAppointment,
  listAppointments,
  removeAppointment,
  showAppointment,
} from './appointments.ts'
import type { Answer, Call, OpenCall } from './call.ts'
import { clinicPage, dashboardStats, monthlyReport } from './dashboard.ts'
import { addNote, changeNote, listNotes, removeNote } from './notes.ts'
import { addPatient, changePatient, listPatients, removePatient, replacePatient, showPatient } from './patients.ts'
import { changeSettings, listNotifications, readNotification, removeNotification, showSettings } from './personal.ts'
import { signIn, signOut, whoAmI } from './session.ts'

export type Endpoint = (call: Call) => Promise<Answer>

/** `open` needs no sign-in; `stream` is handed the connection itself. */
export type Serving =
  | { readonly kind: 'open'; readonly endpoint: (call: OpenCall) => Promise<Answer> }
  | { readonly kind: 'signed-in'; readonly endpoint: Endpoint }
  | { readonly kind: 'stream' }

export interface ClinicRoute {
  /** Method and path as in the table. */
  readonly name: string
  readonly method: string
  readonly segments: readonly string[]
  readonly serving: Serving
}

export interface RouteMatch {
  readonly route: ClinicRoute
  readonly parameters: Readonly<Record<string, string>>
}

export function createRoutes(labs: Endpoint): readonly ClinicRoute[] {
  const signedIn: Readonly<Record<string, Endpoint>> = {
    'POST /api/v1/auth/sign-out': signOut,
    'GET /api/v1/auth/me': whoAmI,
    'GET /api/v1/dashboard/stats': dashboardStats,
    'GET /api/v1/clinic': clinicPage,
    'GET /api/v1/reports/monthly': monthlyReport,
    'GET /api/v1/settings': showSettings,
    'PUT /api/v1/settings': changeSettings,
    'PATCH /api/v1/settings': changeSettings,
    'GET /api/v1/notifications': listNotifications,
    'POST /api/v1/notifications/{id}/read': readNotification,
    'DELETE /api/v1/notifications/{id}': removeNotification,
    'GET /api/v1/patients': listPatients,
    'POST /api/v1/patients': addPatient,
    'GET /api/v1/patients/{id}': showPatient,
    'PUT /api/v1/patients/{id}': replacePatient,
    'PATCH /api/v1/patients/{id}': changePatient,
    'DELETE /api/v1/patients/{id}': removePatient,
    'GET /api/v1/patients/{id}/notes': listNotes,
    'POST /api/v1/patients/{id}/notes': addNote,
    'PATCH /api/v1/patients/{id}/notes/{note}': changeNote,
    'DELETE /api/v1/patients/{id}/notes/{note}': removeNote,
    'GET /api/v1/appointments': listAppointments,
    'POST /api/v1/appointments': addAppointment,
    'GET /api/v1/appointments/{id}': showAppointment,
    'PUT /api/v1/appointments/{id}': changeAppointment,
    'PATCH /api/v1/appointments/{id}': changeAppointment,
    'DELETE /api/v1/appointments/{id}': removeAppointment,
    'GET /api/v1/labs': labs,
  }
  return [
    routeOf('POST /api/v1/auth/sign-in', { kind: 'open', endpoint: signIn }),
    routeOf('GET /api/v1/events', { kind: 'stream' }),
    ...Object.entries(signedIn).map(([name, endpoint]) => routeOf(name, { kind: 'signed-in', endpoint })),
  ]
}

function routeOf(name: string, serving: Serving): ClinicRoute {
  const [method = '', path = ''] = name.split(' ')
  return { name, method, segments: path.split('/'), serving }
}

/** The route of a request; the methods that the path would take where only the method is wrong; undefined for neither. */
export function matchRoute(
  routes: readonly ClinicRoute[],
  method: string,
  path: string,
): RouteMatch | readonly string[] | undefined {
  const segments = path.split('/')
  const others: string[] = []
  for (const route of routes) {
    const parameters = parametersOf(route, segments)
    if (parameters === undefined) continue
    if (route.method === (method === 'HEAD' ? 'GET' : method)) return { route, parameters }
    others.push(route.method)
  }
  return others.length === 0 ? undefined : others
}

function parametersOf(route: ClinicRoute, segments: readonly string[]): Record<string, string> | undefined {
  if (route.segments.length !== segments.length) return undefined
  const parameters: Record<string, string> = {}
  for (const [at, wanted] of route.segments.entries()) {
    const segment = segments[at] ?? ''
    if (wanted.startsWith('{')) parameters[wanted.slice(1, -1)] = segment
    else if (wanted !== segment) return undefined
  }
  return parameters
}
