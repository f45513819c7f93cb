import { readAgain } from './again';
import { live } from './live.svelte';
import { telegram, type Account } from './telegram';

/** The accounts at Telegram, read again when the daemon tells of a change. */
export class Accounts {
  list = $state.raw<Account[] | null>(null);
  failure = $state.raw<unknown>(null);
  /** Without an application's number and hash nobody can log in. */
  hasApplication = $state(true);

  load = readAgain(() => this.#read());

  listen(): () => void {
    const again = () => void this.load();
    return live.listen({ account: again, config: again, reset: again });
  }

  async #read() {
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
