// Turns exceptions into errors that the daemon can show; without it they end as a trap without words.

/** What the daemon said when it refused or failed lies in the exception's `payload`. */
const cause = (error) => error?.payload ?? error;

/** For `configure`: what is wrong with the settings, for the operator. */
export const refused = (call) =>
  function (...given) {
    try {
      return call.apply(this, given);
    } catch (error) {
      throw String(cause(error)?.val ?? error);
    }
  };

/** For all other calls. Throw `{ tag: 'permanent', val: 'why' }` to choose what happens next. */
export const reported = (call) =>
  function (...given) {
    try {
      return call.apply(this, given);
    } catch (error) {
      if (typeof cause(error)?.tag === 'string') throw cause(error);
      throw { tag: 'other', val: { code: 'exception', message: [error, error?.stack].filter(Boolean).join('\n').trim() } };
    }
  };
