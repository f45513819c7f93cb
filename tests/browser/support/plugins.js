// Plugins that `make plugins` has built, put where people put them.
import { copyFile, mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

const BUILT = process.env.TAPEDECK_PLUGINS ?? join(dirname(process.env.TAPEDECK_BIN ?? ''), '..', 'plugins');

/** The probe is for tests alone, and lies apart. */
const built = (plugin) => join(BUILT, plugin === 'probe' ? 'fixtures' : '', `${plugin}.wasm`);

/** As careful programs do: under another name first. */
async function put(daemon, name, write) {
  const folder = join(daemon.folder, 'data', 'plugins');
  await mkdir(folder, { recursive: true });
  const partial = join(folder, `${name}.partial`);
  await write(partial);
  await rename(partial, join(folder, `${name}.wasm`));
}

/** `plugin` is one of ours; `name` is what it is called here. */
export const drop = (daemon, plugin, name = plugin) => put(daemon, name, (path) => copyFile(built(plugin), path));

export const dropText = (daemon, name, text) => put(daemon, name, (path) => writeFile(path, text));

export const takeAway = (daemon, name) => rm(join(daemon.folder, 'data', 'plugins', `${name}.wasm`));
