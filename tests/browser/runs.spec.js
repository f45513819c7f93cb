import { jobLink, sees, seesNo, specs } from './support/spec.js';

async function prepare(daemon) {
  await daemon.call('POST', '/jobs/broken/run', {});
  await daemon.call('POST', '/jobs/greeter/run', { params: { name: 'Ada' } });
}

const spec = specs({ prepare });

spec('filters runs by status and job', async ({ page }) => {
  await page.goto('/runs');
  const runs = page.getByRole('region', { name: 'All runs' });
  await sees(runs.getByRole('link', { name: 'broken' }));
  await sees(runs.getByRole('link', { name: 'greeter' }));
  await sees(runs.getByRole('link', { name: 'Failed' }));
  await runs.getByLabel('Status').selectOption('failed');
  await seesNo(runs.getByRole('link', { name: 'greeter' }));
  await runs.getByLabel('Status').selectOption('');
  await page.getByRole('searchbox', { name: 'Name of a job' }).fill('greeter');
  await seesNo(runs.getByRole('link', { name: 'broken' }));
  await runs.getByRole('link', { name: 'greeter' }).click();
  await sees(page.getByRole('heading', { name: 'greeter' }));
});

spec('goes back to where one was', async ({ page }) => {
  await page.goto('/runs?status=failed');
  await page.getByRole('region', { name: 'All runs' }).getByRole('link', { name: 'Failed' }).click();
  await page.waitForURL('**/runs/*');
  await page.goBack();
  await sees(page.getByRole('heading', { name: 'Runs', exact: true }));
  await seesNo(page.getByRole('link', { name: 'greeter' }));
});

/** More runs than a page of the list has, as if they were remembered. */
async function withManyRuns(page, daemon) {
  const [run] = (await daemon.call('GET', '/runs?status=failed&limit=1')).runs;
  await page.route(/\/api\/v1\/runs\?/, (route) => {
    const query = new URL(route.request().url()).searchParams;
    const [from, limit] = [Number(query.get('before')), Number(query.get('limit'))];
    const runs = Array.from({ length: Math.min(limit, 120 - from) }, (_, at) => ({ ...run, id: `${run.id.slice(0, -3)}${999 - from - at}`, job: `tape-${from + at + 1}` }));
    return route.fulfill({ json: { runs, next: from + limit < 120 ? String(from + limit) : null } });
  });
}

spec('finds as many runs as were loaded when one goes back, and begins anew with another filter', async ({ page, daemon }) => {
  await withManyRuns(page, daemon);
  await page.goto('/runs');
  const runs = page.getByRole('region', { name: 'All runs' });
  const of = (number) => runs.getByRole('link', { name: `tape-${number}`, exact: true });
  await sees(of(50));
  await seesNo(of(51));
  await runs.getByRole('button', { name: 'Load older' }).click();
  await sees(of(100));
  await page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name: 'Jobs' }).click();
  await sees(jobLink(page, 'broken'));
  await page.goBack();
  await sees(of(100));
  await seesNo(of(101));
  await runs.getByLabel('Status').selectOption('failed');
  await seesNo(of(51));
  await sees(of(50));
});

spec('tells in the list why a run failed', async ({ page }) => {
  await page.goto('/runs?status=failed');
  await sees(page.getByRole('row').filter({ hasText: 'broken' }).getByText('it goes wrong'));
});

spec('goes back in one step from a page that was opened twice', async ({ page }) => {
  await page.goto('/');
  await sees(jobLink(page, 'broken'));
  const link = page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name: 'Runs' });
  await link.click();
  await sees(page.getByRole('heading', { name: 'Runs', exact: true }));
  await link.click();
  await page.goBack();
  await sees(jobLink(page, 'broken'));
});
