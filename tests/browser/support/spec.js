// One daemon and one browser for a file of specs; one fresh context for each spec.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { chromium } from 'playwright-core';
import { Daemon, JOBS } from './daemon.js';
import { Spotify } from './spotify.js';
import { Telegram } from './telegram.js';

const BINARIES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
];
const LIMIT_MS = 8_000;

/**
 * Gives back `spec`, which runs `body({ page, daemon, context, telegram, spotify })`; there is a simulated Telegram, and a
 * simulated Spotify, for those who say what it is like. `expectedErrors` are patterns of console messages that belong to what is tested, such as a
 * refused sign-in; any other error or policy violation fails the spec.
 */
export function specs({ config = JOBS, telegram: world = null, spotify: player = null, prepare = async () => {} } = {}) {
  const shared = {};

  before(async () => {
    const executablePath = process.env.CHROMIUM ?? BINARIES.find((path) => existsSync(path));
    if (world) shared.telegram = await Telegram.start(world);
    if (player) shared.spotify = await Spotify.start(player);
    [shared.daemon, shared.browser] = await Promise.all([
      Daemon.start((shared.telegram?.config ?? '') + (shared.spotify?.config ?? '') + config),
      chromium.launch({ executablePath, args: FLAGS }),
    ]);
    await prepare(shared.daemon, shared.telegram, shared.spotify);
  });

  after(async () => {
    await shared.browser?.close();
    await shared.daemon?.stop();
    await shared.telegram?.stop();
    await shared.spotify?.stop();
  });

  async function attempt(body, { viewport, expectedErrors, ...options }) {
    const { browser, daemon, telegram, spotify } = shared;
    const context = await browser.newContext({ baseURL: daemon.url, viewport, reducedMotion: 'reduce', ...options });
    context.setDefaultTimeout(LIMIT_MS);
    const page = await context.newPage();
    const errors = [];
    page.on('console', (message) => message.type() === 'error' && errors.push(`${message.text()} ${message.location().url}`));
    page.on('pageerror', (error) => errors.push(String(error)));
    try {
      await body({ page, daemon, context, telegram, spotify });
      const unexpected = errors.filter((text) => !expectedErrors.some((pattern) => pattern.test(text)));
      assert.deepEqual(unexpected, [], 'the console is clean');
    } finally {
      await page.unrouteAll({ behavior: 'ignoreErrors' });
      await context.close();
    }
  }

  // A busy machine can make a page late: a spec may try once more, and says that it did.
  return function spec(name, body, { viewport = { width: 1280, height: 900 }, expectedErrors = [], ...options } = {}) {
    test(name, { timeout: 60_000 }, async (t) => {
      const how = { viewport, expectedErrors, ...options };
      try {
        await attempt(body, how);
      } catch (error) {
        t.diagnostic(`flaky, tried again after: ${error}`);
        await attempt(body, how);
      }
    });
  };
}

/** Waits until it is there to be seen. */
export const sees = (locator) => locator.first().waitFor({ state: 'visible' });
export const seesNo = (locator) => locator.first().waitFor({ state: 'hidden' });

const list = (page) => page.getByRole('region', { name: 'Jobs' });

/** The row of a job, and the link in it that opens the job. */
export const job = (page, name) => list(page).getByRole('listitem').filter({ has: page.getByRole('link', { name, exact: true }) });
export const jobLink = (page, name) => list(page).getByRole('link', { name, exact: true });

/** From here on, whatever changes comes by itself. */
export const live = (page) => page.getByRole('banner').getByText('Live', { exact: true }).waitFor({ state: 'attached' });

/** What a browser says while the daemon is away. */
export const lost = [/ERR_CONNECTION_REFUSED|ERR_INCOMPLETE_CHUNKED|ERR_EMPTY_RESPONSE|ERR_CONNECTION_RESET/];
