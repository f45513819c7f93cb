// How a message becomes a line.

/** What the operator may write under `[plugins.{{name}}.settings]`. */
export const schema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    separator: {
      type: 'string',
      default: '\t',
      description: 'What stands between the parts of a line; a tab by default',
    },
  },
};

/** The line of a message, as text. */
export function line(date, sender, text, { separator = '\t' } = {}) {
  const when = new Date(date * 1000).toISOString().slice(0, 19);
  return [when, sender || '', text.trim().replace(/\s+/g, ' ')].join(separator) + '\n';
}

/** The texts of a batch, which travel as one blob of UTF-8. */
export function texts({ offsets, bytes }) {
  return offsets.slice(1).map((end, index) => decode(bytes, offsets[index], end));
}

/** UTF-8 to text; the engine has no TextDecoder. */
export function decode(bytes, start, end) {
  let text = '';
  for (let at = start; at < end; ) {
    const first = bytes[at++];
    if (first < 0x80) {
      text += String.fromCharCode(first);
      continue;
    }
    const more = first < 0xe0 ? 1 : first < 0xf0 ? 2 : 3;
    let code = first & (0x3f >> more);
    for (let left = more; left > 0; left--) code = (code << 6) | (bytes[at++] & 0x3f);
    text += String.fromCodePoint(code);
  }
  return text;
}

/** Text to UTF-8; the engine has no TextEncoder. */
export function encode(text) {
  const escaped = encodeURIComponent(text.toWellFormed ? text.toWellFormed() : text);
  const bytes = [];
  for (let at = 0; at < escaped.length; at++) {
    if (escaped[at] !== '%') bytes.push(escaped.charCodeAt(at));
    else {
      bytes.push(parseInt(escaped.slice(at + 1, at + 3), 16));
      at += 2;
    }
  }
  return new Uint8Array(bytes);
}
