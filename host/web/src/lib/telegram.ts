/** Accounts at Telegram and logging in to them: the daemon's shapes, calls and words. */
import { call, part } from './api';

export type TelegramUser = { id: number; name: string; username: string | null; phone_masked: string | null };
export type Pace = 'gentle' | 'normal' | 'fast';

export type Account = {
  name: string;
  description: string | null;
  user: TelegramUser | null;
  data_center: number | null;
  pace: Pace;
  last_answer: string | null;
  is_default: boolean;
} & (
  | { state: 'logged-out' | 'idle' | 'connected' }
  | { state: 'waiting'; until: string }
  | { state: 'unreachable' | 'unusable' | 'revoked'; reason: string }
);

export type SentBy = 'app' | 'sms' | 'call' | 'missed-call' | 'email' | 'fragment' | 'other';
export type Method = 'qr' | 'phone';

/** Where a login stands. */
export type Step =
  | { state: 'connecting' }
  | { state: 'sign-up-required' }
  | { state: 'qr'; url: string; expires_at: string }
  | {
      state: 'code';
      phone_masked: string;
      sent_by: SentBy;
      length: number | null;
      /** Missing when there is no other way. */
      can_resend_at: string | null;
      wrong: boolean;
      /** The last one was too old; this asks for another. */
      expired: boolean;
    }
  | { state: 'password'; hint: string | null; wrong: boolean }
  | { state: 'waiting'; until: string }
  | { state: 'done'; user: TelegramUser }
  | { state: 'other-user'; before: TelegramUser; now: TelegramUser }
  | { state: 'failed'; reason: string; fix: string };

export type StepOf<State extends Step['state']> = Extract<Step, { state: State }>;
export type Login = { id: string; account: string; method: Method | 'import'; started_at: string; expires_at: string; step: Step };

export type Answer = { answer: 'code'; code: string } | { answer: 'password'; password: string } | { answer: 'resend' | 'cancel' };
export type Wanted = { account: string; method: Method; phone?: string; replace?: boolean };

export const telegram = {
  accounts: () => call<{ has_application: boolean; accounts: Account[] }>('GET', '/accounts'),
  /** `forget` ends it here also when Telegram cannot be asked. */
  logOut: (name: string, forget: boolean) => call<void>('POST', `/accounts/${part(name)}/logout`, { forget }),
  start: (wanted: Wanted) => call<Login>('POST', '/logins', wanted),
  login: (id: string) => call<Login>('GET', `/logins/${part(id)}`),
  answer: (id: string, answer: Answer) => call<Login>('POST', `/logins/${part(id)}/answer`, answer),
  cancel: (id: string) => call<void>('DELETE', `/logins/${part(id)}`),
};

/** Each code has a picture of its own, which the address must tell apart. */
export const qrImage = (login: string, step: StepOf<'qr'>) => `/api/v1/logins/${part(login)}/qr.svg?until=${part(step.expires_at)}`;

const SENT: Record<SentBy, string> = {
  app: 'Telegram has sent you a message with the code: open it on a device where you are logged in, with the number',
  sms: 'Telegram has sent the code in a text message to',
  call: 'Telegram calls and says the code, on',
  'missed-call': 'Telegram calls and hangs up; the code is the last digits of the calling number. It calls',
  email: 'Telegram has sent the code to the e-mail address that belongs to',
  fragment: 'The code is on fragment.com, for the number',
  other: 'Telegram has sent the code its own way, to',
};

export const sentByWords = (by: SentBy) => SENT[by] ?? SENT.other;

const PACES: Record<Pace, string> = {
  gentle: 'Gentle: slow enough that Telegram hardly ever asks for a pause',
  normal: 'Normal: as a person with two apps open',
  fast: 'Fast: as fast as Telegram answers; it will ask for pauses',
};

export const paceWords = (pace: Pace) => PACES[pace] ?? pace;

/** `@ann · •••• 4567`, whichever of them there are. */
export const handle = (user: TelegramUser) => [user.username && `@${user.username}`, user.phone_masked].filter(Boolean).join(' · ');

/** `by=phone` asks for a number; `login` goes on with an attempt that has begun. */
export const loginAddress = (account: string) => `/accounts/${part(account)}/log-in`;
