// What the daemon calls. The thinking is in logic.js.
import * as log from 'tapedeck:plugin/log@1.0.0';

import { refused, reported } from './errors.js';
import { KEEP, judge, schema } from './logic.js';

let settings = {};

export const describe = {
  describe: () =>
    JSON.stringify({
      id: 'no-links-js',
      version: '1.0.0',
      summary: 'Drops or redacts messages that link to the wrong places',
      settings_schema: schema,
    }),
};

export const chatFilterRecords = {
  configure: refused((text) => {
    settings = JSON.parse(text);
    log.write(4, `links to ${settings.domains?.join(', ') || 'anywhere'}`);
  }),

  selectChat: () => true,

  judge: reported((messages) => {
    const decisions = messages.map(({ text, entities }, index) => {
      const hidden = entities.filter(({ kind }) => kind === 'text-url').map(({ detail }) => detail);
      return { index, ...judge(text, hidden, settings) };
    });
    return decisions.filter(({ verdict }) => verdict !== KEEP);
  }),
};
