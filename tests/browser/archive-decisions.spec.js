import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { violations } from './support/accessibility.js';
import { phone } from './support/phone.js';
import { sees, seesNo, specs } from './support/spec.js';
import { eventually } from './support/wait.js';

/** What waits for somebody to decide: held back operations, what was applied of them, and messages that could not be read. */
const spec = specs({ config: '', prepare });

const CHAT = 'Tape club';
const ID = -1001234567890;

/** As if a listener had held back two deletions, and a sweep had met sixty messages that it cannot read. */
const ROWS = `
import sqlite3, sys
db = sqlite3.connect(sys.argv[1])
chat, = db.execute("select key from chats where id = ?", (${ID},)).fetchone()
db.executemany("insert into blocked (chat, kind, ids, at) values (?, 'deletion', ?, 1767323999000)", [(chat, "[1,2]"), (chat, "[3]")])
bad = [(chat, id, "a constructor that no layer has" if id == 9 else "odd bytes") for id in range(9, 69)]
db.executemany("insert into poison (chat, id, reason, attempts, first, last) values (?, ?, ?, 2, 1767323999000, 1767323999000)", bad)
db.commit()
`;

async function prepare(daemon) {
  const folder = join(daemon.folder, 'DataExport');
  await mkdir(folder);
  const message = (id, text) => ({
    id, type: 'message', date: '2026-01-02T03:04:05', date_unixtime: String(1767323045 + id), from: 'Ada', from_id: 'user7', text, text_entities: [{ type: 'plain', text }],
  });
  const messages = [message(1, 'hello'), message(2, 'who has the long cable?'), message(3, 'not me')];
  const chat = { name: CHAT, type: 'private_supergroup', id: 1234567890, messages };
  await writeFile(join(folder, 'result.json'), JSON.stringify(chat));
  await daemon.call('POST', '/archive/imports', { path: folder, dry_run: false });
  await eventually(async () => (await daemon.call('GET', '/archive')).figures?.messages === 3, 20_000);
  await daemon.halt();
  await promisify(execFile)('python3', ['-c', ROWS, join(daemon.folder, 'data', 'archive', 'archive.sqlite')]);
  await daemon.runAgain();
}

const held = (page) => page.getByRole('region', { name: 'Held back' });
const row = (page, words) => held(page).getByRole('listitem').filter({ hasText: words });
const undoable = (page) => page.getByRole('region', { name: 'Can be undone' });
const deleted = async (daemon) => {
  const { messages } = await daemon.call('GET', `/archive/chats/${ID}/messages?limit=10`);
  return messages.filter((it) => it.deleted).map((it) => it.id).sort();
};

spec('leaves a deletion out that somebody dismisses', async ({ page, daemon }) => {
  await page.goto('/archive');
  await sees(row(page, 'The deletion of 1 message').getByRole('link', { name: CHAT }));
  assert.deepEqual(await violations(page), []);
  await row(page, 'The deletion of 1 message').getByRole('button', { name: 'Apply…' }).click();
  const dialog = page.getByRole('dialog', { name: 'Apply the deletion of 1 message?' });
  await sees(dialog.getByText('What capture.deletions says becomes of it: marked and kept, or removed.'));
  await dialog.getByRole('button', { name: 'Leave it' }).click();
  await row(page, 'The deletion of 1 message').getByRole('button', { name: 'Dismiss' }).click();
  await sees(page.getByText('The deletion of 1 message was dismissed: the archive stays as it is'));
  await seesNo(row(page, 'The deletion of 1 message'));
  assert.deepEqual(await deleted(daemon), []);
});

spec('applies a deletion when somebody says so twice', async ({ page, daemon }) => {
  await page.goto('/archive');
  const apply = row(page, 'The deletion of 2 messages').getByRole('button', { name: 'Apply…' });
  await apply.click();
  const dialog = page.getByRole('dialog', { name: 'Apply the deletion of 2 messages?' });
  assert.deepEqual(await violations(page), []);
  await dialog.getByRole('button', { name: 'Leave it' }).click();
  await seesNo(dialog);
  assert.deepEqual(await deleted(daemon), []);
  await apply.click();
  await dialog.getByRole('button', { name: 'Apply', exact: true }).click();
  await sees(page.getByText('The deletion of 2 messages was applied'));
  await seesNo(held(page));
  assert.deepEqual(await deleted(daemon), [1, 2]);
});

spec('takes an applied deletion back, after saying what would come back', async ({ page, daemon }) => {
  await page.goto('/archive');
  const undo = undoable(page).getByRole('listitem').filter({ hasText: 'The deletion of 2 messages' }).getByRole('button', { name: 'Undo…' });
  await undo.click();
  const dialog = page.getByRole('dialog', { name: 'Undo the deletion of 2 messages?' });
  await sees(dialog.getByText('2 messages will no longer be marked as deleted, and they stay, whatever Telegram says of them.'));
  assert.deepEqual(await violations(page), []);
  await dialog.getByRole('button', { name: 'Leave it' }).click();
  await seesNo(dialog);
  assert.deepEqual(await deleted(daemon), [1, 2]);
  await undo.click();
  await dialog.getByRole('button', { name: 'Undo', exact: true }).click();
  await sees(page.getByText('The deletion of 2 messages was taken back'));
  await seesNo(dialog);
  await seesNo(undoable(page));
  assert.deepEqual(await deleted(daemon), []);
});

/** As if these had been applied; the daemon knows nothing of them. */
async function withApplied(page, operations) {
  const applied = operations.map((it) => ({ account: 'main', chat: ID, title: CHAT, at: '2026-01-02T03:04:05Z', ...it }));
  await page.route(/\/archive\/undo\?/, (route) => route.fulfill({ json: { applied, next: null } }));
}

spec('tells in the dialog why an edit cannot be taken back', async ({ page }) => {
  await withApplied(page, [{ number: 99, kind: 'edit', messages: 1 }]);
  await page.goto('/archive');
  await undoable(page).getByRole('button', { name: 'Undo…' }).click();
  const dialog = page.getByRole('dialog', { name: 'Undo this edit?' });
  await sees(dialog.getByRole('alert').getByText(/with the number 99 was applied/));
  await seesNo(dialog.getByRole('button', { name: 'Undo', exact: true }));
}, { expectedErrors: [/404/] });

spec('takes an edit off the list of which nothing is left', async ({ page }) => {
  await withApplied(page, [{ number: 4, kind: 'edit', messages: 1 }]);
  const left = 'the edit is done already, or the message was edited again since';
  const asked = [];
  await page.route(/\/archive\/undo$/, (route) => {
    asked.push(route.request().postDataJSON().dry_run);
    return route.fulfill({ status: 409, contentType: 'application/problem+json', json: { type: 'about:blank', title: 'Conflict', status: 409, detail: left } });
  });
  await page.goto('/archive');
  await undoable(page).getByRole('button', { name: 'Undo…' }).click();
  const dialog = page.getByRole('dialog', { name: 'Undo this edit?' });
  await sees(dialog.getByText(left));
  await dialog.getByRole('button', { name: 'Take it off the list' }).click();
  await sees(page.getByRole('region', { name: 'Messages' }).getByText('Nothing was left to take back'));
  await seesNo(dialog);
  assert.deepEqual(asked, [true, false]);
}, { expectedErrors: [/409/] });

spec('says in words what comes back, and what does not', async ({ page }) => {
  await withApplied(page, [{ number: 3, kind: 'deletion', messages: 1204 }, { number: 2, kind: 'deletion', messages: 7 }, { number: 1, kind: 'edit', messages: 1 }]);
  const back = { 1: { messages: 1, edits: 1 }, 2: { messages: 0, edits: 0 }, 3: { messages: 1, edits: 0 } };
  await page.route(/\/archive\/undo$/, (route) => route.fulfill({ json: { ...back[route.request().postDataJSON().number], chats: [], removed: 0 } }));
  await page.goto('/archive');
  const cases = [
    ['An edit of 1 message', 'The message says again what it said before. The edit stays among its earlier texts.', 'Undo', 'An edit of 1 message was taken back'],
    ['The deletion of 7 messages', 'Nothing is left to take back: the messages are back already, or were removed for good.', 'Take it off the list', 'Nothing was left to take back'],
    [/The deletion of 1.?204 messages/, /^1 of 1.?204 messages will no longer be marked as deleted, and it stays, .*The others are back already, or were removed for good\.$/, 'Undo', /^1 of 1.?204 messages came back/],
  ];
  for (const [name, words, action, told] of cases) {
    await undoable(page).getByRole('listitem').filter({ hasText: name }).getByRole('button', { name: 'Undo…' }).click();
    await sees(page.getByRole('dialog').getByText(words));
    const width = await page.evaluate(() => document.documentElement.scrollWidth);
    assert.ok(width <= 360, `${name} makes the page ${width} wide`);
    await page.getByRole('dialog').getByRole('button', { name: action, exact: true }).click();
    await sees(page.getByRole('region', { name: 'Messages' }).getByText(told));
    await seesNo(page.getByRole('dialog'));
  }
}, phone);

spec('shows what could not be read page by page', async ({ page }) => {
  for (const address of ['/archive', `/archive/${ID}`]) {
    await page.goto(address);
    const bad = page.getByRole('region', { name: 'Could not be read' });
    await sees(bad.getByText('60 messages could not be read or stored'));
    await sees(bad.getByRole('button', { name: 'Try again: message 58' }));
    await seesNo(bad.getByRole('button', { name: 'Try again: message 59' }));
    await bad.getByRole('button', { name: 'Load more' }).click();
    await sees(bad.getByRole('button', { name: 'Try again: message 68' }));
    await seesNo(bad.getByRole('button', { name: 'Load more' }));
  }
});

spec('finds as much of a list as was loaded when one goes back', async ({ page }) => {
  await page.goto('/archive');
  const bad = page.getByRole('region', { name: 'Could not be read' });
  const last = bad.getByRole('button', { name: 'Try again: message 68' });
  await bad.getByRole('button', { name: 'Load more' }).click();
  await sees(last);
  await bad.getByRole('link', { name: CHAT }).first().click();
  await sees(page.getByRole('heading', { level: 1, name: CHAT }));
  await seesNo(last);
  await page.goBack();
  await sees(last);
});

spec('asks again for a message that could not be read, and says why that fails', async ({ page, daemon }) => {
  await page.goto('/archive');
  const bad = page.getByRole('region', { name: 'Could not be read' });
  await sees(bad.getByText('a constructor that no layer has'));
  await bad.getByRole('button', { name: 'Try again: message 9' }).click();
  await sees(page.getByText('Could not ask for message 9'));
  await sees(bad.getByRole('button', { name: 'Try again: message 9' }));
  assert.equal((await daemon.call('GET', '/archive/poison')).poison.length, 60);
}, { expectedErrors: [/409/] });
