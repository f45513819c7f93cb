import { ApiProblem } from './api';
import { live } from './live.svelte';
import { telegram, type Answer, type Login, type Wanted } from './telegram';

/** One attempt to log in, as the daemon tells of it. Its id is in the address, so a reload goes on with it. */
export class LoginFlow {
  login = $state.raw<Login | null>(null);
  /** Something was asked of the daemon and is not answered yet. */
  isBusy = $state(false);
  failure = $state.raw<unknown>(null);
  /** The daemon does not know this attempt: it was started anew, or the attempt is long over. */
  isGone = $state(false);
  #id: string | null = null;
  #changes = 0;

  constructor(private remember: (id: string) => void) {}

  listen(): () => void {
    return live.listen({
      login: (login) => this.#take(login),
      reset: () => void this.#read(),
    });
  }

  async start(wanted: Wanted) {
    await this.drop();
    await this.#ask(async () => {
      const login = await telegram.start(wanted);
      this.#id = login.id;
      this.remember(login.id);
      this.#changes += 1;
      this.login = login;
    });
  }

  open(id: string) {
    this.#id = id;
    return this.#read();
  }

  async answer(answer: Answer) {
    const id = this.#id;
    if (id) await this.#ask(async () => this.#take(await telegram.answer(id, answer)));
  }

  /** Gives the attempt up, here and at the daemon. */
  async drop() {
    const id = this.#id;
    this.#id = null;
    this.login = null;
    this.failure = null;
    this.isGone = false;
    // Whether the daemon still knew it makes no difference.
    if (id) await telegram.cancel(id).catch(() => {});
    this.remember('');
  }

  #take(login: Login) {
    if (login.id !== this.#id) return;
    this.#changes += 1;
    this.login = login;
  }

  async #read() {
    const id = this.#id;
    if (!id) return;
    const changes = this.#changes;
    await this.#ask(async () => {
      const login = await telegram.login(id);
      // An event that came meanwhile is newer than this answer.
      if (changes === this.#changes) this.#take(login);
    });
  }

  async #ask(doing: () => Promise<void>) {
    this.isBusy = true;
    this.failure = null;
    try {
      await doing();
    } catch (error) {
      if (error instanceof ApiProblem && error.status === 404) this.#lose();
      else this.failure = error;
    }
    this.isBusy = false;
  }

  #lose() {
    this.#id = null;
    // The daemon may forget what has ended well.
    if (this.login?.step.state === 'done') return;
    this.login = null;
    this.isGone = true;
    this.remember('');
  }
}
