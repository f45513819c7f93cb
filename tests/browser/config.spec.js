import { JOBS } from './support/daemon.js';
import { jobLink, live, sees, seesNo, specs } from './support/spec.js';

const spec = specs();

spec('shows a problem until it is mended', async ({ page, daemon }) => {
  await page.goto('/');
  await live(page);
  await daemon.writeConfig(JOBS.replace('timezone = "Asia/Tokyo"', 'timezon = "Asia/Tokyo"'));
  await page.getByRole('link', { name: 'See what to fix' }).click();
  const problems = page.getByRole('list', { name: 'Problems' });
  await sees(problems.getByText('jobs.nightly.timezon'));
  await sees(problems.getByText(/config\.toml:\d+/));
  await sees(page.getByText('The last good configuration stays in force'));
  await daemon.writeConfig(JOBS);
  await sees(page.getByText('No problems.'));
  await seesNo(problems);
});

spec('shows a new job without a reload', async ({ page, daemon }) => {
  await page.goto('/');
  await live(page);
  await daemon.writeConfig(`${JOBS}\n[jobs.brand-new]\nkind = "command"\nprogram = "true"\n`);
  await sees(jobLink(page, 'brand-new'));
});

spec('tells where each value came from', async ({ page }) => {
  await page.goto('/config');
  await sees(page.getByRole('row').filter({ hasText: 'server.listen' }).getByText('config.toml'));
  await page.getByRole('searchbox', { name: 'Search keys' }).fill('data.folder');
  await seesNo(page.getByRole('row').filter({ hasText: 'server.listen' }));
  await page.getByRole('button', { name: 'Reload' }).click();
  await sees(page.getByText('The configuration is read again'));
});
