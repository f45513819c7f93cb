import { readAgain } from './again';
import { live, type Listener } from './live.svelte';

/** Something that is read, and read again when the daemon tells of a change. */
export class Kept<T> {
  value = $state.raw<T | null>(null);
  failure = $state.raw<unknown>(null);

  constructor(
    private read: () => Promise<T>,
    private whenToRead: (again: () => void) => Listener,
  ) {}

  load = readAgain(async () => {
    try {
      this.value = await this.read();
      this.failure = null;
    } catch (error) {
      this.failure = error;
    }
  });

  /** Also reads for the first time; a reading that waits for its turn when it ends is not done any more. */
  start(): () => void {
    let isOver = false;
    const again = () => void (isOver || this.load());
    const stop = live.listen({ reset: again, ...this.whenToRead(again) });
    again();
    return () => {
      isOver = true;
      stop();
    };
  }
}
