import assert from 'node:assert/strict';
import { violations } from './support/accessibility.js';
import { logIn } from './support/music.js';
import { sees, specs } from './support/spec.js';
import { eventually } from './support/wait.js';

const CONFIG = `
[jobs.backup]
kind = "archive"
`;

/** Telegram asks for a long pause in the middle: whoever comes meanwhile sees what is waited for. */
const spec = specs({ config: CONFIG, telegram: { flood: 'messages.getHistory=600@2' }, prepare });

async function prepare(daemon, telegram) {
  await logIn(daemon, telegram);
  const { id } = await daemon.call('POST', '/jobs/backup/run', {});
  await eventually(async () => (await daemon.call('GET', `/runs/${id}`)).status === 'waiting', 20_000);
}

const sweep = (page) => page.getByRole('region', { name: 'The sweep' });

spec('says of each chat how far it is, and what is waited for', async ({ page, daemon }) => {
  await page.goto('/archive');
  await sees(sweep(page).getByText(/Waiting for Telegram until/));
  const { sweeps } = await daemon.call('GET', '/archive/sweeps');
  assert.equal(sweeps.length, 1);
  const [{ counts, chats }] = sweeps;
  assert.equal(counts.reading, 1, JSON.stringify(counts));
  const rows = sweep(page).getByRole('list', { name: 'Chats of the sweep' }).getByRole('listitem');
  assert.equal(await rows.count(), chats.length);
  await sees(rows.first().getByText('Waiting', { exact: true }));
  if (counts.waiting) await sees(sweep(page).getByText(`${counts.waiting} to come`));
  assert.deepEqual(await violations(page), []);
});

spec('leads to the log of its run', async ({ page }) => {
  await page.goto('/archive');
  await sweep(page).getByRole('link', { name: 'its log' }).click();
  await sees(page.getByRole('heading', { level: 1, name: /backup/ }));
});

spec('fits a phone', async ({ page }) => {
  await page.goto('/archive');
  await sees(sweep(page));
  const [content, window] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
  assert.ok(content <= 360 && window === 360, `${content} wide in a window of ${window}`);
}, { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true });
