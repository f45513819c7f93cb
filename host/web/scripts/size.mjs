// Fails when what a first visit to `/` loads is bigger than promised. Counts gzip, the larger of the two.
import { readFileSync, statSync } from 'node:fs';

const limit = 60_000;
const dist = new URL('../dist/', import.meta.url).pathname;
const page = readFileSync(`${dist}index.html`, 'utf8');
const names = new Set(['index.html']);
for (const [, name] of page.matchAll(/(?:src|href)="\/(assets\/[^"]+)"/g)) names.add(name);

// What the entry imports statically, however deep.
for (const name of names) {
  if (!name.endsWith('.js')) continue;
  const text = readFileSync(dist + name, 'utf8');
  for (const [, file] of text.matchAll(/(?:from|import)\s*["']\.\/([^"']+\.js)["']/g)) names.add(`assets/${file}`);
}

const sizeOf = (name, ending) => statSync(dist + name + ending).size;
let gzip = 0;
let brotli = 0;
for (const name of names) {
  gzip += sizeOf(name, '.gz');
  brotli += sizeOf(name, '.br');
  console.log(`${String(sizeOf(name, '.gz')).padStart(7)} gzip ${String(sizeOf(name, '.br')).padStart(7)} brotli  ${name}`);
}
console.log(`${String(gzip).padStart(7)} gzip ${String(brotli).padStart(7)} brotli  first load (limit ${limit})`);
if (gzip > limit) {
  console.error(`The first load is ${gzip - limit} bytes too big: load a part of it lazily, or remove something.`);
  process.exit(1);
}
