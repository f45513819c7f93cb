import { api, type RunFilter } from './api';
import { live } from './live.svelte';
import { router } from './router.svelte';
import { later, Told } from './told';
import type { Run } from './types';

const PAGE = 50;
const MOST = 1000;

/** Runs, newest first, that grow at both ends: new ones by events, older ones when asked. */
export class History {
  runs = $state.raw<Run[]>([]);
  next = $state<string | null>(null);
  isLoaded = $state(false);
  isBusy = $state(false);
  failure = $state<unknown>(null);
  #filter: RunFilter = {};
  #reading = 0;
  #told = new Told();

  async load(filter: RunFilter = this.#filter) {
    this.#filter = filter;
    const reading = ++this.#reading;
    const limit = Math.max(PAGE, Math.min(router.lengthOf('runs'), MOST));
    try {
      const { answer: page, told } = await this.#told.during(() => api.runs({ ...filter, limit }));
      if (reading !== this.#reading) return;
      this.runs = page.runs;
      this.next = page.next;
      for (const run of told) this.#put(run);
      this.failure = null;
      this.isLoaded = true;
    } catch (error) {
      if (reading === this.#reading) this.failure = error;
    }
  }

  async loadOlder() {
    if (!this.next || this.isBusy) return;
    const reading = this.#reading;
    router.keepLength('runs', this.runs.length + PAGE);
    this.isBusy = true;
    try {
      const page = await api.runs({ ...this.#filter, before: this.next, limit: PAGE });
      if (reading !== this.#reading) return;
      const known = new Set(this.runs.map((run) => run.id));
      this.runs = [...this.runs, ...page.runs.filter((run) => !known.has(run.id))];
      this.next = page.next;
    } catch (error) {
      this.failure = error;
    } finally {
      this.isBusy = false;
    }
  }

  listen(): () => void {
    return live.listen({ run: (run) => this.#onRun(run), reset: () => void this.load() });
  }

  #onRun(run: Run) {
    this.#told.add(run);
    this.#put(run);
  }

  #put(run: Run) {
    const { job, status } = this.#filter;
    if (job && run.job !== job) return;
    const fits = !status || status.split(',').includes(run.status);
    const at = this.runs.findIndex((known) => known.id === run.id);
    if (at >= 0) this.runs = fits ? this.runs.with(at, later(this.runs[at], run)) : this.runs.toSpliced(at, 1);
    else if (fits && (!this.next || run.id > (this.runs.at(-1)?.id ?? ''))) {
      this.runs = [run, ...this.runs].sort((a, b) => (a.id < b.id ? 1 : -1));
    }
  }
}
