import assert from 'node:assert/strict';
import test from 'node:test';

import { address, isMp3 } from './logic.js';

test('address names the ISRC', () => {
  const ids = [
    { scheme: 'spotify', value: '4cOdK2wGLETKBW3PvgPWqT' },
    { scheme: 'isrc', value: 'gbarl9300135' },
  ];
  assert.equal(address(ids), 'https://music.example.com/GBARL9300135.mp3');
});

test('no address without an ISRC', () => {
  assert.equal(address([{ scheme: 'spotify', value: '4cOdK2wGLETKBW3PvgPWqT' }]), null);
  assert.equal(address([{ scheme: 'isrc', value: '../etc' }]), null);
});

test('a page is no music', () => {
  const bytes = (text) => new TextEncoder().encode(text);
  assert.ok(isMp3(bytes('ID3\x03')) && isMp3(new Uint8Array([0xff, 0xfb, 0x90, 0])));
  assert.ok(!isMp3(bytes('<!doctype html>')) && !isMp3(bytes('')));
});
