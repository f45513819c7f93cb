/** The daemon's time, ticking: what the page counts down to was set by that clock, not by the viewer's. */
class Clock {
  #skew = 0;
  now = $state(Date.now());

  constructor() {
    const beat = () => {
      this.now = Date.now() + this.#skew;
      setTimeout(beat, 1000 - ((Date.now() + this.#skew) % 1000));
    };
    beat();
  }

  /** Small differences are travel time of the answer and are left alone. */
  set(now: string) {
    const skew = Date.parse(now) - Date.now();
    this.#skew = Math.abs(skew) < 1500 ? 0 : skew;
    this.now = Date.now() + this.#skew;
  }
}

export const clock = new Clock();
