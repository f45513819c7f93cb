// Plugins that `make plugins` has built, put where people put them.
import { copyFile, mkdir, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

const BUILT = process.env.TAPEDECK_PLUGINS ?? join(dirname(process.env.TAPEDECK_BIN ?? ''), '..', 'plugins');

/** As careful programs do: under another name first. */
async function put(daemon, name, write) {
  const folder = join(daemon.folder, 'data', 'plugins');
  await mkdir(folder, { recursive: true });
  const partial = join(folder, `${name}.partial`);
  await write(partial);
  await rename(partial, join(folder, `${name}.wasm`));
}

/** `plugin` is one of ours; `name` is what it is called here. */
export const drop = (daemon, plugin, name = plugin) => put(daemon, name, (path) => copyFile(join(BUILT, `${plugin}.wasm`), path));

export const dropText = (daemon, name, text) => put(daemon, name, (path) => writeFile(path, text));
