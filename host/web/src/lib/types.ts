/** What the daemon sends: the same shapes as `host/src/model`. Times are RFC 3339 in UTC. */

export const STATUSES = [
  'queued',
  'running',
  'waiting',
  'succeeded',
  'failed',
  'timed-out',
  'cancelled',
  'skipped',
  'missed',
  'interrupted',
] as const;

export type Status = (typeof STATUSES)[number];
export type Scope = 'read' | 'run' | 'scrobble' | 'admin';
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

export type Trigger =
  | { by: 'cron' | 'every' | 'at-start' }
  | { by: 'event'; event: string }
  | { by: 'after' | 'on-failure'; job: string; run: string }
  | { by: 'retry'; run: string }
  | { by: 'manual'; who: string };

export type Progress = { done: number; total: number | null; unit: string; message: string };
export type Covered = { from: string; until: string; count: number; is_at_least: boolean };

export type Run = {
  id: string;
  job: string;
  kind: string;
  trigger: Trigger;
  params?: Record<string, string>;
  due: string;
  created: string;
  started: string | null;
  ended: string | null;
  status: Status;
  reason: string | null;
  waiting_until: string | null;
  /** The service that asked for it. */
  waiting_for?: string;
  attempt: number;
  attempts: number;
  progress: Progress | null;
  summary: { text: string; data: Json } | null;
  error: string | null;
  covers: Covered | null;
};

export type Policy = {
  description: string | null;
  enabled: boolean;
  cron: string | null;
  every: string | null;
  on: string[];
  at_start: boolean;
  after: string[];
  timezone: string | null;
  overlap: 'skip' | 'queue' | 'restart' | 'parallel';
  queue_limit: number;
  missed: 'skip' | 'once' | 'all';
  missed_limit: number;
  missed_window: string;
  jitter: string;
  timeout: string | null;
  retry: { times: number; first_delay: string; max_delay: string };
  on_failure: string[];
  ping: { start: string | null; success: string | null; failure: string | null };
};

export type JobView = {
  name: string;
  kind: string;
  policy: Policy;
  timezone: string;
  triggers: string[];
  paused: { since: string; by: string } | null;
  next_due: string | null;
  running: string[];
  queued: number;
  recent: Run[];
};

export type JobDetails = JobView & { next_fires: string[]; settings: Record<string, Json> };

export type LogLine = {
  seq: number;
  at: string;
  level: string;
  target: string;
  message: string;
  fields?: Record<string, Json>;
};

export type StatusReport = {
  version: string;
  started_at: string;
  now: string;
  timezone: string;
  uptime_s: number;
  jobs: number;
  running: number;
  queued: number;
  config: { state: 'ok' | 'problems'; loaded_at: string; path: string; problems: number };
  listen: string;
  loopback_only: boolean;
  users: boolean;
  user: string | null;
  scopes: Scope[];
};

export type Problem = {
  severity: 'error' | 'warning';
  file: string | null;
  line: number | null;
  column: number | null;
  key: string | null;
  message: string;
  fix: string | null;
};

export type ConfigReport = {
  path: string;
  state: 'ok' | 'problems';
  loaded_at: string;
  problems: Problem[];
  values: { key: string; value: Json; source: string }[];
};

export type Session = { user: string | null; users: boolean; scopes: Scope[] };
/** `created` is missing for the user that the configuration names. */
export type User = { name: string; created: string | null };

export type Token = {
  id: string;
  name: string;
  scopes: Scope[];
  created: string;
  last_used: string | null;
  expires: string | null;
};

export const isOver = (status: Status) => status !== 'queued' && status !== 'running' && status !== 'waiting';
export const hasFailed = (status: Status) => status === 'failed' || status === 'timed-out' || status === 'interrupted';
