// The archive of the stand-in: chats in several scripts, messages made from their numbers, and some trouble.
const iso = (ms) => new Date(ms).toISOString();
const DAY = 86_400_000;
const now = Date.now();

const TITLES = [
  ['Ada Lovelace', 'private'], ['Кино и немцы', 'supergroup'], ['نادي القراءة', 'group'], ['每日新闻', 'channel'], ['Günter & Søn: a title that is far too long for the width of any phone', 'supergroup'],
  ['', 'private'], ['Weather bot', 'bot'], ['Rust, slowly', 'channel'], ['Family', 'group'], ['Club of the old tape decks', 'supergroup'],
];
const WORDS = [
  'See you at eight, then.', 'Пластинка нашлась, и даже целая.', 'هل قرأتم الفصل الأخير؟', '今天的天气很好,我们去公园吧。', 'Das Mädchen mit der Kassette ist wieder da.',
  'A longer message, which says more than one thing: first this, then that, and after a line of its own\n\nstill something else, with https://example.com/a/very/long/address/that/has/to/break/somewhere/or/it/will/not/fit?and=more.', 'ok',
];
const MEDIA = [
  { kind: 'photo', name: null, bytes: 231_000, seconds: null, file: 'held', why: null },
  { kind: 'voice', name: null, bytes: 81_000, seconds: 23, file: 'held', why: null },
  { kind: 'video', name: 'holiday.mp4', bytes: 812_000_000, seconds: 3723, file: 'skipped', why: 'larger than 100 MiB' },
  { kind: 'document', name: 'a report with a long name, and then some.pdf', bytes: 4_100_000, seconds: null, file: 'wanted', why: null },
];

const chat = (title, kind, at) => ({
  account: at % 4 === 3 ? 'work' : 'main', id: kind === 'private' || kind === 'bot' ? 1000 + at : -1_001_000_000_000 - at, kind, title, username: at % 3 ? null : `name_${at}`,
  is_archived: at === 8, is_pinned: at === 0, is_forum: at === 4, is_left: at === 7, moved_to: at === 2 ? -1_001_000_000_001 : null, cursor: at === 9 ? null : 14_000 * at, is_read_to_end: at < 8, photo: null,
  figures: { messages: 120 + 13_331 * at, deleted: at * 7, files: at * 310, file_bytes: at * 81_000_000, oldest: 1, newest: 120 + 14_000 * at, first_date: iso(now - 900 * DAY), last_date: iso(now - at * at * 3_600_000 - 60_000) },
});

const message = (id, newest) => {
  const has = id % 5 === 2;
  return {
    id, date: iso(now - (newest - id) * 2_400_000), edited: id % 9 === 4 ? iso(now - (newest - id) * 2_300_000) : null, sender: 1000 + (id % 3), sender_name: ['Ada Lovelace', 'Grace Hopper', 'Лев Термен'][id % 3],
    is_outgoing: id % 3 === 1, is_pinned: id % 31 === 0, text: id % 17 === 3 ? '' : WORDS[id % WORDS.length], media: has ? MEDIA[id % MEDIA.length] : null, action: id % 17 === 3 ? 'chat_add_user' : null,
    reply_to: id % 7 === 5 ? id - 4 : null, forwarded_from: id % 11 === 7 ? 'Somebody else' : null, deleted: id % 13 === 6 ? iso(now - (newest - id) * 2_000_000) : null, versions: id % 9 === 4 ? 2 : 0,
  };
};

export class Archive {
  constructor(world, { empty }) {
    this.world = world;
    this.isThere = !empty;
    this.known = TITLES.map(([title, kind], at) => chat(title, kind, at));
    this.bad = [18_311, 18_312].map((id) => ({ account: 'main', chat: this.known[1].id, chat_title: this.known[1].title, id, reason: 'unexpected constructor 0x1c32b11c at byte 118', attempts: 2, first: iso(now - DAY), last: iso(now - 3_600_000) }));
    const held = (number, kind, messages, text) => ({ number, account: 'main', chat: this.known[4].id, chat_title: this.known[4].title, kind, at: iso(now - 7_200_000), messages, ids: [1, 2, 3], text });
    this.undoable = [held(2, 'deletion', 31, null), held(1, 'edit', 1, null)].map(({ chat_title: title, ids: _, text: __, ...it }) => ({ ...it, title }));
    this.held = [held(3, 'deletion', 1204, null), held(4, 'edit', 1, 'bought by nobody')];
  }

  overview() {
    if (!this.isThere) return { is_there: false, engine: null, figures: null, max_upload: 2 ** 31 };
    const sum = (of) => this.known.reduce((all, it) => all + it.figures[of], 0);
    return {
      is_there: true, engine: 'sqlite', max_upload: 2 ** 31,
      figures: { chats: this.known.length, users: 4_211, messages: sum('messages'), deleted: sum('deleted'), versions: 812, files: sum('files'), files_held: sum('files') - 71, files_wanted: 71, blob_bytes: sum('file_bytes'), database_bytes: 88_000_000, poison: this.bad.length, blocked: this.held.length, sequence: 99, unindexed: 1204 },
    };
  }

  chats(query) {
    const title = (query.get('title') ?? '').toLowerCase();
    const account = query.get('account');
    const fitting = this.known.filter((it) => it.title.toLowerCase().includes(title) && (!account || it.account === account));
    const ordered = query.get('order') === 'title' ? fitting.toSorted((a, b) => a.title.localeCompare(b.title)) : fitting;
    return { chats: ordered, next: null };
  }

  chat(id) {
    const found = this.known.find((it) => it.id === Number(id));
    return found;
  }

  messages(id, query) {
    const newest = this.chat(id).figures.newest;
    const limit = Number(query.get('limit') ?? 50);
    const [before, after, around] = ['before', 'after', 'around'].map((name) => (query.has(name) ? Number(query.get(name)) : null));
    const until = Math.min(newest, before !== null ? before - 1 : after !== null ? after + limit : around !== null ? around + limit / 2 : newest);
    const from = Math.max(1, after !== null ? after + 1 : until - limit + 1);
    const list = [];
    for (let at = from; at <= until; at += 1) list.push(message(at, newest));
    return { messages: list, older: from > 1 ? from : null, newer: until < newest ? until : null };
  }

  search(query) {
    const word = (query.get('q') ?? '').toLowerCase();
    const found = [];
    for (const it of this.known) {
      if (query.has('chat') && Number(query.get('chat')) !== it.id) continue;
      for (let id = it.figures.newest; id > it.figures.newest - 40; id -= 1) {
        const made = message(Math.max(1, id), it.figures.newest);
        if (made.text.toLowerCase().includes(word)) found.push({ ...made, account: it.account, chat: it.id, chat_title: it.title });
      }
    }
    return { found: found.slice(0, 50), next: found.length > 50 ? 7 : null };
  }

  versions = () => ({ versions: [{ text: 'See you at seven.', since: iso(now - DAY) }, { text: 'See you at half past seven.', since: iso(now - DAY / 2) }] });
  certificate(id) {
    const { newest, messages, deleted } = this.chat(id).figures;
    const gaps = [{ first: 4, last: 11 }, ...Array.from({ length: 30 }, (_, at) => ({ first: 200 + at * 31, last: 200 + at * 33 }))].filter((gap) => gap.last < newest);
    const unread = gaps.reduce((sum, gap) => sum + gap.last - gap.first + 1, 0);
    return {
      account: 'main', chat: Number(id), title: '', at: iso(now), newest, read: [], gaps, ids: newest, proven: newest - unread, share: (newest - unread) / newest, held: messages, deleted, loose: 3, removed: 0,
      skipped: { 'topic 4 is not kept': 12 }, unreadable: [], not_shown: newest - messages,
    };
  }

  sweeps() {
    const line = (at, state, more = {}) => ({ chat: this.known[at].id, title: this.known[at].title, state, new: 0, from: 0, at: 0, top: this.known[at].figures.newest, reason: null, ...more });
    const chats = [
      line(1, 'reading', { new: 8400, at: 8700 }), line(7, 'failed', { reason: 'Telegram refused messages.getHistory: CHANNEL_PRIVATE: the account is not in this channel any more' }), line(5, 'waiting'), line(8, 'waiting'), line(9, 'waiting'),
      line(4, 'done', { new: 31 }), line(2, 'done', { new: 1 }), line(0, 'done'), line(6, 'done', { new: 12_044 }),
    ];
    const counts = { reading: 1, failed: 1, out_of_reach: 0, waiting: 203, done: 4, unchanged: 790 };
    return { sweeps: this.isThere ? [{ account: 'main', run: this.world.running?.('archive') ?? null, began: iso(now - 222_000), stage: 'chats', counts, chats }] : [] };
  }

  formats = () => ({
    formats: [['html', 'Pages that look like the app and open without a network'], ['telegram-desktop', 'result.json as Telegram Desktop writes it, of one chat or of many'], ['json', 'Messages in the shape that Telegram-Archive writes'], ['csv', 'A table for spreadsheets']].map(([format, summary]) => ({ format, plugin: format, extension: format, summary, appends: true })),
  });

  #run = (at, kind, status, more) => ({
    id: `01975f5e-9f0b-7d2e-8a53-00000000000${at}`, job: `${kind}-by-hand`, kind, trigger: { by: 'manual', who: 'ann' }, due: iso(now - at * 900_000), created: iso(now - at * 900_000), started: iso(now - at * 900_000),
    ended: status === 'running' ? null : iso(now - at * 890_000), status, reason: null, waiting_until: null, attempt: 1, attempts: 1, progress: null, summary: null, error: null, covers: null, ...more,
  });

  exports() {
    const summary = { text: '13,412 messages of 12 chats to /srv/tapedeck/data/exports/export-by-hand-2026-11-21-194522, 512 files', data: { path: '/srv/tapedeck/data/exports/export-by-hand-2026-11-21-194522', bytes: 812_000_000 } };
    const progress = { done: 4100, total: 13_412, unit: 'messages', message: 'Günter & Søn: a title that is far too long for the width of any phone' };
    return {
      exports: this.isThere ? [
        { is_there: false, run: this.#run(9, 'export', 'running', { progress }) }, { is_there: true, run: this.#run(7, 'export', 'succeeded', { summary }) },
        { is_there: false, run: this.#run(5, 'import', 'failed', { error: '/home/ann/DataExport cannot be read: No such file or directory: name an export’s folder, or its file' }) },
      ] : [],
    };
  }

  start = (what) => this.#run(9, what.slice(0, -1), 'running', {});

  poison = () => ({ poison: this.bad });
  blocked = () => ({ blocked: this.held, next: null });
  undo = () => ({ applied: this.undoable, next: null });

  takeBack({ number, dry_run }) {
    const { kind, messages, chat, title } = this.undoable.find((it) => it.number === number);
    if (!dry_run) this.undoable = this.undoable.filter((it) => it.number !== number);
    return { messages, edits: kind === 'edit' ? 1 : 0, chats: [{ chat, title, messages }], removed: 0 };
  }

  retry({ id }) {
    const healed = this.bad.filter((it) => it.id === id && id % 2 === 0).length;
    if (healed) this.bad = this.bad.filter((it) => it.id !== id);
    return { asked: 1, healed };
  }

  decide(number, what) {
    const meant = this.held.find((it) => it.number === Number(number));
    this.held = this.held.filter((it) => it !== meant);
    const { chat_title: title, ids: _, text: __, ...applied } = meant;
    if (what === 'apply') this.undoable = [{ ...applied, title, at: iso(Date.now()) }, ...this.undoable];
    this.world.send('archive', {});
    return { number: meant.number, is_applied: what === 'apply', messages: meant.messages };
  }
}

/** For jobs of these kinds; what else they have is the world's. */
export const ARCHIVE_JOBS = [
  { name: 'archive', kind: 'archive', gap: 21_600_000, took: 600_000, triggers: ['every 6 hours', 'when the daemon starts'], mix: 'wssssss', policy: { every: '6h', at_start: true }, settings: {} },
  { name: 'listen', kind: 'listen', gap: 86_400_000, took: 80_000_000, triggers: ['when the daemon starts'], mix: 'rss', policy: { at_start: true }, settings: {} },
  { name: 'monthly-export', kind: 'export', gap: 2_592_000_000, took: 60_000, triggers: ['on the 1st at 04:00'], mix: 'sfs', policy: { cron: '0 4 1 * *' }, settings: { exporter: 'html' } },
];
