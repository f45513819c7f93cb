// What the daemon calls. The thinking is in logic.js.
import * as http from 'tapedeck:plugin/http@1.0.0';
import * as log from 'tapedeck:plugin/log@1.0.0';

import { refused, reported } from './errors.js';
import { address, isMp3, schema } from './logic.js';

/** Bytes that are handed over at once. */
const PIECE = 65_536;

let settings = {};

export const describe = {
  describe: () =>
    JSON.stringify({
      id: '{{name}}',
      version: '0.1.0',
      summary: '{{summary}}',
      wants: { http: [{ host: 'music.example.com', methods: ['GET'], why: 'has the recordings' }] },
      settings_schema: schema,
    }),
};

export const trackBackend = {
  configure: refused((text) => {
    settings = JSON.parse(text);
  }),

  find: reported((track) => {
    const url = address(track.ids, settings);
    if (url === null) {
      log.write(4, 'no ISRC: nothing to look for');
      return [];
    }
    const { title, artists, album, durationMs, isExplicit } = track;
    const facts = { title, artists, album, durationMs, isExplicit };
    return [{ ...facts, id: url, url, score: 90, isVerified: true, views: null, memo: '', extra: [] }];
  }),

  fetch: reported((track, candidate, out) => {
    const { status, body } = http.send({
      method: 'GET',
      url: candidate.id,
      headers: [],
      body: new Uint8Array(),
      timeoutMs: null,
      maxBytes: null,
      followRedirects: true,
    });
    if (status !== 200 || !isMp3(body)) {
      throw { tag: 'permanent', val: `${candidate.id} is no recording (status ${status})` };
    }
    for (let at = 0; at < body.length; at += PIECE) out.write(body.slice(at, at + PIECE));
    const nothing = { bitrate: null, title: null, performer: null, picture: null, extra: [] };
    return { ...nothing, mime: 'audio/mpeg', extension: 'mp3', durationMs: track.durationMs };
  }),
};
