// The simulated Spotify, `tapedeck-sim spotify`, which lets everybody in and plays what it is told.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { dirname, join } from 'node:path';
import { eventually } from './wait.js';

const START_MS = 10_000;

export class Spotify {
  #child = null;
  #output = '';

  /** `songs` such as `Artist - Title = 180`, over and over. */
  static async start({ songs = [] } = {}) {
    const spotify = new Spotify();
    await spotify.#run(['spotify', '--agree', ...songs.flatMap((song) => ['--song', song])]);
    return spotify;
  }

  async #run(words) {
    const binary = process.env.TAPEDECK_SIM_BIN ?? join(dirname(process.env.TAPEDECK_BIN ?? ''), 'tapedeck-sim');
    this.#child = spawn(binary, words, { stdio: ['pipe', 'pipe', 'pipe'] });
    const keep = (chunk) => (this.#output = (this.#output + chunk).slice(-20_000));
    this.#child.stdout.on('data', keep);
    this.#child.stderr.on('data', keep);
    this.#child.on('error', (error) => keep(String(error)));
    const ready = () => /\[spotify\][^]*accounts_url = .*\n/.exec(this.#output)?.[0];
    this.config = await eventually(ready, START_MS, () => `${binary} is not ready:\n${this.#output}`);
  }

  /** As a person would type it: `skip`, `play Artist - Title = 180`, `limit 86400`. */
  type(line) {
    this.#child.stdin.write(`${line}\n`);
  }

  async stop() {
    const child = this.#child;
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    process.kill(child.pid, 'SIGINT');
    await ended;
  }
}
