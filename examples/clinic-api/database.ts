// Why is this API slow, and what does each request cost its database?
//
// A request borrows one of few connections, keeps it to its end, and every query on it
// costs a fixed time on top of the SQL that really runs: the round trip, locks and cold
// pages of a database on another machine. It waits rather than computes, so that the
// demo's slowness leaves the cores to what is being shown. SQLite in memory answers.
// Every query is counted, in total and for the route that asked it.

import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite'
import { setTimeout as pause } from 'node:timers/promises'
import { INDEXES, SCHEMA } from './schema.ts'
import { seed } from './seed.ts'

/** What one route has cost so far. */
export interface RouteCost {
  requests: number
  queries: number
}

export interface DatabaseConnection {
  all<Row>(sql: string, ...parameters: SQLInputValue[]): Promise<Row[]>
  one<Row>(sql: string, ...parameters: SQLInputValue[]): Promise<Row | undefined>
  /** Runs a statement that changes rows. */
  run(sql: string, ...parameters: SQLInputValue[]): Promise<{ readonly id: number; readonly changes: number }>
}

export interface DatabaseSettings {
  /** Fixed cost of a query besides its SQL. */
  readonly queryMilliseconds: number
  readonly connections: number
}

export class ClinicDatabase {
  readonly #sqlite = new DatabaseSync(':memory:')
  readonly #statements = new Map<string, StatementSync>()
  readonly #waiting: (() => void)[] = []
  readonly #queryMilliseconds: number
  #free: number
  #queries = 0

  constructor(settings: DatabaseSettings) {
    this.#queryMilliseconds = settings.queryMilliseconds
    this.#free = settings.connections
    this.#sqlite.exec(SCHEMA)
    seed(this.#sqlite)
    this.#sqlite.exec(INDEXES)
  }

  /** Queries since the start; seeding is not counted. */
  get queries(): number {
    return this.#queries
  }

  /** Waits for a free connection, first come first served, and gives it back however `use` ends. */
  async withConnection<T>(cost: RouteCost, use: (connection: DatabaseConnection) => Promise<T>): Promise<T> {
    await this.#borrow()
    try {
      return await use(this.#connection(cost))
    } finally {
      this.#giveBack()
    }
  }

  close(): void {
    this.#statements.clear()
    this.#sqlite.close()
  }

  async #borrow(): Promise<void> {
    if (this.#free > 0) this.#free -= 1
    else await new Promise<void>(resolve => this.#waiting.push(resolve))
  }

  #giveBack(): void {
    const next = this.#waiting.shift()
    if (next) next()
    else this.#free += 1
  }

  #connection(cost: RouteCost): DatabaseConnection {
    const prepare = async (sql: string): Promise<StatementSync> => {
      this.#queries += 1
      cost.queries += 1
      if (this.#queryMilliseconds > 0) await pause(this.#queryMilliseconds)
      return this.#statement(sql)
    }
    return {
      all: async <Row>(sql: string, ...parameters: SQLInputValue[]) =>
        (await prepare(sql)).all(...parameters) as unknown as Row[],
      one: async <Row>(sql: string, ...parameters: SQLInputValue[]) =>
        (await prepare(sql)).get(...parameters) as unknown as Row | undefined,
      run: async (sql, ...parameters) => {
        const { lastInsertRowid, changes } = (await prepare(sql)).run(...parameters)
        return { id: Number(lastInsertRowid), changes: Number(changes) }
      },
    }
  }

  #statement(sql: string): StatementSync {
    let statement = this.#statements.get(sql)
    if (statement === undefined) {
      statement = this.#sqlite.prepare(sql)
      this.#statements.set(sql, statement)
    }
    return statement
  }
}
