import assert from 'node:assert/strict';
import { violations } from './support/accessibility.js';
import { logIn } from './support/music.js';
import { drop, dropText, takeAway } from './support/plugins.js';
import { live, sees, seesNo, specs } from './support/spec.js';
import { eventually } from './support/wait.js';

const CONFIG = `
[plugin_host]
bundled = false

[plugins.probe]
settings = { judge = "nothing" }
grants   = { kv = "1MiB" }

[plugins.swapped]

[plugins.teller]
settings = { judge = "log 3 hello" }

[jobs.try-teller]
kind = "try-filter"
filters = ["teller"]
`;

const spec = specs({ config: CONFIG, telegram: {}, prepare: withProbe });
const phone = { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true };

const row = (page, name) => page.getByRole('region', { name: 'Plugins' }).getByRole('listitem').filter({ has: page.getByRole('link', { name, exact: true }) });
const panel = (page, name) => page.getByRole('region', { name });
const wish = (page, text) => panel(page, 'What it may do').getByRole('listitem').filter({ hasText: text });
const isReady = async (daemon, name) => (await daemon.call('GET', '/plugins')).plugins.some((one) => one.name === name && one.state === 'ready');
/** On the page of a plugin: what a dial shows, and the messages at the edge. */
const dial = (page, name) => page.getByLabel('How it fares').locator('div').filter({ has: page.getByText(name, { exact: true }) }).getByRole('definition').first();
const toasts = (page) => panel(page, 'Messages');

async function withProbe(daemon, telegram) {
  await logIn(daemon, telegram);
  await drop(daemon, 'probe');
  // It is compiled once, on a thread that everything else goes before.
  await eventually(() => isReady(daemon, 'probe'), 60_000);
}

/** The probe under a name of its own, whose file may be broken. */
async function withTeller(page, daemon) {
  await drop(daemon, 'probe', 'teller');
  await eventually(async () => {
    const teller = await daemon.call('GET', '/plugins/teller');
    return teller.state === 'ready' && !teller.problem;
  });
  await page.goto('/plugins/teller');
  await sees(page.getByRole('heading', { name: 'teller', level: 1 }));
  await live(page);
}

/** A run of the job that calls it, when it has ended. */
async function tried(daemon) {
  const { id } = await daemon.call('POST', '/jobs/try-teller/run', {});
  return eventually(async () => {
    const run = await daemon.call('GET', `/runs/${id}`);
    return run.ended && run;
  }, 20_000);
}

spec('shows what there is and leads to each', async ({ page }) => {
  await page.goto('/');
  await page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name: 'Plugins' }).click();
  await sees(row(page, 'probe').getByText('Ready', { exact: true }));
  await sees(row(page, 'probe').getByText(/Asks for \d+ grants/));
  await page.keyboard.press('j');
  await page.keyboard.press('Enter');
  await sees(page.getByRole('heading', { name: 'probe', level: 1 }));
  await sees(panel(page, 'What it is').getByText('chat-filter'));
  await sees(panel(page, 'Settings').getByRole('row').filter({ hasText: 'judge' }).getByText('nothing'));
});

spec('says how much an exporter may write, and of other plugins nothing of the kind', async ({ page }) => {
  const limits = panel(page, 'What ends a call');
  let kinds = ['chat-filter'];
  await page.route(/\/api\/v1\/plugins\/probe$/, async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, json: { ...(await response.json()), kinds } });
  });
  await page.goto('/plugins/probe');
  await sees(limits.getByText('256 MiB an instance'));
  await seesNo(limits.getByText('files and folders'));
  kinds = ['exporter'];
  await page.reload();
  await sees(limits.getByText(/^1 TiB, 1.?000.?000 files and folders$/));
});

spec('approves and withdraws after saying what it means', async ({ page, daemon }) => {
  await page.goto('/plugins/probe');
  await sees(wish(page, 'Remember up to 1MiB').getByText('Granted in the configuration'));
  const shell = wish(page, 'Run the program cat');
  await sees(shell.getByText('Not granted'));
  await shell.getByRole('button', { name: 'Approve' }).click();
  const dialog = page.getByRole('dialog');
  await sees(dialog.getByText(/may start cat with any arguments/));
  assert.deepEqual(await violations(page), []);
  await dialog.getByRole('button', { name: 'Not now' }).click();
  await sees(shell.getByText('Not granted'));
  await shell.getByRole('button', { name: 'Approve' }).click();
  await dialog.getByRole('button', { name: 'Approve' }).click();
  await sees(shell.getByText('Approved'));
  const granted = async () => (await daemon.call('GET', '/plugins/probe')).capabilities.find((it) => it.what === 'cat').is_granted;
  assert.equal(await granted(), true);

  await shell.getByRole('button', { name: 'Withdraw' }).click();
  await dialog.getByRole('button', { name: 'Withdraw' }).click();
  await sees(shell.getByText('Withdrawn'));
  assert.equal(await granted(), false);
});

spec('pauses and resumes', async ({ page, daemon }) => {
  await page.goto('/plugins');
  await row(page, 'probe').getByRole('button', { name: 'Pause probe' }).click();
  await sees(row(page, 'probe').getByText(/^Paused by/));
  await row(page, 'probe').getByRole('link', { name: 'probe' }).click();
  await sees(page.getByText(/Nothing calls it until it is resumed/));
  await live(page);
  await daemon.call('POST', '/plugins/probe/resume', {});
  await seesNo(page.getByText(/Nothing calls it until it is resumed/));
});

spec('shows how it fares and what it writes', async ({ page, daemon }) => {
  await withTeller(page, daemon);
  assert.equal((await tried(daemon)).status, 'succeeded');
  await sees(page.getByRole('log').getByText('hello', { exact: true }));
  await sees(page.getByText(/^Last called/));
  const { figures } = await daemon.call('GET', '/plugins/teller');
  assert.ok(figures.calls >= 1, JSON.stringify(figures));
  await eventually(async () => (await dial(page, 'Calls').textContent()) === String(figures.calls));
  assert.equal(await dial(page, 'Errors').textContent(), '0');
  for (const name of ['Time', 'Each call', 'Memory']) assert.match(await dial(page, name).textContent(), /\d/, name);
  assert.deepEqual(await violations(page), []);
});

spec('reads its file again, and says why it cannot', async ({ page, daemon }) => {
  await withTeller(page, daemon);
  await dropText(daemon, 'teller', '<!DOCTYPE html>');
  await page.getByRole('button', { name: 'Reload teller' }).click();
  const refusal = toasts(page).getByRole('alert').filter({ hasText: 'Could not reload teller' });
  await sees(refusal.getByText(/teller\.wasm: this is .*, not WebAssembly/));
  await sees(page.getByText(/runs, but something is wrong with its file/));
  const before = (await daemon.call('GET', '/plugins/teller')).figures;
  const run = await tried(daemon);
  assert.equal(run.status, 'succeeded', run.error);
  const { calls, errors } = (await daemon.call('GET', '/plugins/teller')).figures;
  assert.ok(calls > before.calls && errors === before.errors, 'the old code answers');
  await refusal.getByRole('button', { name: 'Close this message' }).click();

  await drop(daemon, 'probe', 'teller');
  await page.getByRole('button', { name: 'Reload teller' }).click();
  await sees(toasts(page).getByText('Read teller again'));
  await seesNo(page.getByText(/runs, but something is wrong with its file/));
}, { expectedErrors: [/plugins\/teller\/reload/] });

spec('pauses and resumes with the same button', async ({ page, daemon }) => {
  await withTeller(page, daemon);
  await page.getByRole('button', { name: 'Pause teller' }).click();
  await sees(page.getByText(/Nothing calls it until it is resumed/));
  const refused = await tried(daemon);
  assert.equal(refused.status, 'failed');
  assert.match(refused.error, /paused/);
  await page.getByRole('button', { name: 'Resume teller' }).click();
  await sees(page.getByRole('button', { name: 'Pause teller' }));
  await seesNo(page.getByText(/Nothing calls it until it is resumed/));
  assert.equal((await tried(daemon)).status, 'succeeded');
});

spec('says why a new file is not used, while the old code runs', async ({ page, daemon }) => {
  await drop(daemon, 'probe', 'swapped');
  await eventually(() => isReady(daemon, 'swapped'));
  await page.goto('/plugins/swapped');
  await sees(page.getByRole('heading', { name: 'swapped' }));
  await live(page);
  await dropText(daemon, 'swapped', '<!DOCTYPE html>');
  await sees(page.getByText(/runs, but something is wrong with its file/));
  assert.deepEqual(await violations(page), []);
  await page.goto('/plugins');
  await sees(row(page, 'swapped').getByText('Ready, with a problem'));
  await live(page);
  await drop(daemon, 'probe', 'swapped');
  await sees(row(page, 'swapped').getByText('Ready', { exact: true }));
});

spec('forgets what a plugin has left behind', async ({ page, daemon }) => {
  // One that has no table in the configuration: such a plugin goes with its file.
  await drop(daemon, 'zero');
  await eventually(() => isReady(daemon, 'zero'), 60_000);
  await daemon.call('POST', '/plugins/zero/grants', { grant: 'http=*.scdn.co' });
  await page.goto('/plugins');
  await sees(row(page, 'zero'));
  await live(page);
  await takeAway(daemon, 'zero');
  await sees(panel(page, 'Left behind').getByText('1 decision about what it may do'));
  assert.deepEqual(await violations(page), []);
  await page.getByRole('button', { name: 'Forget zero' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Keep it' }).click();
  await page.getByRole('button', { name: 'Forget zero' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Forget', exact: true }).click();
  await seesNo(panel(page, 'Left behind'));
  assert.deepEqual((await daemon.call('GET', '/plugins')).remains, []);
});

spec('shows a file that was never of use', async ({ page, daemon }) => {
  await page.goto('/plugins');
  await live(page);
  await dropText(daemon, 'hello', 'no plugin at all');
  await sees(row(page, 'hello').getByText('Cannot be used'));
});

spec('unfolds the pages that a phone has no room for', async ({ page }) => {
  await page.goto('/plugins/probe');
  await sees(page.getByRole('heading', { name: 'probe' }));
  const [content, window] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
  assert.ok(content <= 360 && window === 360, `it is ${content} wide in a window of ${window}`);
  assert.deepEqual(await violations(page), []);
  const pages = page.getByRole('navigation', { name: 'Pages' });
  assert.equal(await pages.getByRole('link', { name: 'Config' }).isVisible(), false);
  await pages.getByRole('button', { name: 'More' }).tap();
  assert.deepEqual(await violations(page), []);
  await pages.getByRole('link', { name: 'Config' }).tap();
  await sees(page.getByRole('heading', { name: 'Configuration' }));
  assert.equal(await pages.getByRole('link', { name: 'Access' }).isVisible(), false, 'it folds again');
}, phone);

for (const colorScheme of ['light', 'dark']) {
  spec(`breaks no rule, ${colorScheme}`, async ({ page }) => {
    for (const path of ['/plugins', '/plugins/probe']) {
      await page.goto(path);
      await sees(page.getByRole('heading', { level: 1 }));
      await sees(page.getByText(/appear here by themselves|Last log lines/));
      assert.deepEqual(await violations(page), [], path);
    }
  }, { colorScheme });
}
