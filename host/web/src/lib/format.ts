/** Times and numbers as people read them. Absolute times follow the viewer's locale and zone. */
import type { Status } from './types';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

export const viewerZone = Intl.DateTimeFormat().resolvedOptions().timeZone;

const absolute = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' });
const clockOnly = new Intl.DateTimeFormat(undefined, { timeStyle: 'medium' });
const dayAndTime = new Intl.DateTimeFormat(undefined, {
  weekday: 'short',
  day: 'numeric',
  month: 'short',
  hour: '2-digit',
  minute: '2-digit',
});
const precise = new Intl.DateTimeFormat('en-GB', {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  fractionalSecondDigits: 3,
});
const numbers = new Intl.NumberFormat();

export const number = (value: number) => numbers.format(value);
export const fullTime = (at: string) => absolute.format(new Date(at));
export const timeOfDay = (at: string) => clockOnly.format(new Date(at));
export const shortTime = (at: string) => dayAndTime.format(new Date(at));
export const logTime = (at: string) => precise.format(new Date(at));

/** The same moment in another zone, or nothing when that reads the same. */
export function inZone(at: string, zone: string): string | null {
  try {
    const options: Intl.DateTimeFormatOptions = { dateStyle: 'medium', timeStyle: 'short' };
    const there = new Intl.DateTimeFormat(undefined, { ...options, timeZone: zone }).format(new Date(at));
    const here = new Intl.DateTimeFormat(undefined, options).format(new Date(at));
    return there === here ? null : `${there} ${zone}`;
  } catch {
    return null;
  }
}

/** `480 ms`, `3.2 s`, `4 min 12 s`, `3 h 20 min`, `2 d 4 h` */
export function duration(ms: number): string {
  if (ms < SECOND) return `${Math.max(0, Math.round(ms))} ms`;
  if (ms < 10 * SECOND) return `${(ms / SECOND).toFixed(1)} s`;
  return span(ms);
}

/** Whole seconds, two parts at most. */
function span(ms: number): string {
  const seconds = Math.round(ms / SECOND);
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return two(Math.floor(seconds / 60), 'min', seconds % 60, 's');
  if (seconds < 86_400) return two(Math.floor(seconds / 3600), 'h', Math.floor((seconds % 3600) / 60), 'min');
  return two(Math.floor(seconds / 86_400), 'd', Math.floor((seconds % 86_400) / 3600), 'h');
}

const two = (a: number, unitA: string, b: number, unitB: string) => `${a} ${unitA}${b ? ` ${b} ${unitB}` : ''}`;

/** `in 4 min 12 s`, `now`, `3 h ago` */
export function relative(at: string, now: number): string {
  const away = Date.parse(at) - now;
  if (Math.abs(away) < SECOND) return 'now';
  return away > 0 ? `in ${span(away)}` : `${ago(-away)} ago`;
}

/** The past needs one part only: nobody counts the seconds of yesterday. */
function ago(ms: number): string {
  if (ms < MINUTE) return `${Math.floor(ms / SECOND)} s`;
  if (ms < HOUR) return `${Math.floor(ms / MINUTE)} min`;
  return ms < DAY ? `${Math.floor(ms / HOUR)} h` : `${Math.floor(ms / DAY)} d`;
}

/** A tape counter: `00:04:12`, or `2 d 04:12:09` from a day on. */
export function counter(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / SECOND));
  const pair = (value: number) => String(value).padStart(2, '0');
  const hours = Math.floor(seconds / 3600);
  return `${pair(Math.min(hours, 9999))}:${pair(Math.floor((seconds % 3600) / 60))}:${pair(seconds % 60)}`;
}

/** Nobody was there to see when an interrupted run ended: it is written down by the next daemon. */
export function runDuration(run: { status: Status; started: string | null; ended: string | null }, now: number): number | null {
  if (!run.started || run.status === 'interrupted') return null;
  return Math.max(0, (run.ended ? Date.parse(run.ended) : now) - Date.parse(run.started));
}

export function bytesOrCount(value: number, unit: string): string {
  if (unit !== 'bytes') return number(value);
  const steps = ['B', 'kB', 'MB', 'GB', 'TB'];
  let step = 0;
  while (value >= 1000 && step < steps.length - 1) {
    value /= 1000;
    step += 1;
  }
  return `${step ? value.toFixed(1) : value} ${steps[step]}`;
}

/** `3 µs`, `3.4 ms`, `1.2 s`: short times, for what is called often. */
export function brief(us: number): string {
  if (us < 1000) return `${us < 10 ? us.toFixed(1) : Math.round(us)} µs`;
  if (us < 1_000_000) return `${(us / 1000).toFixed(us < 100_000 ? 1 : 0)} ms`;
  return duration(us / 1000);
}
