import { readAgain } from './again';
import { live } from './live.svelte';
import { plugins, type PluginAction, type PluginDetails, type PluginList } from './plugins';
import { toasts } from './toasts.svelte';

/** Plugins are called by runs, so their figures move when runs tell of themselves: at most this often. */
const PACE_MS = 1000;

/** Something read of plugins, read again when the daemon tells of a change. */
class Reading<T> {
  value = $state.raw<T | null>(null);
  failure = $state.raw<unknown>(null);
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private read: () => Promise<T>,
    private concerns: (name: string) => boolean,
  ) {}

  load = readAgain(async () => {
    try {
      this.value = await this.read();
      this.failure = null;
    } catch (error) {
      this.failure = error;
    }
  });

  /** Also reads for the first time. */
  start(): () => void {
    const again = () => void this.load();
    const stop = live.listen({
      plugin: (name) => this.concerns(name) && again(),
      run: () => this.#soon(),
      config: again,
      reset: again,
    });
    again();
    return () => {
      clearTimeout(this.#timer);
      stop();
    };
  }

  #soon() {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      void this.load();
    }, PACE_MS);
  }
}

export const readPlugins = () => new Reading<PluginList>(plugins.list, () => true);
export const readPlugin = (name: string) => new Reading<PluginDetails>(() => plugins.one(name), (changed) => changed === name);

/** What the buttons do, with words for how it went. */
export async function actOn(name: string, action: PluginAction) {
  try {
    const plugin = await plugins.act(name, action);
    if (action === 'pause') toasts.good(`Paused ${name}: it is not called until it is resumed`);
    else if (action === 'resume') toasts.good(`Resumed ${name}`);
    else if (!plugin.problem && plugin.state !== 'broken' && plugin.state !== 'missing') toasts.good(`Read ${name} again`);
  } catch (error) {
    toasts.problem(error, `Could not ${action} ${name}`);
  }
}
