/** Holds the address that was loaded anew last, because a part of the page was missing. */
const KEY = 'tapedeck-reloaded';

/** Loads the page anew if it is there: otherwise the browser would show one of its own, which never comes back. */
export async function reload(isWanted = () => true) {
  const answer = await fetch('/', { method: 'HEAD', cache: 'no-store' }).catch(() => null);
  if (answer?.ok && isWanted()) location.reload();
}

/** What is still missing after that is missing for good: loading it anew would never end. */
export const reloadOnce = () => reload(() => remember(location.pathname));

/** The page is whole: the next upgrade may take parts away again. */
export const loaded = () => void remember(null);

/** Says whether this is another one than before. */
function remember(path: string | null): boolean {
  try {
    if (sessionStorage.getItem(KEY) === path) return false;
    if (path) sessionStorage.setItem(KEY, path);
    else sessionStorage.removeItem(KEY);
    return true;
  } catch {
    // Private windows may refuse: then it is for a person to load it anew.
    return false;
  }
}
