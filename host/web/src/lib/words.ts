/** The daemon's terms in sentences. */
import type { JobView, Policy, Run, Status, Trigger } from './types';
import { hasFailed, isOver } from './types';

const STATUS: Record<Status, string> = {
  queued: 'Queued',
  running: 'Running',
  waiting: 'Waiting',
  succeeded: 'Succeeded',
  failed: 'Failed',
  'timed-out': 'Timed out',
  cancelled: 'Cancelled',
  skipped: 'Skipped',
  missed: 'Missed',
  interrupted: 'Interrupted',
};

export const statusWord = (status: Status) => STATUS[status] ?? status;

export type Tone = 'ok' | 'bad' | 'wait' | 'live' | 'idle';

export function toneOf(status: Status): Tone {
  if (status === 'succeeded') return 'ok';
  if (hasFailed(status)) return 'bad';
  if (status === 'running') return 'live';
  return status === 'waiting' ? 'wait' : 'idle';
}

export function triggerWords(trigger: Trigger): string {
  switch (trigger.by) {
    case 'cron':
      return 'by its schedule';
    case 'every':
      return 'by its interval';
    case 'at-start':
      return 'when the daemon started';
    case 'event':
      return `by the event ${trigger.event}`;
    case 'after':
      return `after ${trigger.job} succeeded`;
    case 'on-failure':
      return `because ${trigger.job} failed`;
    case 'retry':
      return 'to make up for an interrupted run';
    case 'manual':
      return `by hand: ${trigger.who}`;
  }
}

/** The run that led to this one. */
export const triggerRun = (trigger: Trigger): string | null => ('run' in trigger ? trigger.run : null);

const OVERLAP: Record<Policy['overlap'], string> = {
  skip: 'The new run is skipped',
  queue: 'The new run waits for its turn',
  restart: 'The running one is cancelled and starts again',
  parallel: 'Both run',
};

const isZero = (period: string) => !/[1-9]/.test(period);

function missedWords(policy: Policy): string {
  const within = `those of the last ${policy.missed_window}`;
  if (policy.missed === 'skip') return 'They are only recorded';
  if (policy.missed === 'once') return `One run makes up for ${within}`;
  return `Each of ${within} is run, up to ${policy.missed_limit}`;
}

function retryWords({ times, first_delay, max_delay }: Policy['retry']): string {
  if (!times) return 'Not tried again';
  return `Tried again up to ${times === 1 ? 'once' : `${times} times`}, pausing ${first_delay} at first and ${max_delay} at most`;
}

/** What happens when, as pairs of question and answer. */
export function policyWords(policy: Policy): [string, string][] {
  const queue = policy.overlap === 'queue' ? `, up to ${policy.queue_limit} of them` : '';
  const words: [string, string][] = [
    ['Due while it still runs', OVERLAP[policy.overlap] + queue],
    ['Fires missed while off', missedWords(policy)],
    ['After a failure', retryWords(policy.retry)],
    ['Time limit', policy.timeout ? `Stopped after ${policy.timeout}` : 'None'],
  ];
  if (!isZero(policy.jitter)) words.push(['Jitter', `Each fire is delayed by up to ${policy.jitter}`]);
  if (policy.on_failure.length) words.push(['When it has failed for good', `Starts ${policy.on_failure.join(', ')}`]);
  const pings = (['start', 'success', 'failure'] as const).filter((when) => policy.ping[when]);
  if (pings.length) words.push(['Dead-man ping', `On ${pings.join(', ')}`]);
  return words;
}

/** The last run that really ran: what tells whether a job is well. */
export const lastResult = (job: JobView): Run | undefined =>
  job.recent.find((run) => isOver(run.status) && run.status !== 'skipped' && run.status !== 'missed');

export type JobState = 'running' | 'waiting' | 'queued' | 'paused' | 'disabled' | 'failing' | 'ready';

export function jobState(job: JobView): JobState {
  const active = job.recent.filter((run) => !isOver(run.status));
  if (active.some((run) => run.status === 'running')) return 'running';
  if (active.some((run) => run.status === 'waiting')) return 'waiting';
  if (job.running.length) return 'running';
  if (job.queued) return 'queued';
  if (job.paused) return 'paused';
  if (!job.policy.enabled) return 'disabled';
  const last = lastResult(job);
  return last && hasFailed(last.status) ? 'failing' : 'ready';
}

/** The causes of a failure as one line. */
export const causeLine = (error: string) => error.split('\n').map((line) => line.trim()).filter(Boolean).join(' ');

/** How a run went or how far it is, for a list: of one that failed, why. */
export function outcomeWords({ status, error, summary, reason, progress }: Run): string {
  if (error && hasFailed(status)) return causeLine(error);
  return summary?.text ?? (error && causeLine(error)) ?? reason ?? progress?.message ?? '';
}

export const plural = (count: number, one: string, many = `${one}s`) => `${count} ${count === 1 ? one : many}`;
