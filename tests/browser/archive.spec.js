import assert from 'node:assert/strict';
import { violations } from './support/accessibility.js';
import { logIn } from './support/music.js';
import { live, sees, seesNo, specs } from './support/spec.js';
import { eventually } from './support/wait.js';

const CONFIG = `
[plugin_host]
bundled = false

[jobs.backup]
kind = "archive"
`;
const phone = { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true };

const spec = specs({ config: CONFIG, telegram: {}, prepare });

async function prepare(daemon, telegram) {
  await logIn(daemon, telegram);
  await sweep(daemon);
}

async function sweep(daemon) {
  const { id } = await daemon.call('POST', '/jobs/backup/run', {});
  const run = await eventually(async () => {
    const run = await daemon.call('GET', `/runs/${id}`);
    return run.ended && run;
  }, 20_000);
  assert.equal(run.status, 'succeeded', run.error);
}

const chats = async (daemon) => (await daemon.call('GET', '/archive/chats')).chats;
const largest = async (daemon) => (await chats(daemon)).toSorted((a, b) => b.figures.messages - a.figures.messages)[0];
const region = (page, name) => page.getByRole('region', { name });
const rows = (page) => region(page, 'Messages of the chat').locator('li[data-row]');

spec('shows what is archived, chat by chat', async ({ page, daemon }) => {
  await page.goto('/archive');
  const { figures } = await daemon.call('GET', '/archive');
  await sees(page.getByRole('definition').getByText(`${figures.messages}`, { exact: true }));
  await sees(region(page, 'At work').getByRole('link', { name: 'backup', exact: true }));
  const all = await chats(daemon);
  assert.equal(await region(page, 'Chats').getByRole('listitem').count(), all.length);
  assert.deepEqual(await violations(page), []);
  await page.getByRole('searchbox', { name: 'Find a chat' }).fill('no chat is called like this');
  await sees(page.getByText('No chat is called so'));
  await page.getByRole('searchbox', { name: 'Find a chat' }).fill(all[0].title);
  await sees(region(page, 'Chats').getByRole('link', { name: all[0].title, exact: true }));
});

spec('opens a chat by keyboard and pages through its messages', async ({ page, daemon }) => {
  const chat = await largest(daemon);
  await page.goto('/archive');
  await region(page, 'Chats').getByRole('link', { name: chat.title, exact: true }).press('Enter');
  await sees(page.getByRole('heading', { level: 1, name: chat.title }));
  await sees(rows(page));
  assert.equal(await rows(page).count(), Math.min(50, chat.figures.messages));
  assert.deepEqual(await violations(page), []);
  while (await page.getByRole('button', { name: 'Load older' }).isVisible()) {
    const before = await rows(page).count();
    await page.getByRole('button', { name: 'Load older' }).click();
    await eventually(async () => (await rows(page).count()) > before);
  }
  await sees(page.getByText('This is the first message that is archived.'));
  assert.equal(await rows(page).count(), chat.figures.messages);
});

spec('finds a message anywhere, and shows it in its chat', async ({ page, daemon }) => {
  const chat = await largest(daemon);
  const { messages } = await daemon.call('GET', `/archive/chats/${chat.id}/messages?limit=1000`);
  const [meant, word] = messages.map((it) => [it, /\p{L}{5,}/u.exec(it.text)?.[0]]).find(([, word]) => word);
  await eventually(async () => (await daemon.call('GET', '/archive')).figures.unindexed === 0, 20_000);
  await page.goto('/archive');
  await sees(page.getByRole('searchbox', { name: 'Search all messages' }));
  await page.keyboard.press('/');
  await page.keyboard.type(word);
  const found = region(page, 'What was found');
  await sees(found.getByRole('listitem').filter({ hasText: word }));
  await seesNo(region(page, 'Chats'));
  assert.deepEqual(await violations(page), []);
  await page.getByRole('searchbox', { name: 'Search all messages' }).fill('nobody has ever written this');
  await sees(page.getByText('No message fits'));
  await page.goto(`/archive/${chat.id}?at=${meant.id}`);
  await sees(page.locator(`#message-${meant.id}`).getByText(word));
  await page.waitForFunction((id) => document.activeElement?.closest('li')?.id === `message-${id}`, meant.id);
});

spec('says how whole a chat is', async ({ page, daemon }) => {
  const chat = await largest(daemon);
  const { share, gaps, read: proven } = await daemon.call('GET', `/archive/chats/${chat.id}/certificate`);
  assert.deepEqual([share, gaps, proven.length], [1, [], 1]);
  await page.goto(`/archive/${chat.id}`);
  const whole = region(page, 'How whole it is');
  await sees(whole.getByText('100 % proven'));
  const read = whole.getByRole('list', { name: 'Read whole' });
  assert.deepEqual(await read.getByRole('listitem').allInnerTexts(), [`${proven[0].first}–${proven[0].last}`]);
  const stretches = Array.from({ length: 15 }, (_, at) => ({ first: 10 * at + 1, last: 10 * at + 1 + (at % 2) }));
  await page.route(/\/certificate(\?|$)/, async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, json: { ...(await response.json()), proven: 1, not_shown: 1, read: stretches } });
  });
  await page.reload();
  await sees(whole.getByText('1 number', { exact: true }));
  await sees(whole.getByText('1 number stands for none that this account is shown'));
  assert.deepEqual((await read.getByRole('listitem').allInnerTexts()).slice(0, 3), ['1', '11–12', '21']);
  assert.equal(await read.getByRole('listitem').count(), 12);
  await whole.getByRole('button', { name: 'Show all 15 stretches' }).click();
  await sees(read.getByText('141', { exact: true }));
});

spec('goes back to where one was in a list', async ({ page, daemon }) => {
  const chat = await largest(daemon);
  await page.goto(`/archive/${chat.id}`);
  await sees(rows(page));
  await page.evaluate(() => scrollTo(0, 400));
  const before = await page.evaluate(() => scrollY);
  assert.ok(before > 0, 'the chat is longer than the window');
  await page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name: 'Archive' }).click();
  await sees(page.getByRole('heading', { level: 1, name: 'Archive', exact: true }));
  assert.equal(await page.evaluate(() => scrollY), 0);
  await page.goBack();
  await sees(rows(page));
  await page.waitForFunction((y) => scrollY === y, before);
}, { viewport: { width: 1280, height: 500 } });

spec('finds as many messages as were loaded when one goes back', async ({ page, daemon }) => {
  const chat = await largest(daemon);
  const [one] = (await daemon.call('GET', `/archive/chats/${chat.id}/messages?limit=1`)).messages;
  await page.route(/\/messages\?/, (route) => {
    const query = new URL(route.request().url()).searchParams;
    const until = Number(query.get('before') ?? 121) - 1;
    const from = query.has('after') ? Number(query.get('after')) + 1 : Math.max(1, until - Number(query.get('limit')) + 1);
    const messages = Array.from({ length: until - from + 1 }, (_, at) => ({ ...one, id: from + at }));
    return route.fulfill({ json: { messages, older: from > 1 ? from : null, newer: null } });
  });
  await page.goto(`/archive/${chat.id}`);
  await sees(page.locator('#message-71'));
  await page.getByRole('button', { name: 'Load older' }).click();
  await eventually(async () => (await rows(page).count()) === 100);
  await page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name: 'Archive' }).click();
  await sees(region(page, 'Chats'));
  await page.goBack();
  await eventually(async () => (await rows(page).count()) === 100);
});

spec('fits a phone', async ({ page, daemon }) => {
  const chat = await largest(daemon);
  for (const [path, text] of [['/archive', /^Chats$/], [`/archive/${chat.id}`, /Load older|first message/], ['/archive?q=a', /That is all|Look further|No message/]]) {
    await page.goto(path);
    await sees(page.getByRole('main').getByText(text).locator('visible=true'));
    const [content, window] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
    assert.ok(content <= 360 && window === 360, `${path} is ${content} wide in a window of ${window}`);
    assert.deepEqual(await violations(page), [], path);
  }
}, phone);

spec('breaks no rule in the dark', async ({ page, daemon }) => {
  const chat = await largest(daemon);
  for (const path of ['/archive', `/archive/${chat.id}`]) {
    await page.goto(path);
    await sees(page.getByRole('region').first());
    assert.deepEqual(await violations(page), [], path);
  }
}, { colorScheme: 'dark' });

spec('sees what comes while it looks on', async ({ page, daemon }) => {
  await page.goto('/archive');
  await live(page);
  await daemon.call('POST', '/jobs/backup/run', {});
  await sees(region(page, 'At work').getByText(/Succeeded/));
});
