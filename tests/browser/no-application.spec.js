import { sees, specs } from './support/spec.js';

const spec = specs();

spec('says where to get an application, and goes on by itself', async ({ page, daemon }) => {
  await page.goto('/accounts');
  await sees(page.getByRole('heading', { name: 'First, tell Telegram who is asking' }));
  await sees(page.getByRole('link', { name: 'my.telegram.org' }));
  await sees(page.getByText('api_hash = '));
  await daemon.writeConfig('[telegram]\napi_id = 12345\napi_hash = "0123456789abcdef0123456789abcdef"\n');
  await sees(page.getByText('No account yet'));
  await sees(page.getByRole('link', { name: 'Log in' }));
});
