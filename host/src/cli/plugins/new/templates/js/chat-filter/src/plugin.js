// What the daemon calls. The thinking is in logic.js.
import * as log from 'tapedeck:plugin/log@1.0.0';

import { KEEP, judge, prepare, schema } from './logic.js';

let settings = prepare({});

export const describe = {
  describe: () =>
    JSON.stringify({
      id: '{{name}}',
      version: '0.1.0',
      summary: '{{summary}}',
      settings_schema: schema,
    }),
};

export const chatFilterRecords = {
  configure(text) {
    settings = prepare(JSON.parse(text));
    log.write(4, `looking for ${settings.pattern ?? 'nothing'}`);
  },

  selectChat: () => true,

  judge: (messages) =>
    messages.map((message, index) => ({ index, ...judge(message.text, settings) })).filter(({ verdict }) => verdict !== KEEP),
};
