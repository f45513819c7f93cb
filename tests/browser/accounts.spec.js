import assert from 'node:assert/strict';
import { violations } from './support/accessibility.js';
import { live, sees, seesNo, specs } from './support/spec.js';
import { eventually } from './support/wait.js';

let name;
const spec = specs({ config: '', telegram: {}, prepare: logIn });
const row = (page, account) => page.getByRole('region', { name: 'Accounts' }).getByRole('listitem').filter({ hasText: account });

async function logIn(daemon, telegram) {
  for (const account of ['main', 'work']) {
    const { id } = await daemon.call('POST', '/logins', { account, method: 'qr' });
    const step = async (state) => {
      const login = await daemon.call('GET', `/logins/${id}`);
      return login.step.state === state && login.step;
    };
    const { url } = await eventually(() => step('qr'));
    await telegram.scan(url);
    name = (await eventually(() => step('done'))).user.name;
  }
}

spec('shows who is logged in, and how it goes', async ({ page }) => {
  await page.goto('/accounts');
  await sees(row(page, 'work').getByText(name));
  await sees(row(page, 'work').getByText('Pace gentle'));
  assert.deepEqual(await violations(page), []);
});

spec('logs an account out, after asking', async ({ page }) => {
  await page.goto('/accounts');
  await live(page);
  await page.getByRole('button', { name: 'Log out of work' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Stay logged in' }).click();
  await sees(row(page, 'work').getByText(name));
  await page.getByRole('button', { name: 'Log out of work' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Log out', exact: true }).click();
  await sees(page.getByText('Logged out of work'));
  await seesNo(row(page, 'work').getByText(name));
  await sees(row(page, 'main').getByText(name));
});

spec('adds an account by name', async ({ page }) => {
  await page.goto('/accounts');
  await page.getByRole('button', { name: 'Add an account' }).click();
  const field = page.getByRole('dialog').getByLabel('Name');
  await field.fill('main');
  await sees(page.getByText('There is an account with this name already.'));
  await field.fill('spare');
  await field.press('Enter');
  await sees(page.getByRole('heading', { name: 'Log in to Telegram' }));
  assert.equal(new URL(page.url()).pathname, '/accounts/spare/log-in');
});

spec('fits a phone', async ({ page }) => {
  await page.goto('/accounts');
  await sees(row(page, 'main').getByText(name));
  assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 360);
  assert.deepEqual(await violations(page), []);
}, { viewport: { width: 360, height: 740 } });
