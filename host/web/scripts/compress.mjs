// Writes .br and .gz beside every file worth compressing, so that the daemon only picks one.
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const dist = new URL('../dist/', import.meta.url).pathname;
const worth = new Set(['.html', '.js', '.css', '.svg', '.json']);

for (const name of readdirSync(dist, { recursive: true })) {
  if (!worth.has(extname(name))) continue;
  const path = join(dist, name);
  const plain = readFileSync(path);
  const brotli = brotliCompressSync(plain, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } });
  writeFileSync(`${path}.br`, brotli);
  writeFileSync(`${path}.gz`, gzipSync(plain, { level: 9 }));
}
