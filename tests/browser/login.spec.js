import assert from 'node:assert/strict';
import { JOBS, USER, WITH_USER } from './support/daemon.js';
import { jobLink, live, lost, sees, seesNo, specs } from './support/spec.js';

const spec = specs({ config: WITH_USER + JOBS });
const refused = { expectedErrors: [/status of 401/] };

async function signIn(page, password) {
  await page.getByLabel('Name').fill(USER.name);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
}

spec('asks for a password and refuses a wrong one', async ({ page }) => {
  await page.goto('/');
  await sees(page.getByRole('heading', { name: 'Sign in' }));
  await signIn(page, 'wrong');
  await sees(page.getByRole('alert').filter({ hasText: 'do not belong together' }));
  await signIn(page, USER.password);
  await sees(jobLink(page, 'slow-lines'));
}, refused);

spec('returns to where one was going', async ({ page }) => {
  await page.goto('/jobs/nightly?status=failed');
  await signIn(page, USER.password);
  await sees(page.getByRole('heading', { name: 'nightly' }));
  assert.equal(new URL(page.url()).search, '?status=failed');
}, refused);

spec('never leaves for another site after signing in', async ({ page, daemon }) => {
  await page.goto('/login?to=//example.org/');
  await signIn(page, USER.password);
  await sees(jobLink(page, 'slow-lines'));
  assert.ok(page.url().startsWith(daemon.url));
});

spec('signs out and asks again', async ({ page }) => {
  await page.goto('/login');
  await signIn(page, USER.password);
  await page.getByRole('button', { name: `Sign out ${USER.name}` }).click();
  await sees(page.getByRole('heading', { name: 'Sign in' }));
  await seesNo(page.getByRole('navigation', { name: 'Pages' }));
  await page.goto('/runs');
  await sees(page.getByRole('heading', { name: 'Sign in' }));
}, refused);

spec('asks in a tab whose session another tab has ended', async ({ page, context, daemon }) => {
  await page.goto('/runs');
  await signIn(page, USER.password);
  await live(page);
  const other = await context.newPage();
  await other.goto('/');
  await other.getByRole('button', { name: `Sign out ${USER.name}` }).click();
  await sees(other.getByRole('heading', { name: 'Sign in' }));
  // So that the connection for events, which stands for a while, is asked for anew.
  await daemon.halt();
  await daemon.runAgain();
  await sees(page.getByRole('heading', { name: 'Sign in' }));
  assert.equal(new URL(page.url()).searchParams.get('to'), '/runs');
}, { expectedErrors: [...refused.expectedErrors, ...lost] });

spec('says why a user cannot be deleted', async ({ page }) => {
  await page.goto('/tokens');
  await signIn(page, USER.password);
  await sees(page.getByRole('listitem').filter({ hasText: USER.name }).getByText('change auth.username there'));
  assert.ok(await page.getByRole('button', { name: `Delete the user ${USER.name}` }).isDisabled());
}, refused);
