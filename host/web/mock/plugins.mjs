// Plugins of the stand-in: one in each state, one that is called all the time, one that asks for much.
const iso = (ms) => new Date(ms).toISOString();
const ago = (seconds) => iso(Date.now() - seconds * 1000);

const LIMITS = { deadline: '10s', fetch_deadline: '10m', start_deadline: '10s', memory_bytes: 268_435_456, table_elements: 1_048_576, instances: 256, result_bytes: 67_108_864, host_calls: 100_000, log_lines: 1000, log_lines_per_minute: 10_000, log_bytes_per_minute: 4_194_304, resources: 10_000, export_bytes: 2 ** 40, export_files: 1_000_000 };
const FIGURES = { calls: 0, errors: 0, errors_by_kind: {}, total_us: 0, longest_us: 0, memory_peak_bytes: 0, instances_made: 0, host_calls: 0, log_lines_dropped: 0, swaps: 0, last_call: null, last_error: null };
const line = (seconds, level, message) => ({ at: ago(seconds), level, message });

const plugin = (name, over) => ({
  name, state: 'ready', problem: null, id: name, version: '1.2.0', summary: null, sdk: '1.0.0', kinds: ['chat-filter'], is_pure: false,
  file: `/var/lib/tapedeck/plugins/${name}.wasm`, file_bytes: 71_302, sha256: '3f786850e387550fdab836ed7e6dc881de23001b3f786850e387550fdab836ed', loaded_at: ago(4000), compile_ms: 182,
  capabilities: [], settings_schema: null, limits: LIMITS, log: [], settings: {}, ...over, figures: { ...FIGURES, ...over.figures },
});

const KEYWORDS = {
  type: 'object', description: 'Keeps, drops or redacts messages by words and regular expressions.',
  properties: {
    keep: { type: 'array', description: 'Messages with one of these words are kept, whatever else fits' },
    drop: { type: 'array', description: 'Messages with one of these words are dropped' },
    redact: { type: 'string', description: 'What fits this regular expression is replaced by `•`' },
    case_sensitive: { type: 'boolean', default: false, description: 'Whether `A` and `a` differ' },
  },
};

const KNOWN = [
  plugin('keywords', {
    summary: 'Keeps, drops or redacts messages by words', is_pure: true, settings_schema: KEYWORDS,
    settings: { keep: ['urgent'], drop: ['lottery', 'casino bonus'], redact: '\\+\\d{7,}' },
    figures: { calls: 4211, total_us: 2_530_000, longest_us: 12_400, memory_peak_bytes: 1_310_720, instances_made: 2, swaps: 3, last_call: ago(1) },
    log: [line(90, 'info', 'compiled 3 patterns'), line(30, 'warn', 'a message has 4 100 000 characters: only the first million is looked at')],
  }),
  plugin('zero', {
    summary: 'Finds tracks in three places and fetches the best', version: '0.9.1', kinds: ['track-backend'], sdk: '1.0.0', file_bytes: 1_820_114, compile_ms: 4120,
    capabilities: [
      { capability: 'http', what: '*.example.com,methods=GET+HEAD', why: 'finds songs', is_granted: true, decided_by: 'config' },
      { capability: 'http', what: 'http://localhost:8080,methods=POST,private', why: null, is_granted: false, decided_by: null },
      { capability: 'run', what: 'yt-dlp', why: 'fetches what has been found', is_granted: false, decided_by: null },
      { capability: 'kv', what: '1MiB', why: 'remembers what was found', is_granted: true, decided_by: 'approved' },
      { capability: 'scratch', what: '100MiB', why: null, is_granted: false, decided_by: 'withdrawn' },
      { capability: 'fly', what: 'nothing that this daemon knows', why: null, is_granted: false, decided_by: null },
    ],
    figures: { calls: 38, errors: 5, errors_by_kind: { denied: 4, timeout: 1 }, total_us: 61_200_000, longest_us: 9_800_000, memory_peak_bytes: 22_020_096, instances_made: 38, host_calls: 211, last_call: ago(300), last_error: { at: ago(300), level: 'error', message: 'zero may not use `run` for yt-dlp: nobody has granted it' } },
    log: [line(301, 'info', 'asking for “Blue in Green”'), line(300, 'error', 'cannot fetch: denied')],
  }),
  plugin('albums', { summary: 'Writes one page for each month', version: '0.3.0', kinds: ['exporter'], is_pure: true, figures: { calls: 3, total_us: 9_100_000, longest_us: 4_200_000, memory_peak_bytes: 9_437_184 } }),
  plugin('quiet-hours', { state: 'paused', since: ago(5000), by: 'ann', summary: 'Drops what was written at night', version: '0.1.0', kinds: ['chat-filter-records'], figures: { calls: 12, total_us: 330_000, longest_us: 41_000, memory_peak_bytes: 18_874_368 } }),
  plugin('shouty', { state: 'suspended', since: ago(40), until: iso(Date.now() + 80_000), reason: 'shouty 2.0.0 was stopped: it ran longer than 10s (`deadline`)', version: '2.0.0', figures: { calls: 60, errors: 5, errors_by_kind: { timeout: 5 }, total_us: 51_000_000, longest_us: 10_001_000, memory_peak_bytes: 900_000 } }),
  plugin('tidy', { problem: 'tidy.wasm is cut short: it ends in the middle of section 10, after 41 200 bytes. Copy it again, under another name first, and rename it then.', is_pure: true, summary: 'Drops stickers', figures: { calls: 9001, total_us: 4_100_000, longest_us: 3000, memory_peak_bytes: 655_360, swaps: 1 } }),
  plugin('hello', { state: 'broken', id: null, version: null, sdk: null, kinds: [], loaded_at: null, compile_ms: null, reason: 'hello.wasm is no WebAssembly: it begins with `<!DOCTYPE`. Was a page saved instead of the file?' }),
  plugin('gone', { state: 'missing', id: null, version: null, sdk: null, kinds: [], file: null, file_bytes: null, sha256: null, loaded_at: null, compile_ms: null, reason: 'there is no gone.wasm in /var/lib/tapedeck/plugins' }),
  plugin('python-rules', { state: 'loading', since: ago(12), is_compiling: true, version: '1.0.0', file_bytes: 18_200_000, kinds: ['chat-filter-records'] }),
];

export class Plugins {
  constructor(world, { empty }) {
    this.world = world;
    this.known = new Map((empty ? [] : KNOWN).map((one) => [one.name, one]));
    if (!empty) setInterval(() => this.work(this.known.get('keywords')), 1500).unref();
  }

  work(one) {
    if (one.state !== 'ready') return;
    Object.assign(one.figures, { calls: one.figures.calls + 3, total_us: one.figures.total_us + 1800, last_call: ago(0) });
    one.log = [...one.log, line(0, 'info', `judged ${one.figures.calls} batches`)].slice(-200);
    this.world.send('plugin', { name: one.name });
  }

  list() {
    const plugins = [...this.known.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
    return { folder: '/var/lib/tapedeck/plugins', bundled: '/usr/share/tapedeck/plugins', plugins };
  }

  act(name, what) {
    const one = this.known.get(name);
    if (what === 'pause') Object.assign(one, { state: 'paused', since: ago(0), by: 'ann' });
    if (what === 'resume') one.state = 'ready';
    return this.changed(one);
  }

  decide(name, grant, isGranted) {
    const one = this.known.get(name);
    const it = one.capabilities.find(({ capability, what }) => `${capability}=${what}` === grant);
    Object.assign(it, { is_granted: isGranted, decided_by: isGranted ? 'approved' : 'withdrawn' });
    return this.changed(one);
  }

  changed(one) {
    this.world.send('plugin', { name: one.name });
    return { status: 200, body: one };
  }
}
