// Where a recording is, and what its address means.

/** What the operator may write under `[plugins.{{name}}.settings]`. */
export const schema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    address: {
      type: 'string',
      pattern: '^https?://.*\\{isrc\\}',
      default: 'https://music.example.com/{isrc}.mp3',
      description: "Where recordings are; {isrc} is replaced by the track's ISRC",
    },
  },
};

/** The address of a track's recording, if its ISRC is known. */
export function address(ids, { address = 'https://music.example.com/{isrc}.mp3' } = {}) {
  const isrc = ids.find(({ scheme, value }) => scheme === 'isrc' && /^[a-z0-9]+$/i.test(value));
  return isrc ? address.replace('{isrc}', isrc.value.toUpperCase()) : null;
}

/** Whether these are the first bytes of an MP3 file; an error page is none. */
export function isMp3(bytes) {
  const hasTag = bytes[0] === 0x49 && bytes[1] === 0x44 && bytes[2] === 0x33; // ID3
  return hasTag || (bytes[0] === 0xff && bytes[1] > 0xe0);
}
