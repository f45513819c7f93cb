import assert from 'node:assert/strict';
import test from 'node:test';

import { DROP, KEEP, REDACT, judge, prepare } from './logic.js';

test('keeps what names no word', () => {
  assert.equal(judge('good morning', prepare({ words: ['spam'] })).verdict, KEEP);
  assert.equal(judge('good morning', prepare({})).verdict, KEEP);
});

test('drops what names a word', () => {
  const { verdict, reason } = judge('Buy SPAM now', prepare({ words: ['spam'] }));
  assert.deepEqual([verdict, reason], [DROP, 'contains spam']);
});

test('blacks out every place', () => {
  const { verdict, text } = judge('ЦЕНА: spam, Spam!', prepare({ words: ['spam', 'цена'], redact: true }));
  assert.deepEqual([verdict, text], [REDACT, '███: ███, ███!']);
});

test('takes words as they are written', () => {
  assert.equal(judge('1+1', prepare({ words: ['+'] })).verdict, DROP);
  assert.equal(judge('11', prepare({ words: ['1.'] })).verdict, KEEP);
});
