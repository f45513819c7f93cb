import { job, live, sees, specs } from './support/spec.js';

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
}, { expectedErrors: [/ERR_CONNECTION_REFUSED|ERR_INCOMPLETE_CHUNKED|ERR_EMPTY_RESPONSE|ERR_CONNECTION_RESET/] });

spec('reads what changed while it was away', async ({ page, daemon }) => {
  await page.goto('/');
  await live(page);
  await daemon.halt();
  await sees(page.getByText('Connection lost, reconnecting…'));
  await daemon.runAgain();
  await daemon.call('POST', '/jobs/nightly/pause');
  await sees(job(page, 'nightly').getByText('Paused', { exact: true }));
}, { expectedErrors: [/ERR_CONNECTION_REFUSED|ERR_INCOMPLETE_CHUNKED|ERR_EMPTY_RESPONSE|ERR_CONNECTION_RESET/] });
