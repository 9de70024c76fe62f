// How do two processes call each other?
//
// A line carries named calls in both directions over one message channel, in the order in
// which they were made; an answer finds its call by number. What the other side throws
// comes back as an error with its message. When the other process is gone, calls without
// an answer are rejected with LineClosed: nothing waits for ever. A name is only called
// where the other side's interface has it, so both sides are held together by the types.

/** Named functions that the other side may call. */
export type Calls<T> = { readonly [K in keyof T]: (argument: never) => unknown }

type Argument<F> = F extends (argument: infer A) => unknown ? A : never
type Answer<F> = F extends (argument: never) => infer R ? Awaited<R> : never

interface Call {
  readonly call: string
  readonly number: number
  readonly argument: unknown
}

interface Reply {
  readonly reply: number
  readonly answer?: unknown
  readonly error?: string
}

export type Envelope = Call | Reply

class LineClosed extends Error {}

interface Waiting {
  readonly resolve: (answer: never) => void
  readonly reject: (error: Error) => void
}

export class Line<Theirs extends Calls<Theirs>> {
  readonly #send: (envelope: Envelope) => void
  readonly #mine: Calls<object>
  readonly #waiting = new Map<number, Waiting>()
  #last = 0
  #closed = false

  /** `send` must not throw; what it can't deliver is answered by `close`. */
  constructor(send: (envelope: Envelope) => void, mine: Calls<object>) {
    this.#send = send
    this.#mine = mine
  }

  /** Rejects with LineClosed, or with what the other side threw. */
  ask<K extends keyof Theirs & string>(call: K, argument: Argument<Theirs[K]>): Promise<Answer<Theirs[K]>> {
    if (this.#closed) return Promise.reject(new LineClosed(`${call}: the other process is gone`))
    this.#last += 1
    const number = this.#last
    return new Promise((resolve, reject) => {
      this.#waiting.set(number, { resolve, reject })
      this.#send({ call, number, argument })
    })
  }

  receive(envelope: Envelope): void {
    if ('call' in envelope) void this.#answer(envelope)
    else this.#settle(envelope)
  }

  close(): void {
    this.#closed = true
    for (const { reject } of this.#waiting.values()) reject(new LineClosed('the other process is gone'))
    this.#waiting.clear()
  }

  /** The called function begins in this turn, so that calls take effect in their order. */
  async #answer({ call, number, argument }: Call): Promise<void> {
    const reply = await this.#carryOut(call, argument).then(
      answer => ({ reply: number, answer }),
      (error: unknown) => ({ reply: number, error: error instanceof Error ? error.message : String(error) }),
    )
    if (!this.#closed) this.#send(reply)
  }

  async #carryOut(call: string, argument: unknown): Promise<unknown> {
    const mine = this.#mine as Record<string, ((argument: unknown) => unknown) | undefined>
    const carryOut = mine[call]
    if (carryOut === undefined) throw new Error(`there is no call ${call}`)
    return carryOut(argument)
  }

  #settle({ reply, answer, error }: Reply): void {
    const waiting = this.#waiting.get(reply)
    this.#waiting.delete(reply)
    if (error === undefined) waiting?.resolve(answer as never)
    else waiting?.reject(new Error(error))
  }
}
