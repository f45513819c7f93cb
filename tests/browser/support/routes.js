/** Every address of the page, on a daemon where something has run and something runs. */
export async function routes(daemon) {
  const failed = await daemon.call('POST', '/jobs/broken/run', {});
  const running = await daemon.call('POST', '/jobs/sleeper/run', {});
  await daemon.call('POST', '/jobs/nightly/pause');
  return {
    '/': /slow-lines/,
    '/jobs/nightly': /Next|Paused/,
    '/jobs/broken': /History/,
    '/runs': /sleeper/,
    [`/runs/${failed.id}`]: /it goes wrong/,
    [`/runs/${running.id}`]: /Running/,
    '/config': /server\.listen/,
    '/accounts': /First, tell Telegram/,
    '/plugins': /No plugins yet|appear here by themselves/,
    '/music': /No music yet/,
    '/music/history': /Nothing was played yet/,
    '/archive': /Nothing is archived yet/,
    '/tokens': /No tokens/,
    '/docs': /\/api\/v1\/status/,
    '/no/such/page': /There is no page here/,
  };
}
