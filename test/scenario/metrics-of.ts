// What do the metrics of a running Pillion say?
//
// Background work has no answer to wait for, so a scenario waits for what it counts.

import { rawRequest } from '../clients/raw-client.ts'
import type { Scene } from './start-pillion.ts'

/** The value of one series, written as in the exposition (`pillion_verified_total{route="all",result="same"}`); 0 where there is none. */
export async function metric(scene: Scene, series: string): Promise<number> {
  const port = Number(scene.app.admin.slice(scene.app.admin.lastIndexOf(':') + 1))
  const { body } = await rawRequest({ port }, ['GET', '/metrics'], ['Host', 'localhost'])
  const line = body.split('\n').find(each => each.startsWith(`${series} `))
  return line === undefined ? 0 : Number(line.slice(series.length + 1))
}

/** Resolves once the series is at least `value`. */
export async function metricReaches(scene: Scene, series: string, value: number): Promise<void> {
  const deadline = performance.now() + 5000
  while ((await metric(scene, series)) < value) {
    if (performance.now() > deadline) throw new Error(`${series} never came to ${value}`)
  }
}
