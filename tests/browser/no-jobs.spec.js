import { JOBS } from './support/daemon.js';
import { jobLink, live, sees, specs } from './support/spec.js';

const spec = specs({ config: '' });

spec('shows how to add the first job', async ({ page, daemon }) => {
  await page.goto('/');
  await sees(page.getByText('No jobs yet'));
  await sees(page.getByText('[jobs.hello]'));
  await live(page);
  await daemon.writeConfig(JOBS);
  await sees(jobLink(page, 'slow-lines'));
});
