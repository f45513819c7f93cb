import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { page } from './support.mjs';

const { browser, load } = await page();
const { router } = await load('lib/router.svelte.ts');
const { appliedList, chatList, Stretch } = await load('lib/archive.svelte.ts');
const { History } = await load('lib/history.svelte.ts');

const TOTAL = 1500;
let asked = [];

/** A daemon with much of everything; a place in a list is the number of what was before. */
globalThis.fetch = async (address) => {
  const query = new URL(address, 'http://deck.example').searchParams;
  const [from, limit] = [Number(query.get('before') ?? query.get('after') ?? 0), Number(query.get('limit'))];
  asked.push(limit);
  const list = Array.from({ length: Math.min(limit, TOTAL - from) }, (_, at) => ({ id: from + at + 1 }));
  const next = from + limit < TOTAL ? from + limit : null;
  return new Response(JSON.stringify({ chats: list, runs: list, messages: list, next, older: next, newer: null }));
};

beforeEach(() => {
  router.go('/archive');
  asked = [];
});

const chats = () => chatList(() => ({}));

test('a list is as long as it was when one comes back', async () => {
  const list = chats();
  await list.read();
  await list.more();
  await list.more();
  router.go('/archive/7');
  await chats().read();
  browser.back();
  const again = chats();
  await again.read();
  assert.deepEqual(asked, [50, 50, 50, 50, 150]);
  assert.deepEqual(again.list, list.list);
});

test('what comes late is kept for the page that asked', async () => {
  const list = chats();
  await list.read();
  const more = list.more();
  router.go('/archive/7');
  await more;
  assert.equal(router.lengthOf('chats'), 0);
  browser.back();
  assert.equal(router.lengthOf('chats'), 100);
});

test('no more is read at once than the daemon gives', async () => {
  router.keepLength('chats', 5000);
  await chats().read();
  assert.deepEqual(asked, [1000]);
});

test('another question begins anew', async () => {
  router.keepLength('chats', 200);
  router.setQuery({ title: 'tapes' });
  await chats().read();
  assert.deepEqual(asked, [50]);
});

test('runs and messages are as many as they were', async () => {
  const [runs, messages] = [new History(), new Stretch('main', '7')];
  await runs.load({ status: 'failed' });
  await runs.loadOlder();
  await messages.open(null);
  await messages.readOlder();
  router.go('/');
  browser.back();
  asked = [];
  await new History().load({ status: 'failed' });
  await new Stretch('main', '7').open(null);
  assert.deepEqual(asked, [100, 100]);
});

test('a message that is meant is opened, however much was shown', async () => {
  router.keepLength('messages', 300);
  await new Stretch('main', '7').open(9);
  assert.deepEqual(asked, [50]);
});

test('the newest of all accounts come first, page by page', async () => {
  const all = Array.from({ length: 130 }, (_, at) => 130 - at);
  globalThis.fetch = async (address) => {
    const query = new URL(address, 'http://deck.example').searchParams;
    const isMine = (number) => (number % 3 ? 'main' : 'work') === query.get('account');
    const older = all.filter((number) => isMine(number) && number < Number(query.get('before') ?? Infinity));
    const applied = older.slice(0, Number(query.get('limit'))).map((number) => ({ number }));
    return new Response(JSON.stringify({ applied, next: older.length > applied.length ? applied.at(-1).number : null }));
  };
  const list = appliedList(() => ['main', 'work']);
  await list.read();
  assert.equal(list.list.length, 50);
  while (list.next !== null) await list.more();
  assert.deepEqual(list.list.map((it) => it.number), all);
});
