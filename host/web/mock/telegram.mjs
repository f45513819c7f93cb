// Accounts and logins of the stand-in. A QR code is "scanned" after eight seconds; the code is 12345, the password
// `correct horse`. Numbers that end in 1 must wait, in 2 belong to nobody, in 3 to another user
// than before; 4 is refused.
import { randomUUID } from 'node:crypto';

const iso = (ms) => new Date(ms).toISOString();
const soon = (seconds) => iso(Date.now() + seconds * 1000);

const ANN = { id: 1001, name: 'Ann Example', username: 'ann_example', phone_masked: '•••• 4567' };
const BOB = { id: 1009, name: 'Bob Example', username: 'bob', phone_masked: '•••• 0003' };
const account = (name, over) => ({ name, description: null, user: null, data_center: null, pace: 'gentle', last_answer: null, is_default: name === 'main', state: 'logged-out', ...over });

export class Telegram {
  logins = new Map();

  constructor(world, { empty }) {
    this.world = world;
    const known = [
      account('main', { user: ANN, state: 'connected', data_center: 2, last_answer: soon(-3) }),
      account('work', { user: { id: 1002, name: '王小明', username: null, phone_masked: '•••• 0099' }, description: 'The shop’s number', state: 'waiting', until: soon(212), data_center: 5, pace: 'normal', last_answer: soon(-20) }),
      account('old-phone', { user: { id: 1003, name: 'Марія', username: 'maria', phone_masked: '•••• 1234' }, state: 'revoked', reason: 'the session was ended on another device', data_center: 4, last_answer: soon(-90_000) }),
      account('spare', { description: 'Not used yet' }),
    ];
    this.accounts = new Map((empty ? [] : known).map((one) => [one.name, one]));
  }

  start({ account: name, method, phone = '', replace = false }) {
    const login = { id: randomUUID(), account: name, method, started_at: soon(0), expires_at: soon(600), phone, replace, step: { state: 'connecting' } };
    this.logins.set(login.id, login);
    setTimeout(() => (method === 'qr' ? this.showQr(login) : this.sendCode(login)), 600);
    return this.see(login);
  }

  see({ phone: _phone, replace: _replace, ...login }) {
    return login;
  }

  tell(login, step) {
    if (!this.logins.has(login.id)) return;
    login.step = step;
    this.world.send('login', { id: login.id, account: login.account, step: step.state });
  }

  showQr(login) {
    this.tell(login, { state: 'qr', url: `tg://login?token=${Buffer.from(randomUUID()).toString('base64url')}`, expires_at: soon(30) });
    setTimeout(() => this.tell(login, { state: 'password', hint: 'the usual, with the horse', wrong: false }), 8_000);
  }

  sendCode(login) {
    const masked = `•••• ${login.phone.slice(-4)}`;
    if (login.phone.endsWith('1')) return this.tell(login, { state: 'waiting', until: soon(212) });
    if (login.phone.endsWith('2')) return this.tell(login, { state: 'sign-up-required' });
    if (login.phone.endsWith('3') && !login.replace) return this.tell(login, { state: 'other-user', before: ANN, now: BOB });
    if (login.phone.endsWith('4')) return this.tell(login, { state: 'failed', reason: 'Telegram refuses the number: PHONE_NUMBER_BANNED', fix: 'Write to recover@telegram.org from the e-mail address of the account.' });
    this.tell(login, { state: 'code', phone_masked: masked, sent_by: 'app', length: 5, can_resend_at: soon(60), wrong: false, expired: false });
  }

  answer(id, { answer, code, password }) {
    const login = this.logins.get(id);
    const { step } = login;
    if (answer === 'resend') this.tell(login, { ...step, sent_by: 'sms', can_resend_at: null, wrong: false });
    else {
      this.tell(login, { state: 'connecting' });
      setTimeout(() => this.check(login, step, code, password), 500);
    }
    return this.see(login);
  }

  check(login, step, code, password) {
    const isRight = step.state === 'code' ? code === '12345' : password === 'correct horse';
    if (!isRight) this.tell(login, { ...step, wrong: true });
    else if (step.state === 'code') this.tell(login, { state: 'password', hint: null, wrong: false });
    else this.finish(login);
  }

  finish(login) {
    this.accounts.set(login.account, account(login.account, { ...this.accounts.get(login.account), user: ANN, state: 'connected', last_answer: soon(0) }));
    this.tell(login, { state: 'done', account: login.account, user: ANN });
  }

  logOut(name) {
    this.accounts.set(name, account(name, { description: this.accounts.get(name).description }));
  }
}

/** Looks like a code; scanners find nothing in it. */
export function picture(seed) {
  const cells = [];
  let random = [...seed].reduce((sum, sign) => (sum * 31 + sign.charCodeAt(0)) >>> 0, 7);
  const isEye = (x, y) => (x < 8 && y < 8) || (x > 24 && y < 8) || (x < 8 && y > 24);
  for (let y = 0; y < 33; y += 1) {
    for (let x = 0; x < 33; x += 1) {
      random = (random * 1_103_515_245 + 12_345) >>> 0;
      if (!isEye(x, y) && random & 0x10000) cells.push(`M${x} ${y}h1v1h-1z`);
    }
  }
  for (const [x, y] of [[0, 0], [26, 0], [0, 26]]) cells.push(`M${x} ${y}h7v7h-7zM${x + 1} ${y + 1}v5h5v-5zM${x + 2} ${y + 2}h3v3h-3z`);
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="-4 -4 41 41"><path fill="#fff" d="M-4-4h41v41h-41z"/><path d="${cells.join('')}" fill-rule="evenodd"/></svg>`;
}
