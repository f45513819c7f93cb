import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';

import { DROP, KEEP, REDACT, judge } from './logic.js';

const cases = JSON.parse(readFileSync(new URL('../cases.json', import.meta.url)));
const verdicts = { keep: KEEP, drop: DROP, redact: REDACT };

for (const { says, text, hidden = [], settings, verdict, result = '' } of cases) {
  test(says, () => {
    const answer = judge(text, hidden, settings);
    assert.deepEqual([answer.verdict, answer.text], [verdicts[verdict], result]);
  });
}

test('says why', () => {
  assert.equal(judge('www.a.org http://b.org:80/', []).reason, 'links to b.org, www.a.org');
});
