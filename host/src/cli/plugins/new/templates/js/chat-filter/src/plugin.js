// What the daemon calls. The thinking is in logic.js.
import * as log from 'tapedeck:plugin/log@1.0.0';

import { refused, reported } from './errors.js';
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
  configure: refused((text) => {
    settings = prepare(JSON.parse(text));
    log.write(4, `looking for ${settings.pattern ?? 'nothing'}`);
  }),

  selectChat: () => true,

  judge: reported((messages) => {
    const decisions = messages.map(({ text }, index) => ({ index, ...judge(text, settings) }));
    return decisions.filter(({ verdict }) => verdict !== KEEP);
  }),
};
