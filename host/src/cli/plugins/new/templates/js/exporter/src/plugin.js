// What the daemon calls. The thinking is in logic.js.
import * as log from 'tapedeck:plugin/log@1.0.0';

import { refused, reported } from './errors.js';
import { encode, line, schema, texts } from './logic.js';

let settings = {};

export const describe = {
  describe: () =>
    JSON.stringify({
      id: '{{name}}',
      version: '0.1.0',
      summary: '{{summary}}',
      settings_schema: schema,
    }),
};

/** Bytes for the export's own file. */
const piece = (text) => ({ path: '', content: encode(text) });

/** One export, from its first byte to its last. */
class Session {
  constructor(options) {
    this.count = 0;
  }

  beginChat = reported((chat, topics) => [piece(`# ${chat.title}\n`)]);

  introduce = reported((people) => {});

  push = reported((batch) => {
    this.count += batch.ids.length;
    const lines = texts(batch.texts).map((text, i) => line(batch.dates[i], batch.senderIds[i], text, settings));
    return [piece(lines.join(''))];
  });

  finish = reported(() => {
    log.write(4, `wrote ${this.count} messages`);
    return [];
  });
}

export const exporter = {
  configure: refused((text) => {
    settings = JSON.parse(text);
  }),

  formats: () => [{ name: 'lines', extension: 'txt', mime: 'text/plain', summary: 'One message a line: when, who, what' }],

  Session,
};
