import assert from 'node:assert/strict';
import { violations } from './support/accessibility.js';
import { sees, specs } from './support/spec.js';

const spec = specs({ config: '' });

spec('says how to begin, and makes no archive by looking', async ({ page, daemon }) => {
  await page.goto('/archive');
  await sees(page.getByText('Nothing is archived yet'));
  await sees(page.getByText(/kind\s+= "archive"/));
  assert.deepEqual(await violations(page), []);
  assert.deepEqual(await daemon.call('GET', '/archive'), {
    is_there: false, engine: null, figures: null, max_upload: 2 ** 31,
  });
});

spec('explains an address that leads nowhere', async ({ page }) => {
  await page.goto('/archive/-1001234567890');
  await sees(page.getByRole('alert').getByText(/nothing was archived yet/i));
}, { expectedErrors: [/404/] });
