// What the page's modules need of a browser, and the way to load them here.
import { after } from 'node:test';
import { createServer } from 'vite';

const root = new URL('..', import.meta.url).pathname;

/** An address bar with a history, as far as the page uses it. */
class Browser {
  entries = [{ state: null, url: new URL('http://deck.example/') }];
  at = 0;
  listeners = [];

  get state() {
    return this.entries[this.at].state;
  }

  replaceState(state, _, url = this.url) {
    this.entries[this.at] = { state: structuredClone(state), url: new URL(url, this.url) };
  }

  pushState(state, _, url) {
    this.entries.splice(this.at + 1, Infinity, { state: structuredClone(state), url: new URL(url, this.url) });
    this.at += 1;
  }

  get url() {
    return this.entries[this.at].url;
  }

  back() {
    this.at -= 1;
    for (const listener of this.listeners) listener({ state: this.state });
  }
}

/** Gives back `load`, for modules below `src/`, and the browser that they see. */
export async function page() {
  const browser = new Browser();
  const location = { get: (_, key) => browser.url[key] };
  Object.assign(globalThis, {
    history: browser,
    location: new Proxy({}, location),
    document: { addEventListener() {} },
    addEventListener: (name, listener) => name === 'popstate' && browser.listeners.push(listener),
    scrollTo() {},
    scrollY: 0,
    ResizeObserver: class {
      observe() {}
      disconnect() {}
    },
  });
  globalThis.document.body = {};
  const server = await createServer({ root, appType: 'custom', logLevel: 'error', server: { middlewareMode: true, hmr: false, ws: false, watch: null } });
  after(() => server.close());
  return { browser, load: (path) => server.ssrLoadModule(`/src/${path}`) };
}
