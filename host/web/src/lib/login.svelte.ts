import { readAgain } from './again';
import { ApiProblem } from './api';
import { live } from './live.svelte';
import { telegram, type Answer, type Step, type Wanted } from './telegram';

/** One attempt to log in, as the daemon tells of it. Its id is in the address, so a reload goes on with it. */
export class LoginFlow {
  id = $state<string | null>(null);
  step = $state.raw<Step | null>(null);
  /** An answer was given, and it is not yet known whether it was right: the question stays until then. */
  isChecking = $state(false);
  /** Something was asked of the daemon and is not answered yet. */
  isBusy = $state(false);
  failure = $state.raw<unknown>(null);

  #read = readAgain(() => this.#readStep());
  #isKnownToBeLost = false;
  #isAnswered = false;

  /** `remember` keeps the id for a reload; `lost` is called when the daemon has no such attempt any more. */
  constructor(
    private remember: (id: string) => void,
    private lost: (isRestarted: boolean) => void,
  ) {}

  /** The link of a QR code logs in whoever has it, so events only tell that there is something to read. */
  listen(): () => void {
    return live.listen({
      login: (id) => id === this.id && void this.#read(),
      reset: () => {
        this.#isKnownToBeLost = true;
        void this.#read();
      },
    });
  }

  async start(wanted: Wanted) {
    await this.drop();
    await this.#ask(async () => {
      const { id, step } = await telegram.start(wanted);
      this.id = id;
      this.remember(id);
      this.#show(step);
    });
    // What happened before the id was known here.
    await this.#read();
  }

  async open(id: string) {
    this.id = id;
    this.#isKnownToBeLost = true;
    await this.#read();
  }

  async answer(answer: Answer) {
    const { id } = this;
    if (!id) return;
    this.#isAnswered = true;
    await this.#ask(() => telegram.answer(id, answer));
    await this.#read();
  }

  /** Gives the attempt up, here and at the daemon. */
  async drop() {
    const { id } = this;
    this.#forget();
    // Whether the daemon still knew it makes no difference.
    if (id) await telegram.cancel(id).catch(() => {});
  }

  #forget() {
    this.id = null;
    this.failure = null;
    this.remember('');
    this.#show(null);
  }

  async #readStep() {
    const { id } = this;
    if (!id) return;
    try {
      const { step } = await telegram.login(id);
      if (id === this.id) this.#show(step);
    } catch (error) {
      // Without a connection there is nothing to tell that its light does not; it comes back with a reset.
      if (id === this.id && !(error instanceof ApiProblem && error.status === 0)) this.#fail(error);
    }
    this.#isKnownToBeLost = false;
  }

  /** Whoever types is not disturbed by reading the same question twice; asked again after an answer it is a new one. */
  #show(step: Step | null) {
    if (!this.#isAnswered && !this.isChecking && JSON.stringify(step) === JSON.stringify(this.step)) return;
    if (step?.state !== 'connecting') this.#isAnswered = false;
    this.isChecking = step?.state === 'connecting' && (this.step?.state === 'code' || this.step?.state === 'password');
    if (!this.isChecking) this.step = step;
  }

  async #ask(doing: () => Promise<unknown>) {
    this.isBusy = true;
    this.failure = null;
    try {
      await doing();
    } catch (error) {
      this.#fail(error);
    }
    this.isBusy = false;
  }

  #fail(error: unknown) {
    if (!(error instanceof ApiProblem && error.status === 404)) {
      this.failure = error;
      return;
    }
    // The daemon may forget what has ended.
    if (this.step?.state === 'done') return;
    this.#forget();
    this.lost(this.#isKnownToBeLost);
  }
}
