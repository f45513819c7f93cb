import assert from 'node:assert/strict';
import { job, jobLink, live, sees, seesNo, specs } from './support/spec.js';

const spec = specs();

spec('shows each job with kind and next fire', async ({ page }) => {
  await page.goto('/');
  const row = job(page, 'nightly');
  await sees(row.getByText('Runs at night'));
  await sees(row.getByText('command', { exact: true }));
  const title = await row.locator('time').last().getAttribute('title');
  assert.match(title, /Asia\/Tokyo/, 'the time in the zone of the job is at hand');
});

spec('says that the page is open', async ({ page }) => {
  await page.goto('/');
  await sees(page.getByText('tapedeck user add NAME'));
});

spec('shows the result of a run by itself', async ({ page, daemon }) => {
  await page.goto('/');
  await live(page);
  await daemon.call('POST', '/jobs/broken/run', {});
  await sees(job(page, 'broken').getByRole('link', { name: 'Failed', exact: true }));
  await sees(job(page, 'broken').getByRole('list', { name: 'Recent runs of broken' }).getByRole('link'));
});

spec('pauses and resumes a job', async ({ page }) => {
  await page.goto('/');
  await page.getByRole('button', { name: 'Pause nightly' }).click();
  await sees(job(page, 'nightly').getByText('Paused', { exact: true }));
  await page.getByRole('button', { name: 'Resume nightly' }).click();
  await sees(page.getByRole('button', { name: 'Pause nightly' }));
  await seesNo(job(page, 'nightly').getByText('Paused', { exact: true }));
});

spec('finds jobs by name and state', async ({ page }) => {
  await page.goto('/');
  await page.getByRole('searchbox', { name: 'Search jobs' }).fill('prints a line');
  await seesNo(jobLink(page, 'nightly'));
  await sees(jobLink(page, 'slow-lines'));
  await page.reload();
  await sees(jobLink(page, 'slow-lines'));
  await seesNo(jobLink(page, 'nightly'));
  await page.getByRole('searchbox', { name: 'Search jobs' }).fill('no such thing');
  await page.getByRole('button', { name: 'Show all jobs' }).click();
  await sees(jobLink(page, 'nightly'));
});
