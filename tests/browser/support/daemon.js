// Starts the real binary, TAPEDECK_BIN, in a temporary folder with a config of its own, and stops it by its pid.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from './wait.js';

const START_MS = 15_000;
const STOP_MS = 8_000;

/** What the specs need jobs for. */
export const JOBS = `
[jobs.slow-lines]
kind = "command"
description = "Prints a line at a time"
program = "sh"
args = ["-c", "for n in 1 2 3 4 5 6; do echo line $n of six; sleep 0.25; done"]

[jobs.sleeper]
kind = "command"
description = "Sleeps until it is cancelled"
program = "sleep"
args = ["60"]

[jobs.greeter]
kind = "command"
description = "Greets whom it is told to"
program = "echo"
args = ["Hello {{params.name}}"]

[jobs.nightly]
kind = "command"
description = "Runs at night"
program = "true"
cron = "0 4 * * *"
timezone = "Asia/Tokyo"

[jobs.broken]
kind = "command"
description = "Always fails"
program = "sh"
args = ["-c", "echo it goes wrong >&2; exit 3"]
`;

/** A user that always exists, so that specs of a page behind a sign-in need no command line. */
export const USER = { name: 'ann', password: 'correct horse battery' };
export const WITH_USER = `
[auth]
username = "${USER.name}"
password = "${USER.password}"
`;

export class Daemon {
  #child = null;
  #output = '';
  #port = 0;
  #config = '';

  constructor(folder) {
    this.folder = folder;
  }

  static async start(config = JOBS) {
    const folder = await mkdtemp(join(tmpdir(), 'tapedeck-spec-'));
    const daemon = new Daemon(folder);
    await daemon.writeConfig(config);
    await daemon.run();
    return daemon;
  }

  async writeConfig(config) {
    this.#config = config;
    const head = `[data]\nfolder = "data"\n\n[server]\nlisten = "127.0.0.1:${this.#port}"\n`;
    // Compiling the bundled plugins would keep every daemon busy; specs about plugins say what they need.
    const plugins = config.includes('[plugin_host]') ? '' : '\n[plugin_host]\nbundled = false\n';
    await writeFile(join(this.folder, 'config.toml'), head + config + plugins);
  }

  async run() {
    const binary = process.env.TAPEDECK_BIN;
    if (!binary) throw new Error('TAPEDECK_BIN is not set: give it the path of the binary, such as target/debug/tapedeck');
    const env = { PATH: process.env.PATH, HOME: this.folder, TZ: 'UTC', LANG: 'C.UTF-8' };
    this.#child = spawn(binary, ['run'], { cwd: this.folder, env, stdio: ['ignore', 'pipe', 'pipe'] });
    const keep = (chunk) => (this.#output = (this.#output + chunk).slice(-20_000));
    this.#child.stdout.on('data', keep);
    this.#child.stderr.on('data', keep);
    this.#child.on('error', (error) => keep(String(error)));
    this.record = await eventually(() => this.#ready(), START_MS, () => `${binary} run is not ready:\n${this.#output}`);
    this.url = this.record.url.replace(/\/$/, '');
  }

  /** Starts again where it was: pages that are open come back to the same address. */
  async runAgain() {
    this.#port = Number(new URL(this.url).port);
    await this.writeConfig(this.#config);
    await this.run();
  }

  /** `daemon.json` is written when the daemon is ready; an earlier process may have left one behind. */
  async #ready() {
    if (this.#child.exitCode !== null) throw new Error(`the daemon ended with ${this.#child.exitCode}:\n${this.#output}`);
    const path = join(this.folder, 'data', 'daemon.json');
    if (!existsSync(path)) return null;
    const record = JSON.parse((await readFile(path, 'utf8')) || 'null');
    return record?.pid === this.#child.pid ? record : null;
  }

  async halt() {
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    process.kill(child.pid, 'SIGTERM');
    const late = setTimeout(() => process.kill(child.pid, 'SIGKILL'), STOP_MS);
    await ended;
    clearTimeout(late);
  }

  /** The API as its owner sees it, past any sign-in. */
  async call(method, path, body) {
    const headers = { authorization: `Bearer ${this.record.token}`, 'content-type': 'application/json' };
    const init = { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) };
    const response = await fetch(`${this.url}/api/v1${path}`, init);
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
    return response.status === 204 ? null : response.json();
  }

  async stop() {
    await this.halt();
    await rm(this.folder, { recursive: true, force: true });
  }
}
