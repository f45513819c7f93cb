import assert from 'node:assert/strict';
import { test } from 'node:test';
import { page } from './support.mjs';

const { load } = await page();
const { undoneWords, undoWords } = await load('lib/archive.ts');
const { limitWords } = await load('lib/plugins.ts');

const deletion = { kind: 'deletion', messages: 3 };
const edit = { kind: 'edit', messages: 1 };

test('an undo says what would come back', () => {
  assert.equal(undoWords(deletion, { messages: 3 }), '3 messages will no longer be marked as deleted, and they stay, whatever Telegram says of them.');
  assert.match(undoWords(deletion, { messages: 1 }), /^1 of 3 messages .* it stays, .* The others are back already, or were removed for good\.$/);
  assert.match(undoWords(deletion, { messages: 0 }), /^Nothing is left to take back/);
  assert.match(undoWords(edit, { messages: 1 }), /says again what it said before/);
});

test('an undo says what came back', () => {
  assert.equal(undoneWords(deletion, { messages: 3 }), 'The deletion of 3 messages was taken back');
  assert.equal(undoneWords(deletion, { messages: 2 }), '2 of 3 messages came back');
  assert.equal(undoneWords(deletion, { messages: 0 }), 'Nothing was left to take back');
  assert.equal(undoneWords(edit, { messages: 1 }), 'An edit of 1 message was taken back');
});

test('limits are told as they are set', () => {
  assert.deepEqual([2 ** 40, 64 * 2 ** 20, 1536, 1_000_000, 0].map(limitWords), ['1 TiB', '64 MiB', '1.5 kB', '1.0 MB', '0 B']);
  assert.equal(limitWords(3 * 2 ** 30), '3 GiB');
});
