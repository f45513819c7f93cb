// A stand-in for the daemon, for work on the page only:
//   node mock/server.mjs [--port 8485] [--dist] [--users] [--empty] [--many 1000] [--problems] [--no-application]
import { createServer } from 'node:http';
import { existsSync, readFileSync } from 'node:fs';
import { extname } from 'node:path';
import { openapi } from './openapi.mjs';
import { Archive, ARCHIVE_JOBS } from './archive.mjs';
import { JOBS, Music } from './music.mjs';
import { Plugins } from './plugins.mjs';
import { Telegram, picture } from './telegram.mjs';
import { World } from './world.mjs';

const flag = (name) => process.argv.includes(`--${name}`);
const option = (name, other) => (flag(name) ? process.argv[process.argv.indexOf(`--${name}`) + 1] : other);

const PROBLEMS = [
  { severity: 'error', file: '/etc/tapedeck/config.toml', line: 14, column: 1, key: 'jobs.backup.tiemout', message: 'unknown key `tiemout`', fix: 'did you mean `timeout`?' },
  { severity: 'warning', file: '/etc/tapedeck/config.toml', line: 31, column: 8, key: 'jobs.old-export.cron', message: '`0 0 30 2 *` never fires', fix: 'there is no 30 February: choose another day' },
];
const VALUES = [
  { key: 'data.folder', value: '/var/lib/tapedeck', source: 'built-in default' },
  { key: 'server.listen', value: '127.0.0.1:8484', source: 'config.toml:3' },
  { key: 'scheduler.timezone', value: 'Europe/Madrid', source: 'environment TZ' },
  { key: 'history.keep_runs', value: 1000, source: 'built-in default' },
  { key: 'jobs.heartbeat.secret', value: '•••', source: 'config.toml:22' },
];

const world = new World({
  empty: flag('empty'),
  many: Number(option('many', 0)),
  users: flag('users') ? [{ name: 'ann', created: new Date().toISOString() }] : [],
  problems: flag('problems') ? PROBLEMS : [],
});
const telegram = new Telegram(world, { empty: flag('empty') });
if (!flag('empty')) for (const job of [...JOBS, ...ARCHIVE_JOBS]) world.addJob(job);
const music = new Music(world);
const archive = new Archive(world, { empty: flag('empty') });
const plugins = new Plugins(world, { empty: flag('empty') });
const dist = new URL('../dist', import.meta.url).pathname;
const sessions = new Set();
let failures = 0;

const MIME = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml' };
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; font-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'";

class Problem extends Error {
  constructor(status, title, detail, fix, headers = {}) {
    super(title);
    Object.assign(this, { status, body: { title, status, detail, fix }, headers });
  }
}

const iso = () => new Date().toISOString();
const config = () => ({ path: '/etc/tapedeck/config.toml', state: world.problems.length ? 'problems' : 'ok', loaded_at: new Date(world.loadedAt).toISOString(), problems: world.problems, values: VALUES });
const userOf = (request) => (/tapedeck_session=(\w+)/.exec(request.headers.cookie ?? '')?.[1] && sessions.has(RegExp.$1) ? 'ann' : null);

function session(request) {
  const user = userOf(request);
  const users = world.users.length > 0;
  return { user, users, scopes: user || !users ? ['read', 'run', 'admin'] : [] };
}

function jobOf(name) {
  const job = world.jobs.get(name);
  if (!job) throw new Problem(404, 'No such job', `There is no job called \`${name}\`.`, 'See `tapedeck jobs list` for the names.');
  return job;
}

function runOf(id) {
  const made = world.runs.get(id);
  if (!made) throw new Problem(404, 'No such run', `There is no run ${id}; old runs are pruned.`, null);
  return made;
}

function loginOf(id) {
  const login = telegram.logins.get(id);
  if (!login) throw new Problem(404, 'No such login', `There is no login ${id}.`, 'Start another one.');
  return login;
}

function pluginOf(name) {
  const plugin = plugins.known.get(name);
  if (!plugin) throw new Problem(404, 'No such plugin', `There is no plugin called \`${name}\`.`, 'See `tapedeck plugins list` for the names.');
  return { status: 200, body: plugin };
}

function missing(id) {
  throw new Problem(404, 'No such chat', `no chat ${id} of the account \`main\` is archived`, 'GET /api/v1/archive/chats lists them.');
}

function status(request) {
  const all = [...world.runs.values()];
  const { state, loaded_at, path, problems } = config();
  return {
    version: '0.1.0', started_at: new Date(world.startedAt).toISOString(), now: iso(), timezone: 'Europe/Madrid', uptime_s: 10_800,
    jobs: world.jobs.size, running: all.filter((made) => ['running', 'waiting'].includes(made.status)).length, queued: 0,
    config: { state, loaded_at, path, problems: problems.length }, listen: '127.0.0.1:8484', loopback_only: true, ...session(request),
  };
}

function signIn(body) {
  if (failures >= 5) throw new Problem(429, 'Too many attempts', 'Wait a moment.', null, { 'retry-after': '20' });
  if (body.username !== 'ann' || body.password !== 'correct horse') {
    failures += 1;
    throw new Problem(401, 'Wrong name or password', 'That name and password do not belong together.', null);
  }
  failures = 0;
  const key = Math.random().toString(36).slice(2);
  sessions.add(key);
  return { status: 204, headers: { 'set-cookie': `tapedeck_session=${key}; HttpOnly; SameSite=Lax; Path=/` } };
}

const ROUTES = [
  ['GET', /^\/api\/v1\/status$/, (c) => status(c.request)],
  ['GET', /^\/api\/v1\/session$/, (c) => session(c.request)],
  ['POST', /^\/api\/v1\/session$/, (c) => signIn(c.body)],
  ['DELETE', /^\/api\/v1\/session$/, () => (sessions.clear(), { status: 204 })],
  ['GET', /^\/api\/v1\/jobs$/, ({ query }) => {
    const names = [...world.jobs.keys()].sort().filter((name) => name > (query.get('after') ?? ''));
    const page = names.slice(0, Number(query.get('limit') ?? 100));
    return { jobs: page.map((name) => world.view(world.jobs.get(name))), total: world.jobs.size, next: page.length < names.length ? page.at(-1) : null };
  }],
  ['GET', /^\/api\/v1\/jobs\/([^/]+)$/, ({ at: [name] }) => world.details(jobOf(name))],
  ['POST', /^\/api\/v1\/jobs\/([^/]+)\/run$/, ({ at: [name], body }) => {
    if (name === 'certificates') throw new Problem(409, 'The job is disabled by hand', '`certificates` waits for the DNS change.', 'Set `enabled = true` in [jobs.certificates].');
    return { status: 202, body: world.start(jobOf(name), { by: 'manual', who: 'ann' }, body.params, 8000) };
  }],
  ['POST', /^\/api\/v1\/jobs\/([^/]+)\/(pause|resume)$/, ({ at: [name, what] }) => {
    jobOf(name).paused = what === 'pause' ? { since: iso(), by: 'ann' } : null;
    world.send('job', { name });
    return world.view(jobOf(name));
  }],
  ['GET', /^\/api\/v1\/runs$/, ({ query }) => {
    const before = query.get('before');
    const wanted = query.get('status');
    const runs = world.runsOf(query.get('job')).filter((made) => (!wanted || made.status === wanted) && (!before || made.id < before));
    const page = runs.slice(0, Number(query.get('limit') ?? 50));
    return { runs: page, next: page.length < runs.length ? page.at(-1).id : null };
  }],
  ['GET', /^\/api\/v1\/runs\/([^/]+)$/, ({ at: [id] }) => runOf(id)],
  ['GET', /^\/api\/v1\/runs\/([^/]+)\/log$/, ({ at: [id], query }) => {
    runOf(id);
    const rest = world.logs.get(id).filter((line) => line.seq > Number(query.get('after') ?? 0));
    const lines = rest.slice(0, Number(query.get('limit') ?? 500));
    return { lines, next: lines.length < rest.length ? lines.at(-1).seq : null, is_over: !['running', 'waiting', 'queued'].includes(runOf(id).status) };
  }],
  ['POST', /^\/api\/v1\/runs\/([^/]+)\/cancel$/, ({ at: [id] }) => {
    world.change(runOf(id), { status: 'cancelled', ended: iso(), reason: 'cancelled by ann', waiting_until: null });
    return { status: 202, body: runOf(id) };
  }],
  ['GET', /^\/api\/v1\/config$/, config],
  ['POST', /^\/api\/v1\/config\/reload$/, () => {
    world.loadedAt = Date.now();
    world.problems = world.problems.length ? [] : PROBLEMS;
    world.send('config', { state: config().state });
    return config();
  }],
  ['GET', /^\/api\/v1\/tokens$/, () => world.tokens],
  ['POST', /^\/api\/v1\/tokens$/, ({ body }) => {
    const id = `t${world.tokens.length + 1}`;
    world.tokens.push({ id, name: body.name, scopes: body.scopes, created: iso(), last_used: null, expires: body.expires ?? null });
    return { id, token: `td_${id}_7Qm2Jx0vYtHc5uRkWz8sNbE4aPdLgF1o` };
  }],
  ['DELETE', /^\/api\/v1\/tokens\/([^/]+)$/, ({ at: [id] }) => ((world.tokens = world.tokens.filter((token) => token.id !== id)), { status: 204 })],
  ['GET', /^\/api\/v1\/users$/, () => world.users],
  ['POST', /^\/api\/v1\/users$/, ({ body }) => (world.users.push({ name: body.name, created: iso() }), { status: 204 })],
  ['DELETE', /^\/api\/v1\/users\/([^/]+)$/, ({ at: [name] }) => ((world.users = world.users.filter((user) => user.name !== name)), { status: 204 })],
  ['GET', /^\/api\/v1\/accounts$/, () => ({ has_application: !flag('no-application'), accounts: [...telegram.accounts.values()] })],
  ['POST', /^\/api\/v1\/accounts\/([^/]+)\/logout$/, ({ at: [name] }) => (telegram.logOut(name), { status: 204 })],
  ['POST', /^\/api\/v1\/logins$/, ({ body }) => ({ status: 201, body: telegram.start(body) })],
  ['GET', /^\/api\/v1\/logins\/([^/]+)$/, ({ at: [id] }) => telegram.see(loginOf(id))],
  ['DELETE', /^\/api\/v1\/logins\/([^/]+)$/, ({ at: [id] }) => (telegram.logins.delete(loginOf(id).id), { status: 204 })],
  ['POST', /^\/api\/v1\/logins\/([^/]+)\/answer$/, ({ at: [id], body }) => telegram.answer(loginOf(id).id, body)],
  ['GET', /^\/api\/v1\/plugins$/, () => plugins.list()],
  ['GET', /^\/api\/v1\/plugins\/([^/]+)$/, ({ at: [name] }) => pluginOf(name)],
  ['POST', /^\/api\/v1\/plugins\/([^/]+)\/(pause|resume|reload)$/, ({ at: [name, what] }) => plugins.act(name, what)],
  ['POST', /^\/api\/v1\/plugins\/([^/]+)\/grants$/, ({ at: [name], body }) => plugins.decide(name, body.grant, true)],
  ['POST', /^\/api\/v1\/plugins\/([^/]+)\/grants\/withdraw$/, ({ at: [name], body }) => plugins.decide(name, body.grant, false)],
  ['GET', /^\/api\/v1\/music\/(now|profile|queue|history|choices)$/, ({ at: [what] }) => music[what]()],
  ['GET', /^\/api\/v1\/music\/profile\/explain$/, () => music.explain()],
  ['POST', /^\/api\/v1\/music\/profile\/look$/, () => music.explain()],
  ['POST', /^\/api\/v1\/music\/profile\/(move|remove)$/, ({ at: [what], body }) => music.change(what, body)],
  ['POST', /^\/api\/v1\/music\/choices\/undo$/, () => music.undo()],
  ['GET', /^\/api\/v1\/archive$/, () => archive.overview()],
  ['GET', /^\/api\/v1\/archive\/(chats|search|poison|blocked|undo|sweeps|formats|exports)$/, ({ at: [what], query }) => archive[what](query)],
  ['POST', /^\/api\/v1\/archive\/(exports|imports)$/, ({ at: [what], body }) => archive.start(what, body)],
  ['POST', /^\/api\/v1\/archive\/poison\/retry$/, ({ body }) => archive.retry(body)],
  ['POST', /^\/api\/v1\/archive\/blocked\/(\d+)\/(apply|dismiss)$/, ({ at: [number, what] }) => archive.decide(number, what)],
  ['POST', /^\/api\/v1\/archive\/undo$/, ({ body }) => archive.takeBack(body)],
  ['GET', /^\/api\/v1\/archive\/chats\/([^/]+)$/, ({ at: [id] }) => archive.chat(id) ?? missing(id)],
  ['GET', /^\/api\/v1\/archive\/chats\/([^/]+)\/(messages|versions|certificate)$/, ({ at: [id, what], query }) => archive[what](id, query)],
  ['GET', /^\/api\/v1\/spotify$/, () => music.spotify()],
  ['GET', /^\/api\/openapi\.json$/, () => openapi],
];

function stream(request, response, query) {
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
  const write = (type, data, id) => response.write(`${id ? `id: ${id}\n` : ''}event: ${type}\ndata: ${JSON.stringify(data)}\n\n`);
  const watched = query.get('run');
  response.write(': hello\n\n');
  if (watched && world.logs.has(watched)) {
    const lines = world.logs.get(watched).filter((line) => line.seq > Number(query.get('log_after') ?? 0));
    for (let at = 0; at < lines.length; at += 500) write('log', { run: watched, lines: lines.slice(at, at + 500) });
  }
  const listener = {
    event: (event) => write(event.type, event.data, event.id),
    log: (run, lines) => run === watched && write('log', { run, lines }),
  };
  const seen = Number(request.headers['last-event-id']);
  for (const event of world.events) if (seen && event.id > seen) listener.event(event);
  world.listeners.add(listener);
  request.on('close', () => world.listeners.delete(listener));
}

function page(path, response) {
  const file = extname(path) && existsSync(dist + path) ? path : '/index.html';
  response.writeHead(200, { 'content-type': MIME[extname(file)] ?? 'text/plain', 'content-security-policy': POLICY, 'x-content-type-options': 'nosniff' });
  response.end(readFileSync(dist + file));
}

async function bodyOf(request) {
  let text = '';
  for await (const chunk of request) text += chunk;
  return text ? JSON.parse(text) : {};
}

async function answer(request, response) {
  const url = new URL(request.url, 'http://mock');
  if (!url.pathname.startsWith('/api/')) return page(url.pathname, response);
  if (!/session$|openapi/.test(url.pathname) && !session(request).scopes.length) throw new Problem(401, 'Sign in first', '', null);
  if (url.pathname === '/api/v1/events') return stream(request, response, url.searchParams);
  if (url.pathname.endsWith('/qr.svg') || url.pathname.endsWith('/music/cover')) return response.writeHead(200, { 'content-type': 'image/svg+xml' }).end(picture(url.href));
  for (const [method, pattern, act] of ROUTES) {
    const match = request.method === method && pattern.exec(url.pathname);
    if (!match) continue;
    const at = match.slice(1).map(decodeURIComponent);
    const result = act({ request, at, query: url.searchParams, body: await bodyOf(request) });
    const isWrapped = typeof result?.status === 'number' && !('version' in result);
    const code = isWrapped ? result.status : 200;
    response.writeHead(code, { 'content-type': 'application/json', ...(isWrapped ? result.headers : {}) });
    return response.end(code === 204 ? '' : JSON.stringify(isWrapped ? result.body : result));
  }
  throw new Problem(404, 'No such address', `${request.method} ${url.pathname}`, null);
}

const server = createServer((request, response) =>
  answer(request, response).catch((error) => {
    const code = error.status ?? 500;
    response.writeHead(code, { 'content-type': 'application/problem+json', ...error.headers });
    response.end(JSON.stringify(error.body ?? { title: String(error), status: 500 }));
  }),
);
server.listen(Number(option('port', 8485)), '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}`));
