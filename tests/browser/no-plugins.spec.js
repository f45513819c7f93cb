import assert from 'node:assert/strict';
import { violations } from './support/accessibility.js';
import { sees, specs } from './support/spec.js';

const spec = specs({ config: '[plugin_host]\nbundled = false\n' });

spec('says where plugins go when there are none', async ({ page, daemon }) => {
  await page.goto('/plugins');
  await sees(page.getByText(`${daemon.folder}/data/plugins`));
  await sees(page.getByText(/tapedeck plugins new/));
  assert.deepEqual(await violations(page), []);
});
