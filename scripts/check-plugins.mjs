// Verifies that each .wasm in the folders is a component, that it imports nothing but what a host of
// this version has, and says which of that an operator would have to grant.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const folders = process.argv.slice(2);
const types = /^tapedeck:plugin\/(types|messages|records|chats|tracks|sink)@1\.\d+\.\d+$/;
const always = /^(tapedeck:plugin\/(log|settings)@1\.\d+\.\d+$|wasi:(cli|clocks|filesystem|io|random|sockets)\/)/;
const onRequest = /^tapedeck:plugin\/(kv|http|run|scratch)@1\.\d+\.\d+$/;
const componentHeader = Buffer.from('\0asm\x0d\0\x01\0', 'latin1');
const importSection = 10;

/** Reads unsigned LEB128 numbers and strings from one place on. */
class Reader {
  constructor(bytes, at) {
    this.bytes = bytes;
    this.at = at;
  }

  number() {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.bytes[this.at++];
      if (byte === undefined) throw new Error('the file is cut short');
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
  }

  text() {
    const length = this.number();
    this.at += length;
    return this.bytes.toString('utf8', this.at - length, this.at);
  }
}

/** The names of what the component itself imports; nested components have sections of their own. */
function imports(bytes) {
  if (!bytes.subarray(0, 8).equals(componentHeader)) throw new Error('not a component');
  const names = [];
  const sections = new Reader(bytes, 8);
  while (sections.at < bytes.length) {
    const kind = sections.number();
    const end = sections.number() + sections.at;
    if (kind === importSection) {
      const items = new Reader(bytes, sections.at);
      for (let count = items.number(); count > 0; count--) {
        items.number(); // how the name is written
        names.push(items.text());
        if (items.number() !== 5) throw new Error(`imports ${names.at(-1)}, which is not an interface`);
        items.number(); // its type
      }
    }
    sections.at = end;
  }
  return names;
}

const files = folders.flatMap((folder) => {
  const names = readdirSync(folder).filter((name) => name.endsWith('.wasm'));
  if (names.length === 0) throw new Error(`${folder} holds no plugin`);
  return names.map((name) => join(folder, name));
});
for (const file of files) {
  try {
    const all = imports(readFileSync(file));
    const unknown = all.filter((it) => ![types, always, onRequest].some((known) => known.test(it)));
    if (unknown.length > 0) throw new Error(`imports ${unknown.join(', ')}, which no host has`);
    const asked = all.filter((it) => onRequest.test(it)).map((it) => onRequest.exec(it)[1]);
    console.log(`${file}: a component, may ask for ${asked.length > 0 ? asked.join(', ') : 'nothing'}`);
  } catch (error) {
    console.error(`${file}: ${error.message}`);
    process.exitCode = 1;
  }
}
