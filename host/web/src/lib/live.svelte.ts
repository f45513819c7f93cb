import type { LogLine, Run } from './types';

export type Listener = {
  run?: (run: Run) => void;
  job?: (name: string) => void;
  config?: () => void;
  emitted?: (event: string) => void;
  log?: (run: string, lines: LogLine[]) => void;
  account?: (name: string) => void;
  login?: (id: string) => void;
  plugin?: (name: string) => void;
  /** Something else plays, or a source of plays is another way. */
  player?: () => void;
  /** What a profile shows, or what is on its way there. */
  profile?: (account: string) => void;
  /** What backends say of a track. */
  track?: (key: string) => void;
  spotify?: () => void;
  /** Something was archived, deleted or held back. */
  archive?: () => void;
  /** Something may have been missed: read everything again. */
  reset?: () => void;
  reconnected?: () => void;
  /** The daemon answered, and not with events: perhaps the session has ended. */
  refused?: () => void;
};

const HIDDEN_FOR = 30_000;
const PATIENCE = 1_000;

/**
 * The one connection on which the daemon tells what changes. The browser reconnects by itself and says what it saw
 * last; this class does it when the browser gives up, and tells everyone to read again when something was missed.
 * Browsers allow six connections to a host in all tabs together, so a tab that stays hidden lets go of its own.
 */
class Live {
  state = $state<'off' | 'connecting' | 'open' | 'lost'>('off');
  #listeners = new Set<Listener>();
  #source: EventSource | null = null;
  #watched: { run: string; after: () => number } | null = null;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #hide: ReturnType<typeof setTimeout> | undefined;
  #failures = 0;
  #isOn = false;

  constructor() {
    document.addEventListener('visibilitychange', () => this.#seen());
  }

  /** Gives back what ends it, as `$effect` wants it. */
  listen(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Also brings the log of this run, from the line after `after()`. */
  watch(run: string, after: () => number): () => void {
    this.#watched = { run, after };
    if (this.#isOn) this.#open(true);
    return () => {
      if (this.#watched?.run !== run) return;
      this.#watched = null;
      if (this.#isOn) this.#open(true);
    };
  }

  /** Resolves when the connection stands, or soon if it does not: what is read from then on misses no event. */
  start(): Promise<void> {
    if (this.#isOn) return Promise.resolve();
    this.#isOn = true;
    return new Promise((resolve) => {
      setTimeout(resolve, PATIENCE);
      this.#open(false, resolve);
    });
  }

  stop() {
    this.#isOn = false;
    this.#close();
    this.state = 'off';
  }

  reset() {
    for (const listener of this.#listeners) listener.reset?.();
  }

  /** `isGap`: events may be lost between the old connection and this one. */
  #open(isGap: boolean, opened?: () => void) {
    this.#close();
    const watched = this.#watched;
    const query = watched ? `?run=${watched.run}&log_after=${watched.after()}` : '';
    const source = new EventSource(`/api/v1/events${query}`);
    this.#source = source;
    if (this.state !== 'lost') this.state = 'connecting';
    source.onopen = () => {
      const wasLost = this.state === 'lost';
      this.state = 'open';
      this.#failures = 0;
      opened?.();
      if (isGap) this.reset();
      if (wasLost) for (const listener of this.#listeners) listener.reconnected?.();
    };
    source.onerror = () => {
      this.state = 'lost';
      if (source.readyState !== EventSource.CLOSED) return;
      for (const listener of this.#listeners) listener.refused?.();
      this.#again();
    };
    this.#take<Run>(source, 'run', (listener, run) => listener.run?.(run));
    this.#take<{ name: string }>(source, 'job', (listener, { name }) => listener.job?.(name));
    this.#take<{ event: string }>(source, 'emitted', (listener, { event }) => listener.emitted?.(event));
    this.#take<{ run: string; lines: LogLine[] }>(source, 'log', (listener, log) => listener.log?.(log.run, log.lines));
    this.#take<{ name: string }>(source, 'account', (listener, { name }) => listener.account?.(name));
    this.#take<{ id: string }>(source, 'login', (listener, { id }) => listener.login?.(id));
    this.#take<{ name: string }>(source, 'plugin', (listener, { name }) => listener.plugin?.(name));
    this.#take(source, 'player', (listener) => listener.player?.());
    this.#take<{ account: string }>(source, 'profile', (listener, { account }) => listener.profile?.(account));
    this.#take<{ track: string }>(source, 'track', (listener, { track }) => listener.track?.(track));
    this.#take(source, 'spotify', (listener) => listener.spotify?.());
    this.#take(source, 'archive', (listener) => listener.archive?.());
    this.#take(source, 'config', (listener) => listener.config?.());
    this.#take(source, 'reset', (listener) => listener.reset?.());
  }

  #take<T>(source: EventSource, type: string, tell: (listener: Listener, data: T) => void) {
    source.addEventListener(type, (event) => {
      const data = JSON.parse((event as MessageEvent<string>).data || '{}') as T;
      for (const listener of this.#listeners) tell(listener, data);
    });
  }

  #again() {
    const wait = Math.min(1000 * 2 ** this.#failures, 10_000) * (0.75 + Math.random() / 2);
    this.#failures += 1;
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => this.#isOn && this.#open(true), wait);
  }

  #close() {
    clearTimeout(this.#retry);
    this.#source?.close();
    this.#source = null;
  }

  #seen() {
    clearTimeout(this.#hide);
    if (!this.#isOn) return;
    if (document.hidden) this.#hide = setTimeout(() => this.#close(), HIDDEN_FOR);
    else if (!this.#source) this.#open(true);
  }
}

export const live = new Live();
