/** Music: the daemon's shapes, calls and words. */
import { ApiProblem, call, onSignedOut, part } from './api';
import { bytesOrCount, duration } from './format';
import type { Json } from './types';

export type Track = {
  title: string;
  artists: string[];
  album: string | null;
  duration_ms: number | null;
  cover_url: string | null;
};

export type SourceState = 'silent' | 'playing' | 'paused' | 'idle' | 'limited' | 'failing';

export type Source = {
  source: string;
  state: SourceState;
  heard_at: string | null;
  limited_until: string | null;
  calls_last_hour: number;
  problem: string | null;
};

export type Now = {
  source: string;
  device: string | null;
  track: Track;
  is_playing: boolean;
  started: string;
  progress_ms: number | null;
  as_of: string;
  /** None before it has been listened to for long enough. */
  song: string | null;
};

export type Player = { is_running: boolean; is_stopped: boolean; now: Now | null; sources: Source[] };

export type Song = {
  place: number;
  is_ours: boolean;
  track: string | null;
  title: string | null;
  performer: string | null;
  seconds: number;
  backend: string | null;
  is_placeholder: boolean;
  has_cover: boolean;
  is_chosen: boolean;
  /** Where it can be listened to. */
  recording: string | null;
};

export type Profile = { account: string; seen: string | null; waiting_until: string | null; songs: Song[] };

/** How far a fetch is. */
export type Far = { percent: number; done_bytes: number | null; total_bytes: number | null };

export type BackendWord = {
  backend: string;
  state: 'waiting' | 'finding' | 'fetching' | 'found' | 'nothing' | 'not-again' | 'failed' | 'cancelled' | 'looked';
  began: string | null;
  candidate: string | null;
  /** None: nobody knows how far it is. */
  progress: Far | null;
  reason: string | null;
  until: string | null;
  is_placeholder: boolean;
  candidates: number;
};

export type Queued = {
  track: string;
  title: string;
  artists: string[];
  is_upgrade: boolean;
  stage: 'waiting' | 'fetching' | 'sending' | 'later';
  sent_bytes: number | null;
  total_bytes: number | null;
  next_try: string | null;
  backends: BackendWord[];
};

export type Queue = { backends: string[]; keep: number | null; waiting_until: string | null; tracks: Queued[] };

export type Candidate = {
  id: string;
  url: string;
  title: string;
  artists: string[];
  album: string | null;
  duration_ms: number | null;
  score: number;
  is_verified: boolean;
  views: number | null;
  is_taken: boolean;
  is_chosen: boolean;
  why_not: string | null;
  facts: Record<string, Json>;
};

export type Attempt = {
  backend: string;
  began: string;
  ended: string | null;
  outcome: { is: string; candidate?: string; reason?: string; until?: string; is_placeholder?: boolean };
  progress: Far | null;
  candidates: Candidate[];
  passed_over: { id: string; title: string; artists: string[]; why: string }[];
};

export type Choice = {
  track: string;
  title: string;
  backend: string;
  candidate: { id: string; url?: string; title?: string; artists?: string[] };
  chosen: string;
};

export type ChoicesFile = { version: number; choices: Choice[] };

export type Explained = {
  track: string;
  title: string | null;
  artists: string[];
  album: string | null;
  duration_ms: number | null;
  has_cover: boolean;
  played: string | null;
  removed: string | null;
  next_try: string | null;
  next_better: string | null;
  choice: Choice | null;
  backends: string[];
  songs: { backend: string; candidate: string; is_placeholder: boolean; seconds: number; place: string; recording: string | null }[];
  attempts: { attempts: Attempt[] } | null;
};

export type Play = {
  id: string;
  key: string;
  track: Track;
  sources: { source: string; client: string | null }[];
  started: string;
  ended: string | null;
  ended_how: 'finished' | 'skipped' | 'stopped' | 'unknown' | null;
  listened_ms: number;
};

export type Spotify = {
  user: { id: string; name: string } | null;
  since: string | null;
  redirect_uri: string;
} & (
  | { state: 'no-application' | 'logged-out' | 'logged-in' }
  | { state: 'rate-limited'; until: string }
  | { state: 'refused'; reason: string }
);

export type SpotifyLogin = { id: string; link: string; direct_link: string; expires_at: string } & (
  | { step: 'waiting' | 'checking' }
  | { step: 'done'; user: { name: string } | null }
  | { step: 'failed'; reason: string }
);

export type Asked = { song?: string; songs?: number; is_unheard: boolean };
export type Imported = { added: number; replaced: number; kept: number; same: number; choices: { title: string; track: string; what: string }[] };

const of = (account: string, more: Record<string, string> = {}) => {
  const query = new URLSearchParams(account ? { ...more, account } : more).toString();
  return query && `?${query}`;
};
const whose = (account: string) => (account ? { account } : {});

export const music = {
  now: () => call<Player>('GET', '/music/now'),
  profile: (account: string) => call<Profile>('GET', `/music/profile${of(account)}`),
  queue: (account: string) => call<Queue>('GET', `/music/queue${of(account)}`),
  explain: (song: string, account: string) => call<Explained>('GET', `/music/profile/explain${of(account, { song })}`),
  look: (song: string, backend: string, account: string) =>
    call<Explained>('POST', '/music/profile/look', { song, backend, ...whose(account) }),
  remove: (song: string, account: string) => call<Asked>('POST', '/music/profile/remove', { song, ...whose(account) }),
  move: (song: string, after: string | null, account: string) =>
    call<Asked>('POST', '/music/profile/move', { song, after, ...whose(account) }),
  clean: (account: string) => call<Asked>('POST', '/music/profile/clean', whose(account)),
  add: (file: File, account: string) => send<Asked>(`/music/profile/songs${of(account, { name: file.name })}`, file),
  choices: () => call<ChoicesFile>('GET', '/music/choices'),
  choose: (song: string, backend: string, candidate: string, account: string) =>
    call<Choice>('POST', '/music/choices', { song, backend, candidate, ...whose(account) }),
  undo: (song: string, account: string) => call<Asked>('POST', '/music/choices/undo', { song, ...whose(account) }),
  importChoices: (file: unknown) => call<Imported>('POST', '/music/choices/import', { file }),
  history: (query: Record<string, string>) =>
    call<{ plays: Play[]; next: string | null; total: number }>('GET', `/music/history?${new URLSearchParams(query)}`),
  spotify: () => call<Spotify>('GET', '/spotify'),
  logOut: () => call<void>('POST', '/spotify/logout'),
  beginLogin,
  login: (id: string) => call<SpotifyLogin>('GET', `/spotify/logins/${part(id)}`),
  answerLogin: (id: string, answer: string) => call<SpotifyLogin>('POST', `/spotify/logins/${part(id)}/answer`, { answer }),
};

async function send<T>(path: string, file: File): Promise<T> {
  const response = await fetch(`/api/v1${path}`, { method: 'POST', body: file, credentials: 'same-origin', headers: { 'content-type': 'application/octet-stream' } }).catch(() => null);
  const body = ((await response?.json().catch(() => null)) ?? {}) as { title?: string; detail?: string; fix?: string };
  if (response?.status === 401) onSignedOut.call();
  if (!response?.ok) throw new ApiProblem(response?.status ?? 0, body.title ?? 'No answer', body.detail ?? 'the daemon did not take the file', body.fix ?? null, null);
  return body as T;
}

/** While another program has the port, nobody comes back by themselves: then the answer is pasted. */
async function beginLogin(): Promise<SpotifyLogin> {
  const path = '/spotify/logins';
  return call<SpotifyLogin>('POST', path).catch((error) => {
    if (!(error instanceof ApiProblem && error.status === 409)) throw error;
    return call<SpotifyLogin>('POST', `${path}?paste=true`);
  });
}

export const coverOf = (song: string) => `/api/v1/music/cover?song=${part(song)}`;
export const coverNow = (now: Now) => `/api/v1/music/cover?for=${part(now.started)}`;
export const recordingOf = (recording: string, account: string) => recording + of(account);
export const songAddress = (song: string, account = '') => `/music/songs/${part(song)}${of(account)}`;

const SOURCES: Record<string, string> = { spotify: 'Spotify', listenbrainz: 'Scrobblers' };
export const sourceWord = (source: string) => SOURCES[source] ?? source;

/** `3:07`, `1:02:09` */
export function length(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const pair = (value: number) => String(value).padStart(2, '0');
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor((seconds % 3600) / 60)];
  return hours ? `${hours}:${pair(minutes)}:${pair(seconds % 60)}` : `${minutes}:${pair(seconds % 60)}`;
}

/** How far a song is at `now`, as far as one can tell. */
export function progressAt(playing: Now, now: number): number | null {
  if (playing.progress_ms === null) return null;
  const since = playing.is_playing ? Math.max(0, now - Date.parse(playing.as_of)) : 0;
  return Math.min(playing.progress_ms + since, playing.track.duration_ms ?? Infinity);
}

const ENDS = { finished: 'to the end', skipped: 'skipped', stopped: 'stopped', unknown: '' } as const;
export const endWord = (play: Play) => ENDS[play.ended_how ?? 'unknown'];

/** What a backend is at, in a few words. */
export function backendWords(word: BackendWord, now: number): string {
  const found = word.candidates === 1 ? '1 candidate' : `${word.candidates} candidates`;
  switch (word.state) {
    case 'waiting':
      return 'waits for its turn';
    case 'finding':
      return `searches, for ${since(word.began, now)}`;
    case 'fetching':
      return `fetches “${word.candidate ?? ''}”, ${word.progress ? farWords(word.progress) : `for ${since(word.began, now)}`}`;
    case 'found':
      return word.is_placeholder ? 'gave silence for now' : `has “${word.candidate ?? ''}”`;
    case 'nothing':
      return 'does not have it';
    case 'not-again':
      return word.reason ?? 'had nothing';
    case 'failed':
      return `failed: ${word.reason ?? 'nobody knows why'}`;
    case 'cancelled':
      return 'was stopped';
    case 'looked':
      return `has ${found}`;
  }
}

/** `42 %`, `42 %, 3.1 MB of 7.4 MB` */
export const farWords = ({ percent, done_bytes, total_bytes }: Far) =>
  total_bytes === null ? `${percent} %` : `${percent} %, ${bytesOrCount(done_bytes ?? 0, 'bytes')} of ${bytesOrCount(total_bytes, 'bytes')}`;

const since = (began: string | null, now: number) => duration(began ? Math.max(1000, now - Date.parse(began)) : 1000);

export function stageWords(track: Queued): string {
  switch (track.stage) {
    case 'sending':
      return track.is_upgrade ? 'A better recording goes up' : 'Goes up to Telegram';
    case 'fetching':
      return track.is_upgrade ? 'A better recording is being fetched' : 'Being fetched';
    case 'waiting':
      return track.is_upgrade ? 'Waits for a better recording' : 'Waits for its turn';
    case 'later':
      return track.is_upgrade ? 'No better recording, for now' : 'No recording, for now';
  }
}
