import type { Run } from './types';
import { isOver } from './types';

/**
 * Remembers the runs that events told while something was being read: the answer may be older than they are, and would
 * otherwise undo what the page already knew.
 */
export class Told {
  #runs: Run[] = [];
  #reads = 0;

  add(run: Run) {
    if (this.#reads) this.#runs.push(run);
  }

  async during<T>(read: () => Promise<T>): Promise<{ answer: T; told: Run[] }> {
    const from = this.#runs.length;
    this.#reads += 1;
    try {
      const answer = await read();
      return { answer, told: this.#runs.slice(from) };
    } finally {
      this.#reads -= 1;
      if (!this.#reads) this.#runs = [];
    }
  }
}

/** What is over stays over. */
export const later = (known: Run | null | undefined, other: Run): Run =>
  known && isOver(known.status) && !isOver(other.status) ? known : other;
