// Turns exceptions into errors that the daemon can show; without it they end as a trap without words.

/** For `configure`: what is wrong with the settings, for the operator. */
export const refused = (call) =>
  function (...given) {
    try {
      return call.apply(this, given);
    } catch (error) {
      throw String(error);
    }
  };

/** For all other calls. Throw `{ tag: 'permanent', val: 'why' }` to choose what happens next. */
export const reported = (call) =>
  function (...given) {
    try {
      return call.apply(this, given);
    } catch (error) {
      if (typeof error?.tag === 'string') throw error;
      throw { tag: 'other', val: { code: 'exception', message: [error, error?.stack].filter(Boolean).join('\n').trim() } };
    }
  };
