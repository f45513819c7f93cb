import { live } from './live.svelte';
import { telegram, type Account } from './telegram';

/** The accounts at Telegram, read again when the daemon tells of a change. */
export class Accounts {
  list = $state.raw<Account[] | null>(null);
  failure = $state.raw<unknown>(null);
  /** Without an application's number and hash nobody can log in. */
  hasApplication = $state(true);
  #reading: Promise<void> | null = null;
  #isStale = false;

  listen(): () => void {
    const again = () => void this.load();
    return live.listen({ login: (login) => login.step.state === 'done' && again(), config: again, reset: again });
  }

  /** Changes come in bursts: one that comes while the list is read makes it be read once more. */
  load(): Promise<void> {
    this.#isStale = true;
    this.#reading ??= this.#read().finally(() => (this.#reading = null));
    return this.#reading;
  }

  async #read() {
    while (this.#isStale) {
      this.#isStale = false;
      try {
        const { has_application, accounts } = await telegram.accounts();
        this.hasApplication = has_application;
        this.list = accounts;
        this.failure = null;
      } catch (error) {
        this.failure = error;
      }
    }
  }
}
