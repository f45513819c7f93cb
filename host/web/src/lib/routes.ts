import type { Component } from 'svelte';
import JobsPage from '../pages/Jobs.svelte';

type Page = { default: Component<{ param: string }> };
type Load = () => Promise<Page>;

/** The jobs come with the first load; every other page is fetched when it is opened. */
const ROUTES: [RegExp, Load][] = [
  [/^\/$/, async () => ({ default: JobsPage })],
  [/^\/jobs\/([^/]+)$/, () => import('../pages/Job.svelte')],
  [/^\/runs$/, () => import('../pages/Runs.svelte')],
  [/^\/runs\/([^/]+)$/, () => import('../pages/Run.svelte')],
  [/^\/accounts$/, () => import('../pages/Accounts.svelte')],
  [/^\/accounts\/([^/]+)\/log-in$/, () => import('../pages/AccountLogin.svelte')],
  [/^\/plugins$/, () => import('../pages/Plugins.svelte')],
  [/^\/plugins\/([^/]+)$/, () => import('../pages/Plugin.svelte')],
  [/^\/music$/, () => import('../pages/Music.svelte')],
  [/^\/music\/history$/, () => import('../pages/Plays.svelte')],
  [/^\/music\/songs\/([^/]+)$/, () => import('../pages/Song.svelte')],
  [/^\/archive$/, () => import('../pages/Archive.svelte')],
  [/^\/archive\/([^/]+)$/, () => import('../pages/ArchiveChat.svelte')],
  [/^\/config$/, () => import('../pages/Config.svelte')],
  [/^\/tokens$/, () => import('../pages/Access.svelte')],
  [/^\/login$/, () => import('../pages/Login.svelte')],
  [/^\/docs$/, () => import('../pages/Docs.svelte')],
];

export function pageFor(path: string): { load: Load; param: string } {
  const plain = path.length > 1 ? path.replace(/\/+$/, '') : path;
  for (const [pattern, load] of ROUTES) {
    const match = pattern.exec(plain);
    if (match) return { load, param: decode(match[1] ?? '') };
  }
  return { load: () => import('../pages/NotFound.svelte'), param: '' };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
