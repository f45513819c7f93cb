import assert from 'node:assert/strict';
import { violations } from './support/accessibility.js';
import { JOBS, USER, WITH_USER } from './support/daemon.js';
import { sees, specs } from './support/spec.js';

const spec = specs({ config: WITH_USER + JOBS });

for (const colorScheme of ['light', 'dark']) {
  spec(`breaks no rule before signing in, ${colorScheme}`, async ({ page }) => {
    await page.goto('/login');
    await sees(page.getByRole('heading', { name: 'Sign in' }));
    assert.deepEqual(await violations(page), []);
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
  }, { colorScheme, viewport: { width: 360, height: 740 } });
}

spec('counts down after too many attempts', async ({ page }) => {
  await page.goto('/login');
  const button = page.getByRole('button', { name: /Sign in|Wait/ });
  for (let attempt = 0; attempt < 40 && !(await page.getByText('Too many attempts').isVisible()); attempt += 1) {
    await page.getByLabel('Name').fill(USER.name);
    await page.getByLabel('Password').fill('wrong');
    const answer = page.waitForResponse((response) => response.url().endsWith('/api/v1/session'));
    await button.click();
    await answer;
    await sees(page.getByRole('alert').locator('p'));
  }
  await sees(page.getByRole('button', { name: /^Wait \d+ s$/ }));
}, { expectedErrors: [/status of (401|429)/] });
