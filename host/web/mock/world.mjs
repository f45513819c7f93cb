// A deck that moves: jobs, runs and logs in memory, changed by timers and by requests.
import { randomBytes } from 'node:crypto';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

const iso = (ms) => new Date(ms).toISOString();

let lastId = 0;
/** A UUID of version 7: sorts by time. */
export function runId(at) {
  const time = at.toString(16).padStart(12, '0');
  lastId = (lastId + 1) & 0xfff;
  const random = randomBytes(8).toString('hex');
  return `${time.slice(0, 8)}-${time.slice(8)}-7${lastId.toString(16).padStart(3, '0')}-8${random.slice(0, 3)}-${random.slice(3, 15)}`;
}

const policy = (over) => ({
  description: null, enabled: true, cron: null, every: null, on: [], at_start: false, after: [], timezone: null,
  overlap: 'skip', queue_limit: 100, missed: 'once', missed_limit: 100, missed_window: '1d', jitter: '0s', timeout: null,
  retry: { times: 0, first_delay: '10s', max_delay: '10m' }, on_failure: [],
  ping: { start: null, success: null, failure: null }, ...over,
});

const run = (job, over) => ({
  id: runId(over.at), job: job.name, kind: job.kind, trigger: { by: 'cron' }, due: iso(over.at), created: iso(over.at),
  started: iso(over.at + 4), ended: null, status: 'succeeded', reason: null, waiting_until: null, attempt: 1,
  attempts: job.policy.retry.times + 1, progress: null, summary: null, error: null, covers: null, ...over, at: undefined,
});

const SPECS = [
  { name: 'backup', kind: 'command', gap: 6 * HOUR, took: 254_000, triggers: ['every 6 hours, at minute 0', 'when the daemon starts'], mix: 'ssssfssssssssssssss',
    policy: { description: 'Copies the photo archive to the second disk', cron: '0 */6 * * *', timezone: 'Asia/Tokyo', at_start: true, timeout: '2h', jitter: '30s', retry: { times: 2, first_delay: '10s', max_delay: '10m' }, on_failure: ['page-me'], ping: { start: null, success: 'https://hc.example/a', failure: 'https://hc.example/a/fail' } },
    settings: { program: '/usr/bin/rsync', args: ['-a', '--delete', '/srv/photos/', '/mnt/second/photos/'], folder: '/srv', environment: { RSYNC_PASSWORD: '•••' } } },
  { name: 'sunday-html', kind: 'command', gap: 168 * HOUR, took: 41_000, triggers: ['on Sunday at 04:00', 'when backup has succeeded'], mix: 'ssssskssss', policy: { description: 'Exports the week as HTML', cron: '0 4 * * SUN', after: ['backup'] }, settings: { program: 'export-week', args: [] } },
  { name: 'heartbeat', kind: 'webhook', gap: MINUTE, took: 180, triggers: ['every minute'], mix: 'ssssssstsssssssssfss', policy: { description: 'Tells the status page that this machine is up', every: '1m', retry: { times: 1, first_delay: '1s', max_delay: '5s' } }, settings: { url: 'https://status.example/hook', secret: '•••', method: 'POST' } },
  { name: 'certificates', kind: 'command', gap: 24 * HOUR, took: 9_000, triggers: ['at 03:17 every day'], mix: 'ffsssssss', policy: { description: 'Renews TLS certificates that are about to expire', cron: '17 3 * * *', retry: { times: 3, first_delay: '1m', max_delay: '30m' } }, settings: { program: 'lego', args: ['renew'] } },
  { name: 'import-mail', kind: 'command', gap: 15 * MINUTE, took: 62_000, triggers: ['every 15 minutes', 'on mail-arrived'], mix: 'wsssscsssisssmmsssss', policy: { description: 'Fetches mail and files the attachments', cron: '*/15 * * * *', on: ['mail-arrived'], overlap: 'queue', queue_limit: 10 }, settings: { program: 'fetch-mail', args: ['--account', 'home'] } },
  { name: 'reindex', kind: 'command', gap: 12 * HOUR, took: 900_000, triggers: ['every 12 hours'], mix: 'rsssssss', policy: { description: 'Rebuilds the search index', every: '12h', overlap: 'restart' }, settings: { program: 'reindex', args: ['--all'] } },
  { name: 'page-me', kind: 'webhook', gap: 50 * HOUR, took: 320, triggers: ['when backup has failed'], mix: 'sss', policy: { description: 'Sends a message when something broke' }, settings: { url: 'https://push.example/send', secret: '•••' } },
  { name: 'old-export', kind: 'command', gap: 24 * HOUR, took: 3_000, triggers: ['at 00:00 every day'], mix: 'ss', policy: { enabled: false, cron: '@daily' }, settings: { program: 'true', args: [] } },
  { name: 'thumbnails', kind: 'command', gap: HOUR, took: 12_000, triggers: ['every hour'], mix: 'ssssssss', paused: true, policy: { description: 'Makes previews for new pictures', every: '1h' }, settings: { program: 'thumbs', args: ['--size', '512'] } },
];

const STATUS = { s: 'succeeded', f: 'failed', t: 'timed-out', c: 'cancelled', k: 'skipped', m: 'missed', i: 'interrupted', w: 'waiting', r: 'running' };

export class World {
  constructor({ empty = false, many = 0, users = [], problems = [] } = {}) {
    this.startedAt = Date.now() - 3 * HOUR;
    this.loadedAt = Date.now() - 20 * MINUTE;
    this.jobs = new Map();
    this.runs = new Map();
    this.byJob = new Map();
    this.logs = new Map();
    this.problems = problems;
    this.users = users;
    this.tokens = [{ id: 't1', name: 'grafana', scopes: ['read'], created: iso(Date.now() - 90 * HOUR), last_used: iso(Date.now() - 40_000), expires: null }];
    this.listeners = new Set();
    this.events = [];
    if (!empty) for (const spec of SPECS) this.addJob(spec);
    for (let at = 0; at < many; at += 1) {
      const kind = at % 3 ? 'command' : 'webhook';
      this.addJob({ name: `job-${String(at).padStart(4, '0')}`, kind, gap: HOUR, took: 1000 * (at % 50), triggers: ['every hour'], mix: 'sssssfsssssssss', policy: { every: '1h', description: `Number ${at} of many` }, settings: {} });
    }
    if (!empty) this.animate();
  }

  addJob(spec) {
    const job = { name: spec.name, kind: spec.kind, policy: policy(spec.policy), triggers: spec.triggers, settings: spec.settings, gap: spec.gap, paused: null };
    job.timezone = job.policy.timezone ?? Intl.DateTimeFormat().resolvedOptions().timeZone;
    if (spec.paused) job.paused = { since: iso(Date.now() - 5 * HOUR), by: 'ann' };
    const isTimed = job.policy.cron || job.policy.every;
    const phase = (spec.name.length * 137_000) % spec.gap;
    job.nextDue = isTimed && job.policy.enabled ? Date.now() + (spec.gap - phase) : null;
    this.jobs.set(job.name, job);
    [...spec.mix].forEach((sign, back) => this.addPast(job, spec, STATUS[sign], Date.now() - phase - back * spec.gap, back));
  }

  addPast(job, spec, status, at, back) {
    const took = Math.round(spec.took * (0.5 + ((back * 37) % 100) / 100));
    const made = run(job, { at: status === 'running' ? Date.now() - 34_000 : at, status });
    const isOver = !['running', 'waiting'].includes(status);
    if (isOver) made.ended = iso(at + took);
    if (status === 'succeeded') made.summary = { text: `exit code 0 after ${(took / 1000).toFixed(1)} s, 214 lines`, data: { exit_code: 0, lines: 214, output_bytes: 18_211 } };
    if (status === 'failed') made.error = `${job.settings.program ?? 'the call'} ended with exit code 23\ncaused by: some files could not be transferred\ncaused by: No space left on device`;
    if (status === 'timed-out') made.error = 'stopped after 10s: the server never answered';
    if (status === 'skipped') Object.assign(made, { started: null, reason: 'the run before it was still going', attempt: 0 });
    if (status === 'missed') Object.assign(made, { started: null, attempt: 0, reason: 'the daemon was not running', covers: { from: iso(at), until: iso(at + 4 * spec.gap), count: 4, is_at_least: false } });
    if (status === 'interrupted') made.reason = 'the daemon ended in mid-run';
    if (status === 'cancelled') made.reason = 'cancelled by ann';
    if (status === 'waiting') Object.assign(made, { waiting_until: iso(Date.now() + 252_000), waiting_for: 'Telegram', reason: 'it was asked too often', progress: { done: 1204, total: null, unit: 'messages', message: 'INBOX/2024' } });
    if (status === 'running') made.progress = { done: 41_220, total: 250_000, unit: 'documents', message: 'letters/2019' };
    this.keep(made);
    this.logs.set(made.id, lines(made, isOver ? 24 : 60));
  }

  keep(made) {
    this.runs.set(made.id, made);
    this.byJob.set(made.job, [...(this.byJob.get(made.job) ?? []), made]);
  }

  animate() {
    this.timer = setInterval(() => {
      for (const made of this.runs.values()) {
        if (made.status === 'waiting' && Date.parse(made.waiting_until) <= Date.now()) this.change(made, { status: 'running', waiting_until: null, reason: null });
        if (made.status !== 'running') continue;
        if (made.progress?.total) this.change(made, { progress: { ...made.progress, done: Math.min(made.progress.total, made.progress.done + 730) } });
        this.log(made, 'info', `indexed ${made.progress?.done ?? 0} documents`, { folder: made.progress?.message ?? '' });
      }
      for (const job of this.jobs.values()) {
        if (!job.nextDue || job.nextDue > Date.now()) continue;
        job.nextDue += job.gap;
        if (!job.paused) this.start(job, { by: 'every' }, {}, 2000);
      }
    }, 700);
  }

  start(job, trigger, params, took) {
    const made = run(job, { at: Date.now(), status: 'running', trigger, params });
    this.keep(made);
    this.logs.set(made.id, []);
    this.log(made, 'info', `started ${job.settings.program ?? job.settings.url ?? job.name}`);
    this.send('run', made);
    setTimeout(() => {
      if (made.status !== 'running') return;
      this.log(made, 'info', 'done');
      this.change(made, { status: 'succeeded', ended: iso(Date.now()), summary: { text: 'exit code 0', data: { exit_code: 0 } } });
    }, took);
    return made;
  }

  change(made, over) {
    Object.assign(made, over);
    this.send('run', made);
  }

  log(made, level, message, fields) {
    const list = this.logs.get(made.id);
    const line = { seq: (list.at(-1)?.seq ?? 0) + 1, at: iso(Date.now()), level, target: 'command', message, ...(fields ? { fields } : {}) };
    list.push(line);
    for (const listener of this.listeners) listener.log?.(made.id, [line]);
  }

  send(type, data) {
    const event = { id: (this.events.at(-1)?.id ?? 0) + 1, type, data };
    this.events.push(event);
    if (this.events.length > 500) this.events.shift();
    for (const listener of this.listeners) listener.event(event);
  }

  runsOf(name) {
    const runs = name ? (this.byJob.get(name) ?? []) : [...this.runs.values()];
    return runs.toSorted((a, b) => (a.id < b.id ? 1 : -1));
  }

  view(job) {
    const runs = this.runsOf(job.name);
    const { name, kind, triggers, timezone, paused } = job;
    const active = runs.filter((made) => made.status === 'running' || made.status === 'waiting');
    return {
      name, kind, policy: job.policy, timezone, triggers, paused, next_due: job.nextDue && !paused ? iso(job.nextDue) : null,
      running: active.map((made) => made.id), queued: runs.filter((made) => made.status === 'queued').length, recent: runs.slice(0, 20),
    };
  }

  details(job) {
    const fires = job.nextDue && !job.paused ? [0, 1, 2, 3, 4].map((step) => iso(job.nextDue + step * job.gap)) : [];
    return { ...this.view(job), next_fires: fires, settings: job.settings };
  }
}

function lines(made, count) {
  const start = Date.parse(made.started ?? made.due);
  return Array.from({ length: made.job === 'reindex' ? 3000 : count }, (_, at) => {
    const level = at % 17 === 5 ? 'warn' : made.status === 'failed' && at > count - 3 ? 'error' : at % 5 === 2 ? 'debug' : 'info';
    const message = level === 'warn' ? 'IMG_2231.HEIC is already there, keeping the newer one' : level === 'error' ? 'write failed: No space left on device (28)' : `copied 2024/08/IMG_${2200 + at}.HEIC`;
    return { seq: at + 1, at: iso(start + at * 210), level, target: 'command', message, fields: { bytes: 1_840_221 + at * 331 } };
  });
}
