/**
 * For what is read anew whenever the daemon tells of a change: one reading at a time, and one more when there was word
 * meanwhile, so that what was read last is never older than the last word.
 */
export function readAgain(read: () => Promise<void>): () => Promise<void> {
  let reading: Promise<void> | null = null;
  let isStale = false;

  async function all() {
    while (isStale) {
      isStale = false;
      await read();
    }
    reading = null;
  }

  return () => {
    isStale = true;
    reading ??= all();
    return reading;
  };
}
