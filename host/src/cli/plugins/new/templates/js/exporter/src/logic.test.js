import assert from 'node:assert/strict';
import test from 'node:test';

import { decode, encode, line, texts } from './logic.js';

test('joins what a line says', () => {
  assert.equal(line(1_772_368_200, 7, 'one\ntwo'), '2026-03-01T12:30:00\t7\tone two\n');
});

test('takes another separator', () => {
  assert.equal(line(0, 0, 'hi', { separator: ';' }), '1970-01-01T00:00:00;;hi\n');
});

test('cuts a blob into texts', () => {
  assert.deepEqual(texts({ offsets: [0, 2, 2, 8], bytes: encode('abтес') }), ['ab', '', 'тес']);
});

test('speaks every script', () => {
  const text = 'aé₽漢🎵 %';
  const bytes = encode(text);
  assert.deepEqual(bytes, new TextEncoder().encode(text));
  assert.equal(decode(bytes, 0, bytes.length), text);
});
