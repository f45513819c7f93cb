import assert from 'node:assert/strict';
import test from 'node:test';

import { address, isMp3 } from './logic.js';

test('names the ISRC', () => {
  const ids = [
    { scheme: 'spotify', value: '4cOdK2wGLETKBW3PvgPWqT' },
    { scheme: 'isrc', value: 'gbarl9300135' },
  ];
  assert.equal(address(ids), 'https://music.example.com/GBARL9300135.mp3');
});

test('has no address without an ISRC', () => {
  assert.equal(address([{ scheme: 'spotify', value: '4cOdK2wGLETKBW3PvgPWqT' }]), null);
});

test('takes no page for music', () => {
  assert.ok(isMp3(new Uint8Array([0x49, 0x44, 0x33, 3])));
  assert.ok(isMp3(new Uint8Array([0xff, 0xfb, 0x90, 0])));
  assert.ok(!isMp3(new TextEncoder().encode('<!doctype html>')));
  assert.ok(!isMp3(new Uint8Array()));
});
