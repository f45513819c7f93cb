import assert from 'node:assert/strict';
import { violations } from './support/accessibility.js';
import { routes } from './support/routes.js';
import { jobLink, sees, specs } from './support/spec.js';

let pages;
const spec = specs({ prepare: async (daemon) => (pages = await routes(daemon)) });

for (const colorScheme of ['light', 'dark']) {
  spec(`breaks no rule on any page, ${colorScheme}`, async ({ page }) => {
    for (const [path, text] of Object.entries(pages)) {
      await page.goto(path);
      await sees(page.getByRole('main').getByText(text).locator('visible=true'));
      assert.deepEqual(await violations(page), [], path);
    }
  }, { colorScheme });
}

spec('breaks no rule in its dialogs', async ({ page }) => {
  await page.goto('/jobs/greeter');
  await page.getByRole('button', { name: 'Run with parameters…' }).click();
  await sees(page.getByRole('dialog'));
  assert.deepEqual(await violations(page), []);
  await page.keyboard.press('Escape');
  await page.keyboard.press('?');
  await sees(page.getByRole('dialog', { name: 'Keyboard' }));
  assert.deepEqual(await violations(page), []);
});

spec('breaks no rule at phone width', async ({ page }) => {
  await page.goto('/');
  await sees(jobLink(page, 'slow-lines'));
  assert.deepEqual(await violations(page), []);
}, { viewport: { width: 360, height: 740 } });
