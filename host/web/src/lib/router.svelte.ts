import { tick } from 'svelte';

/** The address bar as state. Plain links work; this only saves the page load. */
class Router {
  path = $state(location.pathname);
  search = $state(location.search);
  query = $derived(new URLSearchParams(this.search));
  /** Counts navigations, so that the first page load is told from later ones. */
  moves = $state(0);

  constructor() {
    history.scrollRestoration = 'manual';
    addEventListener('popstate', (event) => {
      // A jump within the page is the browser's own to make.
      if (event.state === null && location.hash && location.pathname === this.path) return;
      this.#moved((event.state as { y?: number } | null)?.y ?? 0);
    });
    document.addEventListener('click', (event) => this.#clicked(event));
  }

  go(href: string, replace = false) {
    const url = new URL(href, location.href);
    history.replaceState({ y: scrollY }, '');
    if (replace) history.replaceState({}, '', url);
    else history.pushState({}, '', url);
    this.#moved(0);
  }

  /** Changes the query of the present page without a new entry in the history. */
  setQuery(values: Record<string, string>) {
    const query = new URLSearchParams(location.search);
    for (const [key, value] of Object.entries(values)) {
      if (value) query.set(key, value);
      else query.delete(key);
    }
    const text = query.toString();
    history.replaceState(history.state, '', location.pathname + (text && `?${text}`));
    this.search = location.search;
  }

  #moved(y: number) {
    if (this.path !== location.pathname) this.moves += 1;
    this.path = location.pathname;
    this.search = location.search;
    void tick().then(() => scrollTo(0, y));
  }

  #clicked(event: MouseEvent) {
    if (event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = (event.target as Element | null)?.closest('a');
    if (!link || link.target || link.hasAttribute('download') || link.origin !== location.origin) return;
    if (link.pathname.startsWith('/api/') || link.pathname === '/metrics') return;
    if (link.hash && link.pathname === location.pathname) return;
    event.preventDefault();
    this.go(link.href);
  }
}

export const router = new Router();
