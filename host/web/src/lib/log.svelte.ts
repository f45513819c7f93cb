import type { LogLine } from './types';

const CHUNK = 200;
const KEPT_CHUNKS = 100;

export const LEVELS = ['error', 'warn', 'info', 'debug', 'trace'] as const;

/**
 * A run's log in chunks: new lines touch the last chunk only, and the browser lays out only the chunks in sight.
 * Lines come once, in order, whatever the connection repeats.
 */
export class RunLog {
  chunks = $state.raw<LogLine[][]>([]);
  count = $state(0);
  /** Older lines that the daemon or this page has let go. */
  dropped = $state(0);
  lastSeq = 0;

  add(lines: LogLine[]) {
    const fresh = lines.filter((line) => line.seq > this.lastSeq);
    if (!fresh.length) return;
    const first = fresh[0] as LogLine;
    this.dropped += first.seq - this.lastSeq - 1;
    this.lastSeq = (fresh.at(-1) as LogLine).seq;
    this.count += fresh.length;
    const last = this.chunks.at(-1);
    const open = last && last.length < CHUNK ? [...last, ...fresh] : fresh;
    const whole = last && last.length < CHUNK ? this.chunks.slice(0, -1) : this.chunks.slice();
    for (let at = 0; at < open.length; at += CHUNK) whole.push(open.slice(at, at + CHUNK));
    while (whole.length > KEPT_CHUNKS) this.#forget(whole);
    this.chunks = whole;
  }

  #forget(chunks: LogLine[][]) {
    const gone = chunks.shift()?.length ?? 0;
    this.dropped += gone;
    this.count -= gone;
  }

  text(): string {
    return this.chunks.flat().map(lineText).join('\n');
  }
}

export function lineText(line: LogLine): string {
  return `${line.at} ${line.level.toUpperCase().padEnd(5)} ${line.message}${fieldText(line)}`;
}

export function fieldText(line: LogLine): string {
  const fields = Object.entries(line.fields ?? {});
  return fields.map(([key, value]) => ` ${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`).join('');
}

/** Lines at least as grave as `level` that contain `text`. */
export function filterChunks(chunks: LogLine[][], level: string, text: string): LogLine[][] {
  const limit = LEVELS.indexOf(level as (typeof LEVELS)[number]);
  const needle = text.trim().toLowerCase();
  const isAll = limit === LEVELS.length - 1 || limit < 0;
  if (isAll && !needle) return chunks;
  const fits = (line: LogLine) =>
    (isAll || LEVELS.indexOf(line.level as (typeof LEVELS)[number]) <= limit) &&
    (!needle || (line.message + fieldText(line)).toLowerCase().includes(needle));
  return chunks.map((chunk) => chunk.filter(fits)).filter((chunk) => chunk.length);
}
