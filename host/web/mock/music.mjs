// Music of the stand-in: a song that plays, a profile with everything that can be there, a queue in all its states.
const iso = (ms) => new Date(ms).toISOString();
const ago = (seconds) => iso(Date.now() - seconds * 1000);

const track = (title, artists, seconds, album = null) => ({ title, artists: [artists].flat(), album, duration_ms: seconds * 1000, cover_url: 'https://pictures.example/1', spotify_id: null, isrc: null });
const TRACKS = [
  track('Blue Monday', 'New Order', 447, 'Power, Corruption & Lies'),
  track('Группа крови', 'Кино', 285, 'Группа крови'),
  track('Everything in Its Right Place', 'Radiohead', 251, 'Kid A'),
  track('A Very Long Title That Goes On and On (feat. Somebody Whose Name Is Long Too) - Remastered 2011', ['The Orchestra of Long Names', 'Guest'], 612),
  track('浪花一朵朵', '任賢齊', 238),
  track('Hurt', 'Johnny Cash', 218, 'American IV'),
  track('Song of the Day', 'Ann', 190),
];
const key = (at) => `spotify:${at}`;
const song = (at, over) => ({
  place: at + 1, is_ours: true, track: key(at), title: TRACKS[at].title, performer: TRACKS[at].artists.join(', '), seconds: Math.round(TRACKS[at].duration_ms / 1000),
  backend: 'spotdl', is_placeholder: false, message: 100 + at, document: at, recording: `/api/v1/music/profile/songs/${at}/recording`, has_cover: true, is_chosen: false, ...over,
});
const word = (backend, state, over) => ({ backend, state, began: ago(12), candidate: null, progress: null, reason: null, until: null, is_placeholder: false, candidates: 0, ...over });
const queued = (at, stage, over, ...backends) => ({
  track: key(at), title: TRACKS[at].title, artists: TRACKS[at].artists, is_upgrade: true, stage, sent_bytes: null, total_bytes: null, next_try: null, backends, ...over,
});
const zero = word('zero', 'found', { candidate: 'silence', is_placeholder: true });

const candidate = (id, title, score, over) => ({
  id, url: `https://music.youtube.com/watch?v=${id}`, title, artists: ['New Order'], album: null, duration_ms: 449_000, score, is_verified: false, is_explicit: null, views: 81_234_567,
  is_taken: false, is_chosen: false, why_not: null, facts: {}, ...over,
});

export class Music {
  constructor(world) {
    this.world = world;
    this.began = Date.now() - 83_000;
    this.songs = [
      song(0, {}),
      song(1, { is_placeholder: true, backend: 'zero', recording: null }),
      song(2, { is_chosen: true }),
      song(5, { is_ours: false, track: null, backend: null, has_cover: false }),
      song(3, {}),
      song(4, { backend: 'files' }),
      song(6, { track: 'added:1', backend: 'added', has_cover: false }),
    ];
    this.choice = { track: key(2), title: 'Radiohead - Everything in Its Right Place', backend: 'spotdl', candidate: { id: 'NUnXxh5U25Y', title: 'Everything In Its Right Place' }, chosen: ago(90_000) };
  }

  now() {
    const progress = (Date.now() - this.began) % TRACKS[0].duration_ms;
    const source = (name, state, over) => ({ source: name, state, heard_at: ago(4), limited_until: null, next_ask: null, calls_last_hour: 0, calls: 0, failures: 0, problem: null, ...over });
    return {
      is_running: true, is_stopped: false,
      now: { source: 'listenbrainz', device: 'Kitchen', track: TRACKS[0], is_playing: true, started: iso(this.began), progress_ms: progress, as_of: iso(Date.now()), play: null, song: key(0) },
      sources: [source('spotify', 'limited', { limited_until: iso(Date.now() + 5_400_000), calls_last_hour: 212 }), source('listenbrainz', 'playing')],
    };
  }

  profile = () => ({ account: 'main', seen: ago(40), waiting_until: null, songs: this.songs.map((it, at) => ({ ...it, place: at + 1 })), on_the_way: [] });

  queue = () => ({
    backends: ['zero', 'files', 'spotdl'], keep: 20, waiting_until: null,
    tracks: [
      queued(1, 'fetching', {}, zero, word('files', 'nothing'), word('spotdl', 'fetching', { candidate: 'Кино - Группа крови', progress: { percent: 42, done_bytes: null, total_bytes: null } })),
      queued(3, 'sending', { sent_bytes: 3_400_000, total_bytes: 7_900_000 }, zero, word('files', 'nothing'), word('spotdl', 'found', { candidate: 'A Very Long Title' })),
      queued(4, 'waiting', {}, zero, word('files', 'waiting'), word('spotdl', 'waiting')),
      queued(5, 'later', { next_try: iso(Date.now() + 3_000_000) }, zero, word('files', 'failed', { reason: 'cannot read the folder /music: no such file' }), word('spotdl', 'not-again', { until: iso(Date.now() + 80_000_000), reason: 'it has no such recording' })),
    ],
  });

  explain = () => ({
    track: key(0), title: 'Blue Monday', artists: ['New Order'], album: 'Power, Corruption & Lies', duration_ms: 447_000, has_cover: true, played: ago(83), removed: null, next_try: null, next_better: null,
    choice: null, backends: ['zero', 'files', 'spotdl'],
    songs: [{ backend: 'spotdl', candidate: 'c1GxjzHm5us', is_placeholder: false, bytes: 7_100_000, seconds: 449, made: ago(80), place: 'on', message: 3, document: 3, recording: '/api/v1/music/profile/songs/0/recording' }],
    attempts: {
      attempts: [
        { backend: 'zero', began: ago(83), ended: ago(83), outcome: { is: 'found', candidate: 'silence', is_placeholder: true }, candidates: [candidate('zero', 'silence', 0, { is_taken: true, url: '' })], passed_over: [] },
        { backend: 'files', began: ago(82), ended: ago(82), outcome: { is: 'nothing' }, candidates: [], passed_over: [] },
        {
          backend: 'spotdl', began: ago(82), ended: ago(60), outcome: { is: 'found', candidate: 'Blue Monday' },
          candidates: [
            candidate('xyzzy', 'Blue Monday (2016 Remaster)', 96.2, { why_not: 'it was tried, and would not do: it plays for 243 s, the track for 447 s', duration_ms: 243_000 }),
            candidate('c1GxjzHm5us', 'Blue Monday', 94.7, { is_taken: true, is_verified: true, album: 'Substance', facts: { scores: { name: 100, artists: 100, time: 81.9 }, place: 'songs' } }),
            candidate('FYH8DsU2WCk', 'Blue Monday (Official Lyric Video)', 82.1, { why_not: 'another one scored higher: 95' }),
          ],
          passed_over: [{ id: 'kara', title: 'Blue Monday (Karaoke)', artists: ['Sing Along'], why: 'it is another version: karaoke' }],
        },
      ],
    },
  });

  history = () => ({
    plays: TRACKS.map((it, at) => ({ id: String(at), key: key(at), track: it, sources: [{ source: at % 2 ? 'spotify' : 'listenbrainz', client: at % 3 ? null : 'navidrome', started: ago(at * 300) }], started: ago(80 + at * 420), ended: at ? ago(at * 400) : null, ended_how: at ? ['finished', 'skipped', 'stopped', 'unknown'][at % 4] : null, listened_ms: (it.duration_ms * (at + 2)) / 9 })),
    next: null, total: 1234,
  });

  spotify = () => ({ state: 'rate-limited', until: iso(Date.now() + 5_400_000), user: { id: 'ann', name: 'Ann' }, since: ago(900_000), scope: 'user-read-currently-playing', redirect_uri: 'http://127.0.0.1:8484/callback', login_url: 'http://127.0.0.1:8484/auth' });

  choices = () => ({ version: 1, choices: this.choice ? [this.choice] : [] });

  undo() {
    this.choice = null;
    this.world.send('track', { track: key(2) });
    return { status: 202, body: { song: 'Everything in Its Right Place', is_unheard: false } };
  }

  change(what, { song: named, after = null }) {
    const it = this.songs.find((known) => known.track === named);
    this.songs = this.songs.filter((known) => known !== it);
    if (what === 'move') this.songs.splice(this.songs.findIndex((known) => known.track === after) + 1, 0, it);
    setTimeout(() => this.world.send('profile', { account: 'main' }), 400);
    return { status: 202, body: { song: it.title, is_unheard: false } };
  }
}

/** For jobs of these kinds; what else they have is the world's. */
export const JOBS = [
  { name: 'player', kind: 'player', gap: 3_600_000, took: 3_000_000, triggers: ['when the daemon starts'], mix: 'rss', policy: { at_start: true }, settings: {} },
  { name: 'profile-music', kind: 'profile-music', gap: 600_000, took: 2_000, triggers: ['every 10 minutes', 'on track-started'], mix: 'ssss', policy: { every: '10m' }, settings: { keep: 20, backends: ['zero', 'files', 'spotdl'] } },
];
