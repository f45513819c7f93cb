// What the specs of the music page need: an account that is logged in, songs on a shelf, and somebody who scrobbles.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { eventually } from './wait.js';

/** Without plugins: the first question to one waits until it is compiled. */
export const MUSIC = `
[plugin_host]
bundled = false

[backends.shelf]
kind = "files"
folder = "music"

[player]
min_listening = "1s"

[jobs.player]
kind = "player"
at_start = true

[jobs.profile-music]
kind = "profile-music"
on = ["track-started", "playback-stopped", "profile-changed"]
overlap = "queue"
queue_limit = 1
backends = ["shelf"]
clean_when_stopped = false
`;

/** Mono, eight bits, a tone: what every browser plays. */
export function sound(seconds, rate = 8000) {
  const data = Buffer.alloc(seconds * rate, 128);
  for (let at = 0; at < data.length; at += 1) data[at] = 128 + Math.round(40 * Math.sin(at / 6));
  const head = Buffer.alloc(44);
  head.write('RIFF', 0);
  head.writeUInt32LE(36 + data.length, 4);
  head.write('WAVEfmt ', 8);
  head.writeUInt32LE(16, 16);
  head.writeUInt16LE(1, 20);
  head.writeUInt16LE(1, 22);
  head.writeUInt32LE(rate, 24);
  head.writeUInt32LE(rate, 28);
  head.writeUInt16LE(1, 32);
  head.writeUInt16LE(8, 34);
  head.write('data', 36);
  head.writeUInt32LE(data.length, 40);
  return Buffer.concat([head, data]);
}

/** `Artist - Title`, each so many seconds long. */
export async function fillShelf(daemon, songs) {
  const folder = join(daemon.folder, 'music');
  await mkdir(folder, { recursive: true });
  for (const [name, seconds] of songs) await writeFile(join(folder, `${name}.wav`), sound(seconds));
}

export async function logIn(daemon, telegram) {
  const { id } = await daemon.call('POST', '/logins', { account: 'main', method: 'qr' });
  const step = async (state) => {
    const login = await daemon.call('GET', `/logins/${id}`);
    return login.step.state === state && login.step;
  };
  const { url } = await eventually(() => step('qr'));
  await telegram.scan(url);
  await eventually(() => step('done'));
}

let token = null;

/** A client that scrobbles, as ListenBrainz knows them. */
export async function scrobble(daemon, type, artist, title, { seconds = 200, at = Date.now() } = {}) {
  token ??= (await daemon.call('POST', '/tokens', { name: 'walkman', scopes: ['scrobble'] })).token;
  const about = { artist_name: artist, track_name: title, additional_info: { duration_ms: seconds * 1000, submission_client: 'walkman' } };
  const listen = type === 'playing_now' ? { track_metadata: about } : { listened_at: Math.floor(at / 1000), track_metadata: about };
  const response = await fetch(`${daemon.url}/1/submit-listens`, {
    method: 'POST',
    headers: { authorization: `Token ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ listen_type: type, payload: [listen] }),
  });
  if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
}
