import assert from 'node:assert/strict';
import { violations } from './support/accessibility.js';
import { sees, specs } from './support/spec.js';
import { GUESTS, PHONE } from './support/telegram.js';
import { eventually } from './support/wait.js';

const PASSWORD = 'correct horse';
const HINT = 'what the battery staples';

const spec = specs({ config: '', telegram: { password: PASSWORD, hint: HINT, flood: 'auth.sendCode=3', accounts: 3 } });
const lost = [/ERR_CONNECTION_REFUSED|ERR_INCOMPLETE_CHUNKED|ERR_EMPTY_RESPONSE|ERR_CONNECTION_RESET/, /status of 404/];

const picture = (page) => page.getByRole('img', { name: /^QR code/ });
const code = (page) => page.getByRole('textbox', { name: /^Code/ });
const password = (page) => page.getByRole('textbox', { name: 'Password', exact: true });
const isFocused = (locator) => eventually(() => locator.evaluate((node) => node === document.activeElement));

/** What the picture says, as the page gives it for those who cannot scan it. */
async function link(page) {
  await sees(picture(page));
  const text = page.getByText(/^tg:\/\/login/);
  if (!(await text.isVisible())) await page.getByText('Telegram is on this very device?').click();
  return text.innerText();
}

async function askForCode(page) {
  await page.getByLabel('Phone number, with').fill(PHONE);
  await page.getByRole('button', { name: 'Send me a code' }).click();
  await sees(page.getByRole('heading', { name: 'Enter the code' }));
}

/** Every digit is another one. */
const spoilt = (digits) => digits.replaceAll(/\d/g, (digit) => String((Number(digit) + 1) % 10));

spec('counts down a pause that Telegram asks for, then goes on', async ({ page }) => {
  await page.goto('/accounts/patient/log-in?by=phone');
  await page.getByLabel('Phone number, with').fill(PHONE);
  await page.getByRole('button', { name: 'Send me a code' }).click();
  await sees(page.getByText(/Waiting for Telegram until .* \(\d s\)/));
  await sees(page.getByRole('heading', { name: 'Enter the code' }));
});

spec('logs in by a QR code that a phone scans', async ({ page, telegram }) => {
  await page.goto('/accounts');
  await page.getByRole('link', { name: 'Log in', exact: true }).click();
  await sees(picture(page));
  assert.ok(await picture(page).evaluate((image) => image.decode().then(() => image.naturalWidth > 0)), 'it is a picture');
  await sees(page.getByText(/A new code in \d+ s/));
  await telegram.scan(await link(page));
  await isFocused(password(page));
  await password(page).fill(PASSWORD);
  await password(page).press('Enter');
  const heading = page.getByRole('heading', { name: /^Logged in as/ });
  await isFocused(heading);
  const name = (await heading.innerText()).replace('Logged in as ', '');
  await page.getByRole('link', { name: 'Done' }).click();
  await sees(page.getByRole('region', { name: 'Accounts' }).getByText(name));
});

spec('logs in by code and password, refusing wrong ones', async ({ page, telegram }) => {
  await page.goto('/accounts/by-phone/log-in');
  await page.getByText('Phone number', { exact: true }).click();
  await askForCode(page);
  await isFocused(code(page));
  assert.equal(await code(page).getAttribute('autocomplete'), 'one-time-code');
  assert.equal(await code(page).getAttribute('inputmode'), 'numeric');
  const right = await telegram.code();
  await code(page).fill(spoilt(right));
  await sees(page.getByRole('alert').getByText('That code is not right'));
  await isFocused(code(page));
  await code(page).pressSequentially(right);
  await isFocused(password(page));
  await sees(page.getByText(HINT));
  await password(page).fill('not this one');
  await password(page).press('Enter');
  await sees(page.getByRole('alert').getByText('That password is not right'));
  await password(page).fill(PASSWORD);
  await page.getByRole('button', { name: 'Show the password' }).click();
  assert.equal(await password(page).getAttribute('type'), 'text');
  await page.getByRole('button', { name: 'Log in', exact: true }).click();
  await isFocused(page.getByRole('heading', { name: /^Logged in as/ }));
});

spec('goes on after a reload in the middle', async ({ page, telegram }) => {
  await page.goto('/accounts/reloaded/log-in?by=phone');
  await askForCode(page);
  await page.reload();
  await sees(page.getByRole('heading', { name: 'Enter the code' }));
  await code(page).fill(await telegram.code());
  await sees(password(page));
  await page.reload();
  await password(page).fill(PASSWORD);
  await password(page).press('Enter');
  await sees(page.getByRole('heading', { name: /^Logged in as/ }));
});

spec('keeps what is typed when the same question is read again', async ({ page, telegram }) => {
  await page.addInitScript(() => {
    window.EventSource = class extends window.EventSource {
      constructor(...parts) {
        super(...parts);
        window.lastSource = this;
      }
    };
  });
  await page.goto('/accounts/typing/log-in?by=phone');
  await askForCode(page);
  await code(page).fill(await telegram.code());
  await isFocused(password(page));
  await password(page).fill('half of');
  const id = new URL(page.url()).searchParams.get('login');
  const read = page.waitForResponse((response) => response.url().endsWith(`/logins/${id}`));
  await page.evaluate((data) => window.lastSource.dispatchEvent(new MessageEvent('login', { data })), JSON.stringify({ id }));
  await (await read).finished();
  await page.evaluate(() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn))));
  assert.equal(await password(page).inputValue(), 'half of');
});

spec('gives an attempt up', async ({ page, daemon }) => {
  await page.goto('/accounts/given-up/log-in?by=phone');
  await askForCode(page);
  const id = new URL(page.url()).searchParams.get('login');
  await page.getByRole('button', { name: 'Cancel' }).click();
  await sees(page.getByRole('heading', { name: 'Telegram accounts' }));
  const answer = await page.request.get(`${daemon.url}/api/v1/logins/${id}`);
  assert.equal(answer.status(), 404);
});

spec('takes over from another window', async ({ page, context }) => {
  await page.goto('/accounts/twice/log-in');
  await sees(picture(page));
  const other = await context.newPage();
  await other.goto('/accounts/twice/log-in');
  await sees(picture(other));
  await page.getByRole('button', { name: /Show a new code|Try again/ }).click();
  await sees(picture(page));
}, { expectedErrors: [/status of 404/] });

spec('shows a new picture after the daemon restarted', async ({ page, daemon }) => {
  await page.goto('/accounts/restarted/log-in');
  const before = await link(page);
  await daemon.halt();
  await sees(page.getByText('Connection lost, reconnecting…'));
  await daemon.runAgain();
  await sees(page.getByText('This is a new one.'));
  assert.notEqual(await link(page), before);
}, { expectedErrors: lost });

spec('replaces another user only on demand', async ({ page, telegram }) => {
  await page.goto('/accounts/shared/log-in');
  await telegram.scan(await link(page), GUESTS[0]);
  await sees(page.getByRole('heading', { name: 'Logged in as Guest 1' }));
  await page.goto('/accounts/shared/log-in');
  await telegram.scan(await link(page), GUESTS[1]);
  await sees(page.getByRole('heading', { name: 'This is somebody else' }));
  await page.getByRole('button', { name: 'Replace Guest 1' }).click();
  await telegram.scan(await link(page), GUESTS[1]);
  await sees(page.getByRole('heading', { name: 'Logged in as Guest 2' }));
});

for (const colorScheme of ['light', 'dark']) {
  spec(`breaks no rule and fits a phone, ${colorScheme}`, async ({ page, telegram }) => {
    const check = async (step) => {
      assert.deepEqual(await violations(page), [], step);
      assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 360, `${step} fits`);
    };
    await page.goto(`/accounts/seen-${colorScheme}/log-in`);
    await link(page);
    await check('the picture');
    await page.getByText('Phone number', { exact: true }).click();
    await sees(page.getByLabel('Phone number, with'));
    await check('the number');
    await askForCode(page);
    await check('the code');
    await code(page).fill(await telegram.code());
    await sees(password(page));
    await check('the password');
    await password(page).fill(PASSWORD);
    await password(page).press('Enter');
    await sees(page.getByRole('heading', { name: /^Logged in as/ }));
    await check('the end');
  }, { viewport: { width: 360, height: 740 }, colorScheme });
}
