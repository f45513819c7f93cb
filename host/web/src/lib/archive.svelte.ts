import { readAgain } from './again';
import { archive, type Applied, type Blocked, type Chat, type Found, type Message, type MessagesPage, type Poison } from './archive';
import { live } from './live.svelte';
import { router } from './router.svelte';

/** A sweep writes many times a second; what is shown of it is read once in a while. */
const PACE_MS = 1500;

export function paced(again: () => void): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  return () => {
    timer ??= setTimeout(() => {
      timer = undefined;
      again();
    }, PACE_MS);
  };
}

/** Reads it again, at that pace, until what this gives back is called: also what was about to be read is not then. */
export function listenPaced(read: () => unknown): () => void {
  let isOver = false;
  const again = () => void (isOver || read());
  const stop = live.listen({ archive: paced(again), reset: again });
  return () => {
    isOver = true;
    stop();
  };
}

const PAGE = 50;
const MOST = 1000;

/** For a first reading: as much as was read when one was here before. */
const before = (list: string) => Math.max(PAGE, Math.min(router.lengthOf(list), MOST));

/** Pages of something, the next one when it is asked for; read again from the top on, as far down as is shown. */
class Pages<T, Place extends string | number> {
  list = $state.raw<T[]>([]);
  next = $state.raw<Place | null>(null);
  isLoaded = $state(false);
  isBusy = $state(false);
  failure = $state.raw<unknown>(null);
  #reading = 0;

  constructor(
    private name: string,
    private page: (from: Place | null, limit: number) => Promise<{ list: T[]; next: Place | null }>,
  ) {}

  async read(from: Place | null = null) {
    const mine = ++this.#reading;
    this.isBusy = true;
    try {
      const shown = this.list.length ? Math.max(PAGE, Math.min(this.list.length, MOST)) : before(this.name);
      const { list, next } = await this.page(from, from === null ? shown : PAGE);
      if (mine !== this.#reading) return;
      this.list = from === null ? list : [...this.list, ...list];
      this.next = next;
      this.failure = null;
      this.isLoaded = true;
    } catch (error) {
      if (mine === this.#reading) this.failure = error;
    } finally {
      if (mine === this.#reading) this.isBusy = false;
    }
  }

  /** Something else is looked for. */
  forget() {
    this.list = this.list.slice(0, PAGE);
  }

  more = () => {
    if (this.next === null) return Promise.resolve();
    router.keepLength(this.name, this.list.length + PAGE);
    return this.read(this.next);
  };
  again = () => this.read();
}

export type Wanted = Record<string, string | number | boolean | null | undefined>;

export const chatList = (wanted: () => Wanted) =>
  new Pages<Chat, string>('chats', async (after, limit) => {
    const { chats, next } = await archive.chats({ ...wanted(), after, limit });
    return { list: chats, next };
  });

export const searchList = (wanted: () => Wanted) =>
  new Pages<Found, number>('found', async (before, limit) => {
    const { found, next } = await archive.search({ ...wanted(), before, limit });
    return { list: found, next };
  });

export const poisonList = (wanted: () => Wanted) =>
  new Pages<Poison, string>('poison', async (after, limit) => {
    const { poison, next } = await archive.poison({ ...wanted(), after, limit });
    return { list: poison, next };
  });

export const blockedList = () =>
  new Pages<Blocked, number>('blocked', async (after, limit) => {
    const { blocked, next } = await archive.blocked({ after, limit });
    return { list: blocked, next };
  });

/** The newest first. Numbers are those of all accounts together, so the newest of all are among the newest of each. */
export const appliedList = (accounts: () => string[]) =>
  new Pages<Applied, number>('applied', async (before, limit) => {
    const pages = await Promise.all(accounts().map((account) => archive.applied({ account, before, limit })));
    const all = pages.flatMap(({ applied }) => applied).sort((a, b) => b.number - a.number);
    const list = all.slice(0, limit);
    const hasMore = all.length > limit || pages.some(({ next }) => next !== null);
    return { list, next: hasMore ? (list.at(-1)?.number ?? null) : null };
  });

/** A stretch of a chat, oldest first, that grows at both ends. */
export class Stretch {
  messages = $state.raw<Message[]>([]);
  older = $state.raw<number | null>(null);
  newer = $state.raw<number | null>(null);
  isLoaded = $state(false);
  isBusy = $state(false);
  failure = $state.raw<unknown>(null);
  #moves = 0;

  constructor(
    private account: string,
    private chat: string,
  ) {}

  /** The newest, or this one in the middle. */
  open = (message: number | null) => this.#do(message === null ? { limit: before('messages') } : { around: message }, (page) => Object.assign(this, page));

  readOlder = () => {
    router.keepLength('messages', this.messages.length + PAGE);
    return this.#do({ before: this.older }, (page) => {
      this.messages = [...page.messages, ...this.messages];
      this.older = page.older;
    });
  };

  readNewer = () =>
    this.#do({ after: this.newer }, (page) => {
      this.messages = [...this.messages, ...page.messages];
      this.newer = page.newer;
    });

  /** What is shown, as it is now, and what has come behind it. */
  again = readAgain(async () => {
    const first = this.messages[0];
    if (!first) return this.open(null);
    if (this.messages.length > MOST - PAGE) return;
    const moves = this.#moves;
    const limit = this.messages.length + (this.newer === null ? PAGE : 0);
    const page = await archive.messages(this.account, this.chat, { after: first.id - 1, limit }).catch(() => null);
    // Somebody has paged meanwhile: the next word of a change reads it.
    if (!page || moves !== this.#moves || !page.messages.length) return;
    this.messages = page.messages;
    this.newer = page.newer;
  });

  listen(): () => void {
    return listenPaced(this.again);
  }

  async #do(place: Wanted, take: (page: MessagesPage) => void) {
    const mine = ++this.#moves;
    this.isBusy = true;
    try {
      const page = await archive.messages(this.account, this.chat, { limit: PAGE, ...place });
      if (mine !== this.#moves) return;
      take(page);
      this.isLoaded = true;
      this.failure = null;
    } catch (error) {
      if (mine === this.#moves) this.failure = error;
    } finally {
      if (mine === this.#moves) this.isBusy = false;
    }
  }
}
