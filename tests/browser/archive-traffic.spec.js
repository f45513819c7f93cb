import assert from 'node:assert/strict';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { violations } from './support/accessibility.js';
import { drop } from './support/plugins.js';
import { sees, seesNo, specs } from './support/spec.js';
import { eventually } from './support/wait.js';

/** Nothing comes from Telegram here: an import fills the archive, an export empties it out again. */
const spec = specs({ config: '', prepare });

const CHAT = 'Tape club';

async function prepare(daemon) {
  await drop(daemon, 'json');
  const folder = join(daemon.folder, 'DataExport');
  await mkdir(folder);
  const message = (id, text) => ({
    id, type: 'message', date: '2026-01-02T03:04:05', date_unixtime: String(1767323045 + id), from: 'Ada', from_id: 'user7', text, text_entities: [{ type: 'plain', text }],
  });
  const chat = { name: CHAT, type: 'private_supergroup', id: 1234567890, messages: [message(1, 'hello'), message(2, 'who has the long cable?')] };
  await writeFile(join(folder, 'result.json'), JSON.stringify(chat));
  await eventually(async () => (await daemon.call('GET', '/archive/formats')).formats.length === 1, 120_000);
}

const traffic = (page) => page.getByRole('region', { name: 'Out and in' });
const newest = (page) => traffic(page).getByRole('list', { name: 'Exports and imports' }).getByRole('listitem').first();

async function asked(page, path) {
  await page.goto('/archive');
  await traffic(page).getByRole('button', { name: 'Import…' }).click();
  const dialog = page.getByRole('dialog', { name: 'Import' });
  await dialog.getByLabel('File or folder, where the daemon runs').fill(path);
  assert.deepEqual(await violations(page), []);
  return dialog;
}

const press = (dialog, name) => dialog.getByRole('button', { name, exact: true }).click();

spec('takes a file from the machine that looks on, without its pictures', async ({ page, daemon }) => {
  await page.goto('/archive');
  await traffic(page).getByRole('button', { name: 'Import…' }).click();
  const dialog = page.getByRole('dialog', { name: 'Import' });
  await dialog.getByRole('radio', { name: 'On this machine' }).check();
  await dialog.getByLabel('File to upload').setInputFiles(join(daemon.folder, 'DataExport', 'result.json'));
  await dialog.getByRole('checkbox', { name: 'With the files of messages' }).uncheck();
  assert.deepEqual(await violations(page), []);
  const uploads = [];
  page.on('request', (request) => request.url().includes('/archive/uploads') && uploads.push(request.url()));
  await press(dialog, 'Rehearse');
  await sees(dialog.getByText('The rehearsal has begun, and writes nothing'));
  await eventually(async () => (await daemon.call('GET', '/runs?job=import-by-hand&limit=1')).runs[0]?.status === 'succeeded', 20_000);
  await press(dialog, 'Import');
  await seesNo(dialog);
  await sees(newest(page).getByText(/of 2 messages of 1 chat new/));
  const { runs } = await daemon.call('GET', '/runs?job=import-by-hand&limit=1');
  assert.match(runs[0].summary.data.path, /uploads\/.*\/result\.json$/);
  assert.equal(uploads.length, 1, 'the import takes what was sent for the rehearsal');
});

spec('imports, after a rehearsal that writes nothing', async ({ page, daemon }) => {
  const path = join(daemon.folder, 'DataExport');
  const dialog = await asked(page, path);
  await press(dialog, 'Rehearse');
  await sees(dialog.getByText('The rehearsal has begun, and writes nothing'));
  assert.deepEqual(await violations(page), []);
  await eventually(async () => (await daemon.call('GET', '/runs?job=import-by-hand&limit=1')).runs[0].status === 'succeeded', 20_000);
  await press(dialog, 'Import');
  await seesNo(dialog);
  await sees(newest(page).getByText(/of 2 messages of 1 chat new/));
  await sees(page.getByRole('region', { name: 'Chats' }).getByRole('link', { name: CHAT, exact: true }));
});

spec('exports, and gives what was written', async ({ page, daemon }) => {
  await daemon.call('POST', '/archive/imports', { path: join(daemon.folder, 'DataExport'), dry_run: false });
  await eventually(async () => (await daemon.call('GET', '/archive')).figures?.messages === 2, 20_000);
  await page.goto('/archive');
  await traffic(page).getByRole('button', { name: 'Export…' }).click();
  const dialog = page.getByRole('dialog', { name: 'Export' });
  await sees(dialog.getByRole('checkbox', { name: /json/ }));
  assert.deepEqual(await violations(page), []);
  await dialog.getByRole('button', { name: 'Export', exact: true }).click();
  await seesNo(dialog);
  await sees(newest(page).getByText(/2 messages of 1 chat to/));
  const [download] = await Promise.all([page.waitForEvent('download'), newest(page).getByRole('link', { name: 'Download' }).click()]);
  assert.match(download.suggestedFilename(), /^export-by-hand-.*\.json$/);
  assert.match(await readFile(await download.path(), 'utf8'), /who has the long cable\?/);
  assert.deepEqual(await violations(page), []);
});

spec('exports one chat from its own page', async ({ page, daemon }) => {
  await daemon.call('POST', '/archive/imports', { path: join(daemon.folder, 'DataExport'), dry_run: false });
  await eventually(async () => (await daemon.call('GET', '/archive')).figures?.messages === 2, 20_000);
  await page.goto('/archive/-1001234567890');
  await page.getByRole('button', { name: 'Export this chat…' }).press('Enter');
  const dialog = page.getByRole('dialog', { name: `Export ${CHAT}` });
  await dialog.getByLabel('To', { exact: true }).fill('2025-12-30');
  await dialog.getByRole('button', { name: 'Export', exact: true }).press('Enter');
  await page.goto('/archive');
  await sees(newest(page).getByText(/0 messages of 1 chat to/));
});

spec('says what is wrong with a path', async ({ page }) => {
  await press(await asked(page, '/nowhere/at/all'), 'Import');
  await sees(newest(page).getByText(/\/nowhere\/at\/all cannot be read.*name an export's folder/));
});

spec('says in the dialog what it cannot begin', async ({ page }) => {
  const dialog = await asked(page, '/srv/DataExport');
  await dialog.getByText('For databases, old exports and pages').click();
  await dialog.getByLabel('Zone of dates that do not say theirs').fill('Europe/Tape');
  await press(dialog, 'Import');
  await sees(dialog.getByRole('alert').getByText(/there is no zone Europe\/Tape/));
  assert.equal(await dialog.getByLabel('File or folder, where the daemon runs').inputValue(), '/srv/DataExport');
  await dialog.getByRole('button', { name: 'Close' }).click();

  await page.route('**/api/v1/archive/exports', (route) => (route.request().method() === 'POST' ? route.fulfill({ status: 409, json: { title: 'Conflict', detail: 'an export runs already' } }) : route.fallback()));
  await traffic(page).getByRole('button', { name: 'Export…' }).click();
  const other = page.getByRole('dialog', { name: 'Export' });
  await press(other, 'Export');
  await sees(other.getByRole('alert').getByText(/an export runs already/i));
}, { expectedErrors: [/status of 4(00|09)/] });

spec('fits a phone with its dialogs', async ({ page }) => {
  const fits = async (what) => {
    const [content, window] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
    assert.ok(content <= 360 && window === 360, `${what} is ${content} wide in a window of ${window}`);
  };
  await page.goto('/archive');
  for (const name of ['Import', 'Export']) {
    const button = traffic(page).getByRole('button', { name: `${name}…` });
    if (!(await button.isVisible())) continue;
    await button.tap();
    await sees(page.getByRole('dialog', { name }).getByRole('button', { name, exact: true }));
    await fits(name);
    await page.keyboard.press('Escape');
  }
}, { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true });
