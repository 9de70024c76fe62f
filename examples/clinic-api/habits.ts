// What does a person at a clinic do next?
//
// Chance with habits: a few patients are on everybody's mind (Zipf's law), one's own
// patients of the day more than others, the start page again and again, and of all
// requests about one in twelve writes. Every person draws from a generator of their own,
// so that two runs ask for the same things.

import { CLINICS } from './accounts.ts'
import { createChance, PATIENTS_PER_CLINIC } from './seed.ts'

export type Activity =
  | 'start-page'
  | 'bell'
  | 'patient'
  | 'patient-list'
  | 'search'
  | 'book'
  | 'clinic'
  | 'labs'
  | 'report'
  | 'application'
  | 'write-note'
  | 'move-appointment'
  | 'edit-patient'
  | 'read-notification'
  | 'change-settings'

/** How often, of a thousand. */
const OFTEN: Readonly<Record<Activity, number>> = {
  'start-page': 275,
  bell: 105,
  patient: 370,
  'patient-list': 20,
  search: 4,
  book: 30,
  clinic: 25,
  labs: 15,
  report: 5,
  application: 60,
  'write-note': 78,
  'move-appointment': 5,
  'edit-patient': 5,
  'read-notification': 2,
  'change-settings': 1,
}

const PATIENTS_OF_THE_DAY = 5

export interface Habits {
  next(): Activity
  /** Id of a patient of the person's clinic. */
  patient(): number
  /** 1 far more often than 2, and so on up to `most`. */
  page(most: number): number
  pick<T>(from: readonly T[]): T
  /** Reading time before the next click. */
  pauseMilliseconds(): number
  /** True once in `times`. */
  onceIn(times: number): boolean
}

export function createHabits(person: number, clinic: string): Habits {
  const chance = createChance(7919 * (person + 1))
  const first = CLINICS.findIndex(({ code }) => code === clinic) + 1
  const anywhere = createZipf(PATIENTS_PER_CLINIC, chance)
  const idAt = (rank: number) => first + CLINICS.length * rank
  const ofTheDay = Array.from({ length: PATIENTS_OF_THE_DAY }, () => idAt(anywhere()))
  const ofMine = createZipf(ofTheDay.length, chance)
  const pages = createZipf(8, chance)
  const activity = createDraw(Object.entries(OFTEN), chance)
  return {
    next: () => activity() as Activity,
    patient: () => (chance() < 0.97 ? (ofTheDay[ofMine()] ?? idAt(0)) : idAt(anywhere())),
    page: most => 1 + (pages() % most),
    pick: from => from[Math.floor(chance() * from.length)] as (typeof from)[number],
    pauseMilliseconds: () => 120 + 300 * chance(),
    onceIn: times => chance() < 1 / times,
  }
}

/** Ranks from 0 to `count` - 1, the r-th with a weight of 1 / (r + 1)^1.1. */
export function createZipf(count: number, chance: () => number): () => number {
  return createDraw(
    Array.from({ length: count }, (_, rank): [number, number] => [rank, (rank + 1) ** -1.1]),
    chance,
  )
}

function createDraw<T>(weighted: readonly (readonly [T, number])[], chance: () => number): () => T {
  const bounds: number[] = []
  let sum = 0
  for (const [, weight] of weighted) bounds.push((sum += weight))
  return () => {
    const drawn = chance() * sum
    let [low, high] = [0, bounds.length - 1]
    while (low < high) {
      const middle = (low + high) >> 1
      if ((bounds[middle] as number) > drawn) high = middle
      else low = middle + 1
    }
    return (weighted[low] as readonly [T, number])[0]
  }
}
