/** The archive: the daemon's shapes, calls and words. */
import { call, part } from './api';
import { bytesOrCount, number } from './format';
import type { Json, Run } from './types';

export type Figures = {
  chats: number;
  users: number;
  messages: number;
  deleted: number;
  versions: number;
  files: number;
  files_held: number;
  files_wanted: number;
  blob_bytes: number;
  database_bytes: number;
  poison: number;
  blocked: number;
  unindexed: number;
};

export type Overview = {
  is_there: boolean;
  engine: 'sqlite' | 'postgres' | null;
  figures: Figures | null;
  /** Bytes that all uploads together may have. */
  max_upload: number;
};

export type ChatKind = 'private' | 'bot' | 'group' | 'supergroup' | 'channel' | 'direct' | 'community';

export type Chat = {
  account: string;
  id: number;
  kind: ChatKind;
  title: string;
  username: string | null;
  cursor: number | null;
  is_read_to_end: boolean;
  /** Of its picture, if that is archived. */
  photo: number | null;
  is_archived: boolean;
  is_pinned: boolean;
  is_forum: boolean;
  is_left: boolean;
  moved_to: number | null;
  figures: {
    messages: number;
    deleted: number;
    files: number;
    file_bytes: number;
    oldest: number | null;
    newest: number | null;
    first_date: string | null;
    last_date: string | null;
  };
};

export type Media = {
  kind: string;
  name: string | null;
  bytes: number | null;
  seconds: number | null;
  file: 'wanted' | 'held' | 'skipped' | 'failed' | null;
  why: string | null;
};

export type Message = {
  id: number;
  date: string;
  edited: string | null;
  sender: number | null;
  sender_name: string | null;
  is_outgoing: boolean;
  is_pinned: boolean;
  text: string;
  media: Media | null;
  action: string | null;
  reply_to: number | null;
  forwarded_from: string | null;
  deleted: string | null;
  versions: number;
};

export type MessagesPage = { messages: Message[]; older: number | null; newer: number | null };
export type Found = Message & { account: string; chat: number; chat_title: string | null };
export type Version = { text: string; since: string };

export type Poison = {
  account: string;
  chat: number;
  chat_title: string | null;
  id: number;
  reason: string;
  attempts: number;
  first: string;
  last: string;
};

export type Blocked = {
  number: number;
  account: string;
  chat: number;
  chat_title: string | null;
  kind: 'edit' | 'deletion';
  at: string;
  messages: number;
  ids: number[];
  text: string | null;
};

/** What had been held back and was applied. */
export type Applied = {
  number: number;
  account: string;
  chat: number;
  title: string;
  kind: Blocked['kind'];
  messages: number;
  at: string;
};

/** What came back, or would. */
export type Undone = { messages: number; edits: number; removed: number };

export type Range = { first: number; last: number };

export type Certificate = {
  at: string;
  newest: number;
  read: Range[];
  gaps: Range[];
  ids: number;
  proven: number;
  share: number;
  held: number;
  deleted: number;
  /** Of these, messages outside of what was read: heard or imported, not proven. */
  loose: number;
  /** Read, kept, and removed here for good since. */
  removed: number;
  /** Left out when they were read, by reason. */
  skipped: Record<string, number>;
  unreadable: { id: number; reason: string; attempts: number }[];
  /** Numbers that were read and stand for no message that this account is shown. */
  not_shown: number;
};

export type ChatState = 'reading' | 'failed' | 'out-of-reach' | 'waiting' | 'done' | 'unchanged';

export type ChatLine = {
  chat: number;
  title: string;
  state: ChatState;
  new: number;
  from: number;
  at: number;
  top: number;
  reason: string | null;
};

export type Sweep = {
  account: string;
  run: string | null;
  began: string | null;
  stage: 'list' | 'chats' | 'files' | 'over';
  counts: { reading: number; failed: number; out_of_reach: number; waiting: number; done: number; unchanged: number };
  chats: ChatLine[];
};

export type Format = { format: string; plugin: string; extension: string; summary: string; appends: boolean };
export type Export = { run: Run; is_there: boolean };

export type ExportRequest = {
  formats: string[];
  chats?: string[];
  account?: string;
  from?: string;
  to?: string;
  query?: string;
  without_deleted?: boolean;
  media?: 'none' | 'link' | 'copy';
};

export type ImportRequest = {
  path: string;
  from?: string;
  account?: string;
  chat?: number;
  zone?: string;
  media?: string;
  skip_media: boolean;
  dry_run: boolean;
};

type Words = Record<string, string | number | boolean | null | undefined>;

function query(values: Words): string {
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries(values)) if (value || value === 0) search.set(key, String(value));
  const text = search.toString();
  return text && `?${text}`;
}

const at = (account: string, chat: number | string, rest = '', more: Words = {}) =>
  `/archive/chats/${part(String(chat))}${rest}${query({ account, ...more })}`;

export const archive = {
  overview: () => call<Overview>('GET', '/archive'),
  chats: (wanted: Words) => call<{ chats: Chat[]; next: string | null }>('GET', `/archive/chats${query(wanted)}`),
  chat: (account: string, chat: string) => call<Chat>('GET', at(account, chat)),
  messages: (account: string, chat: string, wanted: Words) => call<MessagesPage>('GET', at(account, chat, '/messages', wanted)),
  versions: (account: string, chat: number | string, message: number) =>
    call<{ versions: Version[] }>('GET', at(account, chat, '/versions', { message })),
  certificate: (account: string, chat: string) => call<Certificate>('GET', at(account, chat, '/certificate')),
  search: (wanted: Words) => call<{ found: Found[]; next: number | null }>('GET', `/archive/search${query(wanted)}`),
  poison: (wanted: Words = {}) => call<{ poison: Poison[]; next: string | null }>('GET', `/archive/poison${query(wanted)}`),
  blocked: (wanted: Words = {}) => call<{ blocked: Blocked[]; next: number | null }>('GET', `/archive/blocked${query(wanted)}`),
  applied: (wanted: Words) => call<{ applied: Applied[]; next: number | null }>('GET', `/archive/undo${query(wanted)}`),
  undo: ({ account, number }: Applied, isRehearsal: boolean) =>
    call<Undone>('POST', '/archive/undo', { account, number, dry_run: isRehearsal }),
  retry: (wanted: { account: string; chat: number; id: number } | { account: string; chat: number }) =>
    call<{ asked: number; healed: number }>('POST', '/archive/poison/retry', wanted),
  sweeps: () => call<{ sweeps: Sweep[] }>('GET', '/archive/sweeps'),
  formats: () => call<{ formats: Format[] }>('GET', '/archive/formats'),
  exports: () => call<{ exports: Export[] }>('GET', '/archive/exports'),
  startExport: (request: ExportRequest) => call<Run>('POST', '/archive/exports', request),
  startImport: (request: ImportRequest) => call<Run>('POST', '/archive/imports', request),
  decide: (number: number, what: 'apply' | 'dismiss') => call<{ messages: number }>('POST', `/archive/blocked/${number}/${what}`, {}),
};

/** Where a chat is looked at, or one message of it. */
export const chatAddress = (account: string, chat: number, message?: number) =>
  `/archive/${chat}${query({ account, at: message })}`;

/** Where the picture of a chat is, if there is one. */
export const pictureOf = ({ account, id, photo }: Chat) =>
  photo === null ? null : `/api/v1/archive/chats/${part(String(id))}/picture${query({ account })}`;

/** What an export wrote, as one file. */
export const exportFile = (run: string) => `/api/v1/archive/exports/${part(run)}/file`;

/** Runs that nobody configured. */
export const IMPORT_BY_HAND = 'import-by-hand';

export const IMPORT_KINDS: Record<string, string> = {
  'telegram-desktop': 'Telegram Desktop (result.json)',
  'telegram-desktop-html': 'Telegram Desktop (pages)',
  'telegram-archive': 'Telegram-Archive (database)',
  'scraper-server': 'telegram-scraper-server',
  json: 'JSON of Tapedeck or Telegram-Archive',
};

/** A word that a run's summary has. */
export function told(run: Run, key: string): Json | undefined {
  const data = run.summary?.data;
  return data && typeof data === 'object' && !Array.isArray(data) ? data[key] : undefined;
}

/** Jobs that write to the archive or read from it. */
export const KINDS = ['archive', 'listen', 'fill', 'recheck', 'verify', 'avatars', 'stats', 'prune', 'export', 'import'];

const KIND_WORDS: Record<ChatKind, string> = {
  private: 'Private chat',
  bot: 'Bot',
  group: 'Group',
  supergroup: 'Group',
  channel: 'Channel',
  direct: 'Messages to a channel',
  community: 'Community',
};
export const kindWord = (kind: ChatKind) => KIND_WORDS[kind] ?? kind;

export const titleOf = (title: string | null, id: number) => title || (id > 0 ? `Deleted account ${id}` : `Chat ${id}`);

export const size = (bytes: number) => bytesOrCount(bytes, 'bytes');
/** `1,204 messages` */
export const counted = (count: number, one: string, many = `${one}s`) => `${number(count)} ${count === 1 ? one : many}`;

const MEDIA: Record<string, string> = {
  photo: 'Photo',
  video: 'Video',
  'video-note': 'Video message',
  animation: 'GIF',
  voice: 'Voice message',
  audio: 'Music',
  sticker: 'Sticker',
  document: 'File',
  contact: 'Contact',
  place: 'Place',
  'live-place': 'Live location',
  venue: 'Venue',
  poll: 'Poll',
  'web-page': 'Link preview',
  game: 'Game',
  invoice: 'Invoice',
  dice: 'Dice',
  story: 'Story',
  giveaway: 'Giveaway',
  'giveaway-results': 'Results of a giveaway',
  paid: 'Paid media',
  'to-do': 'To-do list',
  'video-stream': 'Video stream',
  unsupported: 'Something that Telegram did not tell',
  empty: 'Media that is gone',
};
export const mediaWord = (kind: string) => MEDIA[kind] ?? kind;
/** What people search for by kind. */
export const MEDIA_CHOICES = ['photo', 'video', 'voice', 'audio', 'document', 'sticker', 'animation', 'video-note', 'poll', 'place', 'contact', 'web-page'];

const FILES = { wanted: 'not fetched yet', held: 'in the archive', skipped: 'not kept', failed: 'could not be fetched' } as const;
export const fileWords = (media: Media) => (media.file ? `${FILES[media.file]}${media.why ? `: ${media.why}` : ''}` : '');

/** `chat_add_user` as people say it: `Chat add user`. */
export const actionWords = (action: string) => action.replaceAll('_', ' ').replace(/^./, (letter) => letter.toUpperCase());

export function blockedWords({ kind, messages }: Pick<Blocked, 'kind' | 'messages'>): string {
  return kind === 'edit' ? `An edit of ${counted(messages, 'message')}` : `The deletion of ${counted(messages, 'message')}`;
}

/** What taking it back would do, as a rehearsal says. */
export function undoWords({ kind, messages: all }: Applied, { messages }: Undone): string {
  if (!messages) return 'Nothing is left to take back: the messages are back already, or were removed for good.';
  if (kind === 'edit') return 'The message says again what it said before. The edit stays among its earlier texts.';
  const rest = messages < all ? ' The others are back already, or were removed for good.' : '';
  const they = messages === 1 ? 'it stays, whatever Telegram says of it' : 'they stay, whatever Telegram says of them';
  return `${share(messages, all)} will no longer be marked as deleted, and ${they}.${rest}`;
}

/** What taking it back has done. */
export function undoneWords(operation: Applied, { messages }: Undone): string {
  if (!messages) return 'Nothing was left to take back';
  if (operation.kind === 'deletion' && messages < operation.messages) return `${share(messages, operation.messages)} came back`;
  return `${blockedWords(operation)} was taken back`;
}

const share = (some: number, all: number) => (some < all ? `${number(some)} of ${counted(all, 'message')}` : counted(all, 'message'));

/** The words that were searched for, in the text that was found, as far as they stand there as they were typed. */
export function marked(text: string, search: string): { text: string; isFound: boolean }[] {
  const words = search.replaceAll('"', ' ').split(/\s+/).filter(Boolean);
  const escaped = words.map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  const shown = excerpt(text, escaped);
  if (!escaped.length) return [{ text: shown, isFound: false }];
  const parts = shown.split(new RegExp(`(${escaped.join('|')})`, 'giu'));
  return parts.map((piece, at) => ({ text: piece, isFound: at % 2 === 1 })).filter((piece) => piece.text);
}

const BEFORE = 80;
const LONGEST = 600;

/** From a little before the first word on. */
function excerpt(text: string, escaped: string[]): string {
  const first = escaped.length ? text.search(new RegExp(escaped.join('|'), 'iu')) : 0;
  const from = first > 2 * BEFORE ? text.lastIndexOf(' ', first - BEFORE) + 1 || first - BEFORE : 0;
  const until = from + LONGEST;
  return `${from ? '…' : ''}${text.slice(from, until)}${until < text.length ? '…' : ''}`;
}
