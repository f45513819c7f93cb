// Which messages link to the wrong places.

export const KEEP = 0;
export const DROP = 1;
export const REDACT = 2;

export const schema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    domains: {
      type: 'array',
      items: { type: 'string', minLength: 1 },
      description: 'Links to these and what is below them are meant; none means every link',
    },
    redact: {
      type: 'boolean',
      description: 'Keep such messages, with [link] in place of each link in the text',
    },
  },
};

const LINK = /(?:https?:\/\/|www\.)[^\s<>"]+/gi;

/** The verdict on a text and the addresses behind its words, the new text, and why. */
export function judge(text, hidden, { domains = [], redact = false } = {}) {
  const links = (text.match(LINK) ?? []).filter((link) => isMeant(link, domains));
  const behind = hidden.filter((link) => isMeant(link, domains));
  if (!links.length && !behind.length) return { verdict: KEEP, text: '', reason: '' };
  const reason = `links to ${[...new Set([...links, ...behind].map(host))].sort().join(', ')}`;
  if (behind.length || !redact) return { verdict: DROP, text: '', reason };
  const replaced = text.replace(LINK, (link) => (isMeant(link, domains) ? '[link]' : link));
  return { verdict: REDACT, text: replaced, reason };
}

function isMeant(link, domains) {
  const name = host(link);
  const isBelow = (domain) => name === domain || name.endsWith(`.${domain}`);
  return !domains.length || domains.some((domain) => isBelow(domain.toLowerCase()));
}

/** The host of an address: what may stand before it, up to an `@`, only looks like one. */
export function host(link) {
  const [authority] = link.replace(/^https?:\/\//i, '').split(/[/?#\\]/, 1);
  return authority.split('@').at(-1).split(':', 1)[0].toLowerCase();
}
