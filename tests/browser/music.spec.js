import assert from 'node:assert/strict';
import { violations } from './support/accessibility.js';
import { fillShelf, logIn, MUSIC, scrobble, sound } from './support/music.js';
import { live, sees, seesNo, specs } from './support/spec.js';
import { eventually } from './support/wait.js';

const SONGS = ['Ada - Blue Monday = 20', 'Grace - Red Tuesday = 25'];
const phone = { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true };

const spec = specs({ config: MUSIC, telegram: {}, spotify: { songs: SONGS }, prepare });

async function prepare(daemon, telegram) {
  await fillShelf(daemon, [
    ['Ada - Blue Monday', 20],
    ['Ada - Blue Monday (Remastered)', 23],
    ['Grace - Red Tuesday', 25],
  ]);
  await logIn(daemon, telegram);
  const before = Date.now() - 3_600_000;
  await scrobble(daemon, 'single', 'Grace', 'Red Tuesday', { seconds: 25, at: before });
  await scrobble(daemon, 'single', 'Ada', 'Blue Monday', { seconds: 20, at: before + 60_000 });
  await daemon.call('POST', '/jobs/profile-music/run', {});
  await eventually(async () => (await profile(daemon)).filter((song) => song.backend === 'shelf').length === 2, 20_000);
}

const profile = async (daemon) => (await daemon.call('GET', '/music/profile')).songs;
const titles = async (daemon) => (await profile(daemon)).map((song) => song.title).join();
const region = (page, name) => page.getByRole('region', { name });
const row = (page, title) => region(page, 'On the profile').getByRole('listitem').filter({ hasText: title });

spec('shows the profile as it is, and changes it', async ({ page, daemon }) => {
  await page.goto('/music');
  await sees(row(page, 'Blue Monday').getByText('shelf'));
  await live(page);
  assert.equal(await titles(daemon), 'Blue Monday,Red Tuesday');
  assert.deepEqual(await violations(page), []);
  await page.getByRole('button', { name: 'Move Blue Monday down' }).click();
  await eventually(async () => (await titles(daemon)) === 'Red Tuesday,Blue Monday');
  await page.waitForFunction(() => /Red Tuesday[^]*Blue Monday/.test(document.querySelector('main ol')?.textContent ?? ''));
  await page.getByRole('button', { name: 'Move Blue Monday up' }).click();
  await eventually(async () => (await titles(daemon)) === 'Blue Monday,Red Tuesday');
  await page.waitForFunction(() => /Blue Monday[^]*Red Tuesday/.test(document.querySelector('main ol')?.textContent ?? ''));
});

spec('lets one listen to a song of the profile', async ({ page }) => {
  await page.goto('/music');
  await page.getByRole('button', { name: 'Listen to Blue Monday' }).click();
  const audio = row(page, 'Blue Monday').locator('audio');
  await page.waitForFunction(() => (document.querySelector('audio')?.readyState ?? 0) >= 3);
  assert.equal(Math.round(await audio.evaluate((it) => it.duration)), 20);
  await audio.evaluate((it) => void (it.currentTime = 15));
  await page.waitForFunction(() => !document.querySelector('audio')?.seeking);
  assert.deepEqual(await violations(page), []);
  await page.getByRole('button', { name: 'Stop Blue Monday' }).click();
  assert.equal(await page.locator('audio').count(), 0);
});

spec('adds a file and removes it', async ({ page, daemon }) => {
  await page.goto('/music');
  await live(page);
  await page.getByLabel('Add a file').setInputFiles({ name: 'Lin - Of My Own.wav', mimeType: 'audio/wav', buffer: sound(3) });
  await sees(row(page, 'Of My Own').getByText('Added by you'));
  await page.getByRole('button', { name: 'Remove Of My Own' }).click();
  await seesNo(row(page, 'Of My Own'));
  assert.equal(await titles(daemon), 'Blue Monday,Red Tuesday');
  await page.getByLabel('Add a file').setInputFiles({ name: 'notes.txt', mimeType: 'text/plain', buffer: Buffer.from('no song') });
  await sees(page.getByRole('alert').getByText('Could not add notes.txt'));
}, { expectedErrors: [/400/] });

spec('takes another recording instead, and takes that back', async ({ page, daemon }) => {
  const recording = async () => (await profile(daemon)).find((song) => song.title === 'Blue Monday')?.recording;
  await page.goto('/music');
  await row(page, 'Blue Monday').getByRole('link', { name: 'Blue Monday' }).click();
  await sees(page.getByRole('heading', { name: 'Blue Monday', level: 1 }));
  await live(page);
  const candidates = page.getByRole('list', { name: 'Candidates of shelf' });
  await sees(candidates.getByText('Taken', { exact: true }));
  await sees(candidates.getByText(/^Not this one: another one scored higher/));
  assert.deepEqual(await violations(page), []);
  const before = await recording();
  await page.getByRole('button', { name: /^Use this one.*Blue Monday \(Remastered\)$/ }).click();
  await sees(page.getByText(/was chosen by hand/));
  await sees(candidates.getByText('Chosen by hand'));
  await eventually(async () => ![before, undefined].includes(await recording()), 15_000);
  await sees(page.getByText(/recording of shelf, 0:23 long/));
  await page.goto('/music');
  await sees(region(page, 'Chosen by hand').getByText('Blue Monday (Remastered)'));
  await sees(row(page, 'Blue Monday').getByText('Chosen'));
  const [file] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Export' }).click()]);
  assert.equal(file.suggestedFilename(), 'tapedeck-choices.json');
  await region(page, 'Chosen by hand').getByRole('button', { name: /Undo the choice/ }).click();
  await seesNo(row(page, 'Blue Monday').getByText('Chosen'));
  await page.getByLabel('Import').setInputFiles(await file.path());
  await sees(region(page, 'Chosen by hand').getByText('Blue Monday (Remastered)'));
  await daemon.call('POST', '/music/choices/undo', { song: 'Blue Monday' });
});

spec('asks a backend what it has', async ({ page }) => {
  await page.goto('/music');
  await row(page, 'Red Tuesday').getByRole('link', { name: 'Red Tuesday' }).click();
  await region(page, 'shelf').getByRole('button', { name: /Look again|See what it has/ }).click();
  await sees(page.getByRole('list', { name: 'Candidates of shelf' }).getByText('Grace'));
  await page.getByText('Take a recording that is not listed').click();
  await page.getByLabel(/Its id there/).fill('no such file.wav');
  await page.getByRole('button', { name: 'Use this one', exact: true }).last().click();
  await sees(page.getByText(/was chosen by hand/));
  await page.getByRole('button', { name: 'Undo' }).click();
  await seesNo(page.getByText(/was chosen by hand/));
});

spec('searches what was played', async ({ page, daemon }) => {
  await page.goto('/music');
  await page.getByRole('link', { name: /^All/ }).click();
  const plays = region(page, 'Plays');
  await sees(plays.getByText('Blue Monday'));
  assert.deepEqual(await violations(page), []);
  await page.keyboard.press('/');
  await page.keyboard.type('grace red');
  await seesNo(plays.getByText('Blue Monday'));
  await sees(plays.getByText('Red Tuesday'));
  await page.getByRole('searchbox').fill('nobody');
  await sees(page.getByText('No play fits'));
  await page.getByRole('searchbox').fill('');
  await live(page);
  await scrobble(daemon, 'single', 'Lin', 'New Wednesday', { at: Date.now() - 600_000 });
});

spec('logs in to Spotify, and shows what plays', async ({ page, context, spotify }) => {
  await page.goto('/music');
  await sees(page.getByText('Nobody is logged in to Spotify').or(page.getByText('Logged in to Spotify as')));
  await live(page);
  await page.getByRole('button', { name: /Log in/ }).click();
  const dialog = page.getByRole('dialog', { name: 'Log in to Spotify' });
  assert.deepEqual(await violations(page), []);
  const [other] = await Promise.all([context.waitForEvent('page'), dialog.getByRole('link', { name: 'Go to Spotify' }).click()]);
  await sees(other.getByText(/Logged in to Spotify as/));
  await other.close();
  await sees(dialog.getByText(/What you play is heard from now on/));
  await dialog.getByRole('button', { name: 'Done' }).click();
  const now = region(page, 'What plays now');
  spotify.type('play Ada - Blue Monday = 20');
  await sees(now.getByText('Playing · Spotify'));
  await sees(now.getByText('Blue Monday', { exact: true }));
  assert.ok(Number(await now.getByRole('progressbar', { name: 'Played' }).getAttribute('aria-valuenow')) <= 20);
  const cover = now.locator('img');
  await page.waitForFunction((it) => it.naturalWidth === 64, await cover.elementHandle());
  spotify.type('pause');
  await sees(now.getByText('Paused · Spotify'));
  assert.deepEqual(await violations(page), []);
  spotify.type('resume');
  await sees(now.getByText('Playing · Spotify'));
  spotify.type('limit 3600');
  await sees(now.getByText(/rate limited until/));
  await sees(page.getByText(/Waiting for Spotify until/));
  assert.deepEqual(await violations(page), []);
});

spec('fits a phone', async ({ page }) => {
  for (const path of ['/music', '/music/history', '/music/songs/none']) {
    await page.goto(path);
    await sees(page.getByRole('heading', { level: 1 }));
    await sees(page.getByText(/On its way|Blue Monday|there is no song/).locator('visible=true'));
    const [content, window] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
    assert.ok(content <= 360 && window === 360, `${path} is ${content} wide in a window of ${window}`);
    assert.deepEqual(await violations(page), [], path);
  }
}, { ...phone, expectedErrors: [/404/] });

spec('cleans the profile, after asking', async ({ page, daemon }) => {
  await page.goto('/music');
  await live(page);
  await page.getByRole('button', { name: 'Clean…' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Leave it' }).click();
  assert.notEqual((await profile(daemon)).length, 0);
  await page.getByRole('button', { name: 'Clean…' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Clean', exact: true }).click();
  await sees(region(page, 'On the profile').getByText('No song is there. What you play appears here.'));
});
