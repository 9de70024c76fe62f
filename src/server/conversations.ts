// What is under way on each client connection?
//
// node's parser reads ahead: while one request is being answered it may meet the next,
// or garbage. Whoever speaks up on a connection out of turn (an upgrade, a refusal of
// what could not be parsed) must know whether an answer is still due before.

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'

export interface Conversation {
  /** Requests begun and not answered yet. */
  underWay: number
  /** The newest of them. */
  message: IncomingMessage
  response: ServerResponse
  /** Something unreadable came behind it, and will be refused. */
  refused: boolean
}

export class Conversations {
  readonly #all = new WeakMap<Duplex, Conversation>()

  begin(message: IncomingMessage, response: ServerResponse): Conversation {
    const known = this.#all.get(message.socket)
    if (known === undefined) {
      const first: Conversation = { underWay: 1, message, response, refused: false }
      this.#all.set(message.socket, first)
      return first
    }
    known.underWay += 1
    known.message = message
    known.response = response
    return known
  }

  /** Undefined while nothing is under way there. */
  on(socket: Duplex): Conversation | undefined {
    const known = this.#all.get(socket)
    return known === undefined || known.underWay === 0 ? undefined : known
  }
}
