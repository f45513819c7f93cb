// Runs the specs, or those that are named. A file that fails may try once more, since a busy machine keeps a real browser
// and a real daemon waiting now and then; it is called flaky.
import { readdirSync } from "node:fs";
import { basename } from "node:path";
import { run } from "node:test";
import { spec } from "node:test/reporters";

const folder = import.meta.dirname;
const named = process.argv.slice(2);
const specs = named.length ? named : readdirSync(folder).filter((name) => name.endsWith(".spec.js"));

/** The files in which something failed: all, where nobody says which. */
function play(files, concurrency) {
  const failed = new Set();
  return new Promise((resolve) => {
    const events = run({ files, concurrency });
    events.on("test:fail", ({ file }) => (file ? [file] : files).forEach((name) => failed.add(name)));
    const lines = events.compose(spec);
    lines.on("end", () => resolve([...failed]));
    lines.pipe(process.stdout, { end: false });
  });
}

const first = await play(specs.map((name) => `${folder}/${basename(name)}`), 2);
if (first.length) {
  console.log(`Once more: ${first.map((file) => basename(file)).join(", ")}`);
  const second = await play(first, 1);
  for (const file of first) {
    console.log(`${second.includes(file) ? "FAILED" : "FLAKY"} ${basename(file)}`);
  }
  process.exitCode = second.length ? 1 : 0;
}
