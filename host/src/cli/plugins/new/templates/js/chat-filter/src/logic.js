// Which messages are dropped, and which are changed.

export const KEEP = 0;
export const DROP = 1;
export const REDACT = 2;

/** What the operator may write under `[plugins.{{name}}.settings]`. */
export const schema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    words: {
      type: 'array',
      items: { type: 'string', minLength: 1 },
      default: [],
      description: 'Messages with one of these words are dropped, whether in capitals or not',
    },
    redact: {
      type: 'boolean',
      default: false,
      description: 'Keep such messages, with the words blacked out',
    },
  },
};

/** Compiles the words once, for all messages. */
export function prepare({ words = [], redact = false }) {
  const escaped = words.map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return { pattern: words.length ? new RegExp(escaped.join('|'), 'giu') : null, redact };
}

/** The verdict on a text, the new text, and why. */
export function judge(text, { pattern, redact }) {
  const found = pattern ? text.match(pattern) : null;
  if (!found) return { verdict: KEEP, text: '', reason: '' };
  const reason = `contains ${[...new Set(found.map((word) => word.toLowerCase()))].join(', ')}`;
  if (!redact) return { verdict: DROP, text: '', reason };
  return { verdict: REDACT, text: text.replace(pattern, '███'), reason };
}
