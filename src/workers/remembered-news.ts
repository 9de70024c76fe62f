// What must a worker be told that wasn't there when it happened?
//
// Purges concern only what a worker holds, and a new one holds nothing. Quarantines and
// withdrawn tokens hold on, so the primary remembers them for whoever comes next. Bounded:
// of too many withdrawals the oldest go, as they do in each worker.

import type { News } from '../server/news.ts'
import { parseNews } from '../store/scopes.ts'

const MOST_WITHDRAWALS = 100_000

export class RememberedNews {
  /** By definition. */
  readonly #quarantines = new Map<string, News>()
  readonly #withdrawals = new Set<News>()

  note(news: News): void {
    if (news.kind === 'quarantine') {
      const { definition, imposed } = news.change
      if (imposed) this.#quarantines.set(definition, news)
      else this.#quarantines.delete(definition)
    } else if (news.kind === 'purge' && news.scopes.some(scope => parseNews(scope, 'token') !== undefined)) {
      this.#withdrawals.add(news)
      if (this.#withdrawals.size > MOST_WITHDRAWALS) this.#forgetOldest()
    }
  }

  all(): News[] {
    return [...this.#quarantines.values(), ...this.#withdrawals]
  }

  #forgetOldest(): void {
    for (const news of this.#withdrawals) {
      this.#withdrawals.delete(news)
      return
    }
  }
}
