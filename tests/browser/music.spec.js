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

spec('shows both recordings while a better one takes the place of silence', async ({ page, daemon }) => {
  await page.route(/\/music\/profile$/, async (route) => {
    const response = await route.fetch();
    const view = await response.json();
    const [better, ...rest] = view.songs;
    const silence = { ...better, backend: 'zero', is_placeholder: true, recording: null };
    const own = { ...better, is_ours: false, track: null, backend: null, title: 'Of My Own', recording: '/api/v1/music/profile/songs/1/recording' };
    const songs = [better, silence, ...rest, own].map((song, at) => ({ ...song, place: at + 1 }));
    await route.fulfill({ response, json: { ...view, songs } });
  });
  await page.goto('/music');
  await sees(row(page, 'Blue Monday').getByText('Silence for now'));
  await sees(row(page, 'Blue Monday').getByText('shelf'));
  assert.equal(await region(page, 'On the profile').getByRole('listitem').count(), 4);
  await sees(region(page, 'On the profile').getByText(/^2 songs of ours.*, 1 of your own, which stays as it is/));
  const asked = page.waitForRequest(/\/music\/profile\/move$/);
  await page.route(/\/music\/profile\/move$/, (route) => route.fulfill({ status: 202, json: { song: 'Blue Monday', is_unheard: false } }));
  await page.getByRole('button', { name: 'Move Blue Monday down' }).first().click();
  const { song, after } = (await asked).postDataJSON();
  assert.deepEqual([song, after], (await profile(daemon)).map(({ track }) => track), 'below the next song, not below its own other recording');
});

spec('keeps the account in links to songs', async ({ page }) => {
  await page.goto('/music?account=main');
  for (const name of ['On the profile', 'Played lately']) {
    const link = region(page, name).getByRole('link', { name: 'Blue Monday' }).first();
    assert.match(await link.getAttribute('href'), /\?account=main$/, name);
  }
  await row(page, 'Blue Monday').getByRole('link', { name: 'Blue Monday' }).click();
  await page.waitForURL('**/music/songs/*?account=main');
  await sees(page.getByText(/recording of shelf/));
  await page.getByRole('main').getByRole('link', { name: 'Music', exact: true }).click();
  await page.waitForURL('**/music?account=main');
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

spec('adds files and removes them', async ({ page, daemon }) => {
  await page.goto('/music');
  await live(page);
  const wav = (name, seconds) => ({ name: `Lin - ${name}.wav`, mimeType: 'audio/wav', buffer: sound(seconds) });
  await page.getByLabel('Add a file').setInputFiles([wav('Of My Own', 3), wav('Another One', 4)]);
  for (const title of ['Of My Own', 'Another One']) {
    await sees(row(page, title).getByText('Added by you'));
    await page.getByRole('button', { name: `Remove ${title}` }).click();
    await sees(page.getByText(`${title} leaves`, { exact: true }));
    await seesNo(row(page, title));
  }
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
  await page.getByLabel('Import').setInputFiles({ name: 'nothing.json', mimeType: 'application/json', buffer: Buffer.from('null') });
  await sees(page.getByRole('alert').getByText('nothing.json is no file of choices'));
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

spec('ignores a day in the address that is none', async ({ page }) => {
  await page.goto('/music/history?since=foo&until=2999-13-x');
  await sees(region(page, 'Plays').getByText('Blue Monday'));
});

/** Spotify is asked every ten seconds or so while something plays. */
const hears = (locator) => locator.first().waitFor({ state: 'visible', timeout: 15_000 });

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
  await hears(now.getByText('Blue Monday', { exact: true }));
  await sees(now.getByText('Playing · Spotify'));
  assert.ok(Number(await now.getByRole('progressbar', { name: 'Played' }).getAttribute('aria-valuenow')) <= 20);
  const cover = now.locator('img');
  await page.waitForFunction((it) => it.naturalWidth === 64, await cover.elementHandle());
  spotify.type('pause');
  await hears(now.getByText('Paused · Spotify'));
  assert.deepEqual(await violations(page), []);
  spotify.type('resume');
  await hears(now.getByText('Playing · Spotify'));
  spotify.type('limit 3600');
  await hears(now.getByText(/rate limited until/));
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
