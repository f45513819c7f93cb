import assert from 'node:assert/strict';
import { violations } from './support/accessibility.js';
import { sees, seesNo, specs } from './support/spec.js';

const spec = specs({ config: '' });

spec('says how to switch music on, and sees it happen', async ({ page, daemon }) => {
  await page.goto('/music');
  await sees(page.getByText('No music yet'));
  await sees(page.getByText(/kind\s+= "profile-music"/));
  assert.deepEqual(await violations(page), []);
  await daemon.writeConfig('[jobs.player]\nkind = "player"\nat_start = true\n');
  await sees(page.getByText('What plays is heard, and shown nowhere yet'));
  await seesNo(page.getByText('No music yet'));
  await sees(page.getByRole('heading', { name: 'What plays now' }));
});
