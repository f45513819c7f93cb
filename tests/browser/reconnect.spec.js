import assert from 'node:assert/strict';
import { fits, phone } from './support/phone.js';
import { job, jobLink, live, lost, sees, specs } from './support/spec.js';
import { eventually } from './support/wait.js';

const spec = specs();

spec('comes back after the daemon restarted', async ({ page, daemon }) => {
  await page.goto('/');
  await live(page);
  await daemon.halt();
  await sees(page.getByText('Connection lost, reconnecting…'));
  await daemon.runAgain();
  await live(page);
  await daemon.call('POST', '/jobs/broken/run', {});
  await sees(job(page, 'broken').getByRole('link', { name: 'Failed', exact: true }));
}, { expectedErrors: lost });

spec('reads what changed while it was away', async ({ page, daemon }) => {
  await page.goto('/');
  await live(page);
  await daemon.halt();
  await sees(page.getByText('Connection lost, reconnecting…'));
  await daemon.runAgain();
  await daemon.call('POST', '/jobs/nightly/pause');
  await sees(job(page, 'nightly').getByText('Paused', { exact: true }));
}, { expectedErrors: lost });

const open = (page, name) => page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name, exact: true }).click();
const missing = (page) => page.getByRole('alert').filter({ hasText: /this page could not be fetched/i });

spec('opens a page that was asked for while the daemon was away', async ({ page, daemon }) => {
  await page.goto('/');
  await live(page);
  await daemon.halt();
  await sees(page.getByText('Connection lost, reconnecting…'));
  await open(page, 'Music');
  await sees(missing(page));
  await missing(page).getByRole('button', { name: 'Try again' }).click();
  await open(page, 'Jobs');
  await sees(jobLink(page, 'nightly'));
  await open(page, 'Music');
  await sees(missing(page));
  await daemon.runAgain();
  await sees(page.getByText('No music yet'));
}, { expectedErrors: lost });

spec('loads a part that is gone once more, and no more', async ({ page }) => {
  let loads = 0;
  let answers = 0;
  page.on('load', () => (loads += 1));
  page.on('response', (response) => (answers += Number(response.request().method() === 'HEAD')));
  await page.route(/\/assets\/Music-[^/]*\.js$/, (route) => route.fulfill({ status: 404, body: '' }));
  await page.goto('/');
  await live(page);
  await open(page, 'Music');
  await eventually(() => loads === 2 && answers === 2);
  await sees(missing(page));
  assert.equal(loads, 2);
  await open(page, 'Jobs');
  await sees(jobLink(page, 'nightly'));
}, { expectedErrors: [/status of 404/] });

spec('says in the bar that the connection is lost', async ({ page, daemon }) => {
  await page.goto('/');
  await live(page);
  await daemon.halt();
  await sees(page.getByRole('banner').getByText('Offline', { exact: true }));
  await sees(page.getByRole('status').filter({ hasText: 'Connection lost, reconnecting…' }));
  await fits(page, 'the bar');
  await daemon.runAgain();
  await live(page);
}, { ...phone, expectedErrors: lost });
