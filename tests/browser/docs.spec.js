import assert from 'node:assert/strict';
import { sees, seesNo, specs } from './support/spec.js';

const spec = specs();
const operation = (page, path) => page.getByRole('group').filter({ has: page.getByText(path, { exact: true }) });

spec('lists the operations and tries one', async ({ page, daemon }) => {
  const outside = [];
  page.on('request', (request) => request.url().startsWith(daemon.url) || outside.push(request.url()));
  await page.goto('/docs');
  await sees(page.getByText('/api/v1/jobs/{job}/run', { exact: true }));
  await page.getByText('/api/v1/status', { exact: true }).click();
  await operation(page, '/api/v1/status').getByRole('button', { name: 'Try it' }).click();
  await sees(operation(page, '/api/v1/status').getByText('200', { exact: true }));
  await sees(page.getByLabel('Answer').getByText('started_at'));
  assert.deepEqual(outside, [], 'nothing comes from elsewhere');
});

spec('finds operations by words', async ({ page }) => {
  await page.goto('/docs');
  await sees(page.getByText('/api/v1/tokens', { exact: true }));
  await page.getByRole('searchbox', { name: 'Search operations' }).fill('/pause');
  await seesNo(page.getByText('/api/v1/tokens', { exact: true }));
  await sees(page.getByText('/api/v1/jobs/{job}/pause', { exact: true }));
});
