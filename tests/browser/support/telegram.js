// The simulated Telegram, `tapedeck-sim telegram`, with an account whose owner scans codes and reads messages.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { eventually } from './wait.js';

const START_MS = 10_000;

export const PHONE = '+34600000001';
/** With `accounts: 3`, two more people who can log in, without a password. */
export const GUESTS = ['+34600000002', '+34600000003'];

export class Telegram {
  #child = null;
  #output = '';

  constructor(folder) {
    this.folder = folder;
    this.servers = join(folder, 'servers.json');
  }

  /** With a `password`, logging in takes two steps; a `flood`, `auth.sendCode=3`, refuses a method once for 3 seconds. */
  static async start({ password, hint, flood, accounts } = {}) {
    const telegram = new Telegram(await mkdtemp(join(tmpdir(), 'tapedeck-spec-telegram-')));
    const words = ['telegram', '--servers', telegram.servers, '--phone', PHONE, '--messages', '50', '--chats', '3'];
    if (password) words.push('--password', password, '--hint', hint);
    if (accounts) words.push('--accounts', String(accounts));
    if (flood) words.push('--flood', flood);
    await telegram.#run(words);
    return telegram;
  }

  async #run(words) {
    const binary = process.env.TAPEDECK_SIM_BIN ?? join(dirname(process.env.TAPEDECK_BIN ?? ''), 'tapedeck-sim');
    this.#child = spawn(binary, words, { stdio: ['ignore', 'pipe', 'pipe'] });
    const keep = (chunk) => (this.#output = (this.#output + chunk).slice(-20_000));
    this.#child.stdout.on('data', keep);
    this.#child.stderr.on('data', keep);
    this.#child.on('error', (error) => keep(String(error)));
    this.control = await eventually(() => this.#ready(), START_MS, () => `${binary} is not ready:\n${this.#output}`);
  }

  async #ready() {
    if (this.#child.exitCode !== null) throw new Error(`the simulated Telegram ended:\n${this.#output}`);
    if (!existsSync(this.servers)) return null;
    const text = await readFile(this.servers, 'utf8');
    return text.endsWith('}\n') && new URL(JSON.parse(text).keys_from).origin;
  }

  /** The section of `config.toml` with which a daemon comes here. */
  get config() {
    return `[telegram]\napi_id = 12345\napi_hash = "0123456789abcdef0123456789abcdef"\nservers = "${this.servers}"\n`;
  }

  async #ask(path, question) {
    const headers = { 'content-type': 'application/json' };
    const response = await fetch(this.control + path, { method: 'POST', headers, body: JSON.stringify(question) });
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return response.json();
  }

  /** The phone's owner accepts the QR code with this link. */
  scan(url, phone = PHONE) {
    return this.#ask('/scan', { url, phone });
  }

  /** The code that was sent last. */
  code(phone = PHONE) {
    return this.#ask('/code', { phone });
  }

  async stop() {
    const child = this.#child;
    if (child.exitCode === null && child.signalCode === null) {
      const ended = once(child, 'exit');
      process.kill(child.pid, 'SIGINT');
      const [code] = await ended;
      if (code) throw new Error(`the simulated Telegram met what it does not know:\n${this.#output}`);
    }
    await rm(this.folder, { recursive: true, force: true });
  }
}
