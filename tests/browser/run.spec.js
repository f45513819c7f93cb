import assert from 'node:assert/strict';
import { job, live, sees, seesNo, specs } from './support/spec.js';
import { eventually } from './support/wait.js';

const spec = specs();
const LINES = /line \d of six/g;

spec('shows the log while it is written', async ({ page }) => {
  await page.goto('/');
  await page.getByRole('button', { name: 'Run slow-lines' }).click();
  await page.getByRole('link', { name: 'Open the run' }).click();
  const log = page.getByRole('log', { name: 'Log' });
  const count = async () => ((await log.innerText()).match(LINES) ?? []).length;
  const first = await eventually(count);
  assert.ok(first < 6, 'the first lines are there before the last one is written');
  await sees(page.getByRole('main').getByText('Running', { exact: true }));
  await sees(log.getByText('line 6 of six'));
  await sees(page.getByRole('main').getByText('Succeeded', { exact: true }));
  assert.equal(await count(), 6, 'no line is lost or doubled');
});

spec('filters and searches the log', async ({ page, daemon }) => {
  const run = await daemon.call('POST', '/jobs/slow-lines/run', {});
  await page.goto(`/runs/${run.id}`);
  const log = page.getByRole('log', { name: 'Log' });
  await sees(log.getByText('line 6 of six'));
  await page.getByRole('searchbox', { name: 'Search the log' }).fill('line 3');
  await seesNo(log.getByText('line 4 of six'));
  await sees(log.getByText('line 3 of six'));
  await page.getByRole('searchbox', { name: 'Search the log' }).fill('');
  await page.getByLabel('Level').selectOption('error');
  await seesNo(log.getByText('line 3 of six'));
});

spec('cancels a run that goes on', async ({ page, daemon }) => {
  const run = await daemon.call('POST', '/jobs/sleeper/run', {});
  await page.goto(`/runs/${run.id}`);
  await sees(page.getByRole('main').getByText('Running', { exact: true }));
  await page.getByRole('button', { name: 'Cancel' }).click();
  await sees(page.getByRole('main').getByText('Cancelled', { exact: true }));
  await seesNo(page.getByRole('button', { name: 'Cancel' }));
  await page.goto('/');
  await sees(job(page, 'sleeper').getByRole('link', { name: 'Cancelled', exact: true }));
});

spec('shows why a run failed', async ({ page, daemon }) => {
  const run = await daemon.call('POST', '/jobs/broken/run', {});
  await page.goto(`/runs/${run.id}`);
  await sees(page.getByRole('main').getByText('Failed', { exact: true }));
  await sees(page.getByRole('region', { name: 'Error' }));
  await sees(page.getByRole('log', { name: 'Log' }).getByText('it goes wrong'));
});

spec('runs it again with the same parameters', async ({ page, daemon }) => {
  const run = await daemon.call('POST', '/jobs/greeter/run', { params: { name: 'Ada' } });
  await page.goto(`/runs/${run.id}`);
  await page.getByRole('button', { name: 'Run again' }).click();
  await page.waitForURL((url) => url.pathname.startsWith('/runs/') && !url.pathname.endsWith(run.id));
  await sees(page.getByRole('log', { name: 'Log' }).getByText('Hello Ada'));
});

spec('says so when there is no such run', async ({ page }) => {
  await page.goto('/runs/01975f5e-9f0b-7d2e-8a53-6f2b3c4d5e6f');
  await sees(page.getByRole('alert'));
}, { expectedErrors: [/status of 404/] });

spec('stays connected at a broken link', async ({ page }) => {
  await page.goto('/runs/xyz');
  await sees(page.getByRole('alert'));
  await live(page);
  await seesNo(page.getByText('Connection lost, reconnecting…'));
}, { expectedErrors: [/status of 40[04]/] });
