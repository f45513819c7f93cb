import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { violations } from './support/accessibility.js';
import { sees, seesNo, specs } from './support/spec.js';
import { eventually } from './support/wait.js';

/** What waits for somebody to decide: held back operations, and messages that could not be read. */
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

spec('asks again for a message that could not be read, and says why that fails', async ({ page, daemon }) => {
  await page.goto('/archive');
  const bad = page.getByRole('region', { name: 'Could not be read' });
  await sees(bad.getByText('a constructor that no layer has'));
  await bad.getByRole('button', { name: 'Try again: message 9' }).click();
  await sees(page.getByText('Could not ask for message 9'));
  await sees(bad.getByRole('button', { name: 'Try again: message 9' }));
  assert.equal((await daemon.call('GET', '/archive/poison')).poison.length, 60);
}, { expectedErrors: [/409/] });
