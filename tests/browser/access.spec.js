import assert from 'node:assert/strict';
import { violations } from './support/accessibility.js';
import { phone } from './support/phone.js';
import { sees, seesNo, specs } from './support/spec.js';
import { eventually } from './support/wait.js';

const spec = specs();

spec('shows a new token once, and it works', async ({ page, daemon }) => {
  await page.goto('/tokens');
  await page.getByRole('button', { name: 'New token' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Name').fill('grafana');
  await dialog.getByRole('button', { name: 'Create' }).click();
  await sees(dialog.getByRole('heading', { name: 'Copy the token now' }));
  const token = await dialog.locator('code').innerText();
  const headers = { authorization: `Bearer ${token}` };
  const jobs = await fetch(`${daemon.url}/api/v1/jobs`, { headers });
  assert.equal(jobs.status, 200);
  const run = await fetch(`${daemon.url}/api/v1/jobs/nightly/run`, {
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/json' },
    body: '{}',
  });
  assert.equal(run.status, 403, 'its scope is read only');
  await dialog.getByRole('button', { name: 'Close' }).click();
  await page.reload();
  await sees(page.getByRole('row').filter({ hasText: 'grafana' }));
  await seesNo(page.getByText(token));

  await page.getByRole('button', { name: 'Delete the token grafana' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await sees(page.getByText('No tokens.'));
  const after = await fetch(`${daemon.url}/api/v1/jobs`, { headers });
  assert.equal(after.status, 401);
});

spec('gives a scrobbler a token that can do nothing else', async ({ page, daemon }) => {
  await page.goto('/tokens');
  await page.getByRole('button', { name: 'New token' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Name').fill('walkman');
  await dialog.getByRole('checkbox', { name: /^read/ }).uncheck();
  await dialog.getByRole('checkbox', { name: /^scrobble/ }).check();
  await dialog.getByRole('button', { name: 'Create' }).click();
  await sees(dialog.getByRole('heading', { name: 'Copy the token now' }));
  const { scopes } = (await daemon.call('GET', '/tokens')).find((token) => token.name === 'walkman');
  assert.deepEqual(scopes, ['scrobble']);
});

spec('shows which button cannot be pressed', async ({ page }) => {
  await page.goto('/tokens');
  await page.getByRole('button', { name: 'New token' }).click();
  const dialog = page.getByRole('dialog');
  const create = dialog.getByRole('button', { name: 'Create' });
  const isFilled = () => create.evaluate((it) => getComputedStyle(it).backgroundColor !== 'rgba(0, 0, 0, 0)');
  assert.equal(await isFilled(), true);
  await dialog.getByRole('checkbox', { name: /^read/ }).uncheck();
  await eventually(async () => !(await isFilled()));
  await create.hover();
  assert.equal(await isFilled(), false, 'nor with the mouse over it');
});

spec('says in the dialog why a user is refused', async ({ page }) => {
  await page.goto('/tokens');
  await page.getByRole('button', { name: 'New user' }).tap();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Name').fill('bob');
  await dialog.getByLabel('Password').fill('short');
  await dialog.getByRole('button', { name: 'Add' }).tap();
  await sees(dialog.getByRole('alert').getByText(/the password is too short/i));
  assert.equal(await dialog.getByLabel('Name').inputValue(), 'bob');
  assert.deepEqual(await violations(page), []);
}, { ...phone, expectedErrors: [/status of 400/] });

spec('asks for a password after the first user', async ({ page }) => {
  await page.goto('/tokens');
  await page.getByRole('button', { name: 'New user' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Name').fill('bob');
  await dialog.getByLabel('Password').fill('a long enough password');
  await dialog.getByRole('button', { name: 'Add' }).click();
  await sees(page.getByRole('heading', { name: 'Sign in' }));
  await page.getByLabel('Name').fill('bob');
  await page.getByLabel('Password').fill('a long enough password');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await sees(page.getByRole('button', { name: 'Delete the user bob' }));
}, { expectedErrors: [/status of 401/] });
