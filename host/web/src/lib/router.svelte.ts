import { tick } from 'svelte';

const HOLD_MS = 3000;
/** With what somebody moves a page themselves. */
const HANDS = ['wheel', 'touchstart', 'pointerdown', 'keydown'];

/** What an entry of the history keeps: how far down the page was, and how much of its lists was read. */
type Place = { y?: number; lengths?: Record<string, number> };
const place = () => (history.state ?? {}) as Place;

/** The address bar as state. Plain links work; this only saves the page load. */
class Router {
  path = $state(location.pathname);
  search = $state(location.search);
  query = $derived(new URLSearchParams(this.search));
  /** Counts navigations, so that the first page load is told from later ones. */
  moves = $state(0);
  #letGo = () => {};

  constructor() {
    history.scrollRestoration = 'manual';
    addEventListener('popstate', (event) => {
      // A jump within the page is the browser's own to make.
      if (event.state === null && location.hash && location.pathname === this.path) return;
      this.#moved(place().y ?? 0);
    });
    document.addEventListener('click', (event) => this.#clicked(event));
  }

  go(href: string, replace = false) {
    const url = new URL(href, location.href);
    history.replaceState({ ...place(), y: scrollY }, '');
    // As browsers do: the page that one is on is not left for itself.
    if (replace || url.href === location.href) history.replaceState({}, '', url);
    else history.pushState({}, '', url);
    this.#moved(0);
  }

  /** How much of a list was read when one was here before. */
  lengthOf = (list: string) => place().lengths?.[list] ?? 0;

  /** Whoever comes back finds as much of the list. To be said when more is asked for: when it comes, the page may be another. */
  keepLength(list: string, length: number) {
    history.replaceState({ ...place(), lengths: { ...place().lengths, [list]: length } }, '');
  }

  /** Changes the query of the present page without a new entry in the history. What it lists begins anew. */
  setQuery(values: Record<string, string>) {
    const query = new URLSearchParams(location.search);
    for (const [key, value] of Object.entries(values)) {
      if (value) query.set(key, value);
      else query.delete(key);
    }
    const text = query.toString();
    history.replaceState({ y: place().y }, '', location.pathname + (text && `?${text}`));
    this.search = location.search;
  }

  #moved(y: number) {
    if (this.path !== location.pathname) this.moves += 1;
    this.path = location.pathname;
    this.search = location.search;
    this.#letGo();
    void tick().then(() => {
      this.#letGo();
      this.#letGo = hold(y);
    });
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

/**
 * Scrolls to `y`, and again whenever the page changes its height: first the old page goes, then the new one reads its
 * lists. Ends after a while, or as soon as somebody scrolls; gives back how to end it earlier.
 */
function hold(y: number): () => void {
  const scroll = () => scrollTo(0, y);
  scroll();
  if (!y) return () => {};
  const heights = new ResizeObserver(scroll);
  const end = () => {
    heights.disconnect();
    clearTimeout(timer);
    for (const hand of HANDS) removeEventListener(hand, end);
  };
  const timer = setTimeout(end, HOLD_MS);
  heights.observe(document.body);
  for (const hand of HANDS) addEventListener(hand, end, { passive: true });
  return end;
}
