import { api } from './api';
import { live } from './live.svelte';
import { toasts } from './toasts.svelte';
import { later, Told } from './told';
import type { JobView, Run } from './types';
import { isOver } from './types';

const PAGE = 100;
const RECENT = 20;

type JobsPage = Awaited<ReturnType<typeof api.jobs>>;

/** One row: its view is replaced whole, so that a change touches this row only. */
export class JobEntry {
  view: JobView = $state.raw() as JobView;

  constructor(view: JobView) {
    this.view = view;
  }
}

/** A run that is new or has changed, put where it belongs in the job's view. */
export function withRun<View extends JobView>(view: View, told: Run): View {
  const before = view.recent.find((other) => other.id === told.id);
  const run = later(before, told);
  const others = view.recent.filter((other) => other.id !== run.id);
  const recent = [...others, run].sort((a, b) => (a.id < b.id ? 1 : -1)).slice(0, RECENT);
  const queued = view.queued + Number(run.status === 'queued') - Number(before?.status === 'queued');
  const runs = view.running.filter((id) => id !== run.id);
  if (run.status === 'running' || run.status === 'waiting') runs.push(run.id);
  return { ...view, recent, running: runs, queued: Math.max(0, queued) };
}

/** All jobs, read page by page and kept current by events. */
class Jobs {
  list = $state.raw<JobEntry[]>([]);
  total = $state(0);
  isLoaded = $state(false);
  failure = $state<unknown>(null);
  #byName = new Map<string, JobEntry>();
  #stale = new Set<string>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #reading = 0;
  #told = new Told();

  /** Reads every page, showing each as it comes. */
  async load() {
    const reading = ++this.#reading;
    const seen = new Set<string>();
    try {
      let after: string | null = null;
      do {
        const { answer: page, told } = await this.#readPage(after);
        if (reading !== this.#reading) return;
        for (const view of page.jobs) {
          seen.add(view.name);
          this.#put(view, told);
        }
        this.total = page.total;
        this.#publish();
        after = page.next;
      } while (after);
      for (const name of this.#byName.keys()) if (!seen.has(name)) this.#byName.delete(name);
      this.failure = null;
      this.isLoaded = true;
      this.#publish();
    } catch (error) {
      if (reading === this.#reading) this.failure = error;
    }
  }

  #readPage(after: string | null): Promise<{ answer: JobsPage; told: Run[] }> {
    return this.#told.during(() => api.jobs(after, PAGE));
  }

  listen(): () => void {
    return live.listen({
      run: (run) => this.#onRun(run),
      job: (name) => this.#refresh(name),
      config: () => void this.load(),
      reset: () => void this.load(),
    });
  }

  #onRun(run: Run) {
    this.#told.add(run);
    const entry = this.#byName.get(run.job);
    if (!entry) return;
    const isNew = !entry.view.recent.some((other) => other.id === run.id);
    entry.view = withRun(entry.view, run);
    // A new run moves the next fire, and an ended one the queue; both are the daemon's to say.
    if (isNew || (isOver(run.status) && entry.view.queued)) this.#refresh(run.job);
  }

  #refresh(name: string) {
    this.#stale.add(name);
    this.#timer ??= setTimeout(() => void this.#readStale(), 250);
  }

  async #readStale() {
    const names = [...this.#stale];
    this.#stale.clear();
    this.#timer = undefined;
    if (names.length > 20) return this.load();
    await Promise.all(
      names.map((name) =>
        this.#told.during(() => api.job(name)).then(
          ({ answer, told }) => this.#put(answer, told),
          () => this.load(),
        ),
      ),
    );
    this.#publish();
  }

  #put(read: JobView, told: Run[]) {
    const view = told.filter((run) => run.job === read.name).reduce(withRun, read);
    const entry = this.#byName.get(view.name);
    if (entry) entry.view = view;
    else this.#byName.set(view.name, new JobEntry(view));
  }

  #publish() {
    const names = [...this.#byName.keys()].sort();
    if (names.length !== this.list.length || names.some((name, at) => this.list[at]?.view.name !== name)) {
      this.list = names.flatMap((name) => this.#byName.get(name) ?? []);
    }
  }
}

export const jobs = new Jobs();

/** Leaves it to whoever asks to say what went wrong. */
export async function beginRun(name: string, params: Record<string, string>): Promise<Run> {
  const run = await api.runJob(name, params);
  toasts.good(`Started ${name}`, { href: `/runs/${run.id}`, text: 'Open the run' });
  return run;
}

/** What the buttons do, with words for how it went. */
export const startJob = (name: string, params: Record<string, string> = {}) => attempt(`Could not start ${name}`, () => beginRun(name, params));

export const cancelRun = (run: string, job: string) =>
  attempt(`Could not cancel ${job}`, async () => {
    await api.cancelRun(run);
    toasts.good(`Asked ${job} to stop`);
  });

export const setPaused = (name: string, isPaused: boolean) =>
  attempt(`Could not ${isPaused ? 'pause' : 'resume'} ${name}`, async () => {
    const view = await (isPaused ? api.pauseJob(name) : api.resumeJob(name));
    toasts.good(isPaused ? `Paused ${name}: it starts by hand only` : `Resumed ${name}`);
    return view;
  });

async function attempt<T>(doing: string, action: () => Promise<T>): Promise<T | null> {
  try {
    return await action();
  } catch (error) {
    toasts.problem(error, doing);
    return null;
  }
}
