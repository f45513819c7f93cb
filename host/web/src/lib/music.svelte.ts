import { readAgain } from './again';
import { live } from './live.svelte';
import { music, type Asked, type Spotify, type SpotifyLogin } from './music';
import { toasts } from './toasts.svelte';

/** What a button does, with words for how it went. */
export async function ask(doing: string, action: () => Promise<Asked>, done: (asked: Asked) => string): Promise<boolean> {
  try {
    const asked = await action();
    if (asked.is_unheard) {
      const fix = 'Add a job of kind "profile-music" with on = ["profile-changed"].';
      toasts.add({ tone: 'bad', text: done(asked), detail: 'No job waits for it, so nothing will be done.', fix });
    } else toasts.good(done(asked));
    return true;
  } catch (error) {
    toasts.problem(error, doing);
    return false;
  }
}

/** The login at Spotify, and an attempt to log in. */
export class SpotifyDesk {
  view = $state.raw<Spotify | null>(null);
  attempt = $state.raw<SpotifyLogin | null>(null);
  isBusy = $state(false);
  /** What went wrong in the attempt: told where it is made. */
  problem = $state.raw<unknown>(null);

  #read = readAgain(async () => {
    // Without it the page says nothing of Spotify; whatever is wrong shows in its other parts.
    this.view = await music.spotify().catch(() => this.view);
    const { attempt } = this;
    if (!attempt) return;
    const read = await music.login(attempt.id).catch(() => null);
    if (this.attempt?.id === attempt.id) this.attempt = read;
  });

  start(): () => void {
    const again = () => void this.#read();
    again();
    return live.listen({ spotify: again, player: again, config: again, reset: again });
  }

  begin = () => this.#do('Could not begin to log in', async () => void (this.attempt = await music.beginLogin()));

  answer = (id: string, answer: string) =>
    this.#do('That was not it', async () => void (this.attempt = await music.answerLogin(id, answer)));

  logOut = () => this.#do('Could not log out', async () => (await music.logOut(), toasts.good('Logged out of Spotify')));

  close() {
    this.attempt = null;
    this.problem = null;
  }

  async #do(doing: string, action: () => Promise<void>) {
    this.isBusy = true;
    this.problem = null;
    try {
      await action();
    } catch (error) {
      if (this.attempt) this.problem = error;
      else toasts.problem(error, doing);
    }
    this.isBusy = false;
    await this.#read();
  }
}
