/** Single-key shortcuts. They are silent while somebody types or a dialog is open. */

export const SHORTCUTS: [string, string][] = [
  ['/', 'Search'],
  ['j', 'Next in the list'],
  ['k', 'Previous in the list'],
  ['Enter', 'Open what has the focus'],
  ['r', 'Run the job'],
  ['p', 'Pause or resume the job'],
  ['c', 'Cancel the running run'],
  ['?', 'Show this help'],
];

const KEY = 'tapedeck-shortcuts';

/** People who speak to their computer type by accident: they can turn single keys off. */
class Shortcuts {
  isOn = $state(read() !== 'off');

  set(isOn: boolean) {
    this.isOn = isOn;
    try {
      localStorage.setItem(KEY, isOn ? 'on' : 'off');
    } catch {
      // Private windows may refuse; the choice then lasts as long as the page.
    }
  }
}

function read(): string | null {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
}

export const shortcuts = new Shortcuts();

const isTyping = (target: EventTarget | null) =>
  target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));

/** Rows of a list carry `data-row`; the link that `j` and `k` go to carries `data-row-link`. */
function moveInList(step: number) {
  const links = [...document.querySelectorAll<HTMLElement>('main [data-row-link]')];
  const row = document.activeElement?.closest('[data-row]');
  const at = links.findIndex((link) => row?.contains(link));
  const next = links[at < 0 ? (step > 0 ? 0 : links.length - 1) : Math.min(Math.max(at + step, 0), links.length - 1)];
  next?.focus();
  next?.scrollIntoView({ block: 'nearest' });
}

/** Presses the button of the focused row, or else the only one of the page. */
function press(action: string) {
  const row = document.activeElement?.closest('[data-row]');
  const where = row ?? document.querySelector('main [data-page-actions]');
  where?.querySelector<HTMLButtonElement>(`button[data-action="${action}"]:not(:disabled)`)?.click();
}

export function startKeys(showHelp: () => void) {
  document.addEventListener('keydown', (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    if (!shortcuts.isOn || isTyping(event.target) || document.querySelector('dialog[open]')) return;
    const search = document.querySelector<HTMLInputElement>('main input[type="search"]');
    const actions: Record<string, () => void> = {
      '/': () => search?.focus(),
      '?': showHelp,
      j: () => moveInList(1),
      k: () => moveInList(-1),
      r: () => press('run'),
      p: () => press('pause'),
      c: () => press('cancel'),
    };
    const action = actions[event.key];
    if (!action) return;
    event.preventDefault();
    action();
  });
}
