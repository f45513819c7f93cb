import { api, onSignedOut } from './api';
import { clock } from './clock.svelte';
import { live } from './live.svelte';
import { router } from './router.svelte';
import type { Scope, Session, StatusReport } from './types';

/** Who is looking, and at which daemon. */
class Deck {
  session = $state.raw<Session | null>(null);
  status = $state.raw<StatusReport | null>(null);
  /** The first question is answered, one way or the other. */
  isReady = $state(false);
  isOpen = $derived(this.session !== null && !this.session.users);
  needsSignIn = $derived(this.session !== null && this.session.users && this.session.user === null);

  #timer: ReturnType<typeof setTimeout> | undefined;

  can(scope: Scope) {
    return this.session?.scopes.includes(scope) ?? false;
  }

  async start() {
    onSignedOut.call = () => this.#toSignIn();
    live.listen({
      run: () => this.#soon(),
      config: () => void this.readStatus(),
      reset: () => void this.readStatus(),
      reconnected: () => void this.#checkRestart(),
      refused: () => void this.readStatus(),
    });
    await this.readSession().catch(() => {});
    if (this.needsSignIn) this.#toSignIn();
    else await this.#connect();
    this.isReady = true;
  }

  async readSession() {
    this.session = await api.session();
  }

  async readStatus() {
    try {
      this.status = await api.status();
      clock.set(this.status.now);
    } catch {
      // The connection light tells; the next event or reconnection reads it again.
    }
  }

  async signIn(username: string, password: string) {
    await api.signIn(username, password);
    await this.#connect();
    await this.readSession();
  }

  async signOut() {
    await api.signOut();
    this.status = null;
    await this.readSession();
    this.#toSignIn();
  }

  #connect() {
    void this.readStatus();
    return live.start();
  }

  #toSignIn() {
    live.stop();
    if (this.session) this.session = { ...this.session, users: true, user: null };
    if (router.path === '/login') return;
    const to = router.path + router.search;
    router.go(to === '/' ? '/login' : `/login?to=${encodeURIComponent(to)}`, true);
  }

  /** Runs come in bursts; the counts are read once for each. */
  #soon() {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      void this.readStatus();
    }, 1500);
  }

  async #checkRestart() {
    const before = this.status?.started_at;
    await this.readStatus();
    if (this.status?.started_at !== before) live.reset();
  }
}

export const deck = new Deck();
