/** Plugins: the daemon's shapes, calls and words. */
import { call, part } from './api';
import { bytesOrCount, number } from './format';
import type { Json } from './types';

/** Something a plugin asks for, and whether it has it. */
export type Capability = {
  capability: string;
  what: string;
  why: string | null;
  is_granted: boolean;
  decided_by: 'config' | 'approved' | 'withdrawn' | null;
  /** What it was given, where that is not what it asks for; if it is not granted, a part of that. */
  given?: string;
};

export type PluginLine = { at: string; level: string; message: string };

export type Figures = {
  calls: number;
  errors: number;
  errors_by_kind?: Record<string, number>;
  total_us: number;
  longest_us: number;
  memory_peak_bytes: number;
  instances_made: number;
  host_calls: number;
  log_lines_dropped: number;
  swaps: number;
  last_call: string | null;
  last_error: PluginLine | null;
};

export type Limits = {
  deadline: string;
  fetch_deadline: string;
  start_deadline: string;
  memory_bytes: number;
  table_elements: number;
  instances: number;
  result_bytes: number;
  host_calls: number;
  log_lines: number;
  log_lines_per_minute: number;
  log_bytes_per_minute: number;
  resources: number;
  export_bytes: number;
  export_files: number;
};

export type Schema = {
  type?: string | string[];
  description?: string;
  default?: Json;
  enum?: Json[];
  properties?: Record<string, Schema>;
  required?: string[];
};

export type Plugin = {
  name: string;
  /** Why the file that is there now does not run, while older code does. */
  problem: string | null;
  id: string | null;
  version: string | null;
  summary: string | null;
  sdk: string | null;
  kinds: string[];
  is_pure: boolean;
  file: string | null;
  file_bytes: number | null;
  sha256: string | null;
  loaded_at: string | null;
  compile_ms: number | null;
  capabilities: Capability[];
  settings_schema: Schema | null;
  limits: Limits;
  figures: Figures;
  log: PluginLine[];
} & (
  | { state: 'ready' | 'disabled' }
  | { state: 'loading'; since: string; is_compiling: boolean }
  | { state: 'paused'; since: string; by: string }
  | { state: 'suspended'; since: string; until: string; reason: string }
  | { state: 'broken' | 'missing'; reason: string }
);

export type PluginDetails = Plugin & { settings?: Record<string, Json> };
/** What is kept of a plugin whose file is gone. */
export type Remains = { name: string; kv_bytes: number; decisions: number };
export type PluginList = { folder: string; bundled: string | null; plugins: Plugin[]; remains?: Remains[] };
export type PluginAction = 'pause' | 'resume' | 'reload';

const address = (name: string, rest = '') => `/plugins/${part(name)}${rest}`;

export const plugins = {
  list: () => call<PluginList>('GET', '/plugins'),
  one: (name: string) => call<PluginDetails>('GET', address(name)),
  act: (name: string, action: PluginAction) => call<Plugin>('POST', address(name, `/${action}`), {}),
  grant: (name: string, it: Capability) => call<Plugin>('POST', address(name, '/grants'), { grant: grantText(it) }),
  forget: (name: string) => call<{ values: number; decisions: number }>('POST', address(name, '/forget'), {}),
  withdraw: (name: string, it: Capability) => call<Plugin>('POST', address(name, '/grants/withdraw'), { grant: grantText(it) }),
};

/** As `tapedeck plugins grant` takes it: `http=api.example.com`. */
export const grantText = ({ capability, what }: Capability) => (what ? `${capability}=${what}` : capability);

const UNITS = ['KiB', 'MiB', 'GiB', 'TiB'];

/** As people write it in the settings: `64 MiB`, `1 TiB`. */
export function limitWords(bytes: number): string {
  let value = bytes;
  let unit = '';
  for (const next of UNITS) {
    if (!value || value % 1024) break;
    value /= 1024;
    unit = next;
  }
  return unit ? `${number(value)} ${unit}` : bytesOrCount(bytes, 'bytes');
}

/** Grants of this kind can be given here; others belong to a later daemon. */
export const isKnown = ({ capability }: Capability) => ['http', 'run', 'kv', 'scratch'].includes(capability);

/** What it asks for and does not have, by nobody's decision. */
export const openWishes = (plugin: Plugin) => plugin.capabilities.filter((it) => !it.is_granted && it.decided_by !== 'withdrawn' && isKnown(it));

const KINDS: Record<string, string> = {
  'track-backend': 'finds and fetches tracks',
  'chat-filter': 'judges messages',
  'chat-filter-records': 'judges messages, one by one',
  exporter: 'writes exports',
  probe: 'tries the host',
};

export const kindWords = (kind: string) => KINDS[kind] ?? kind;

/** The state in a word or two. */
export function stateWords(plugin: Plugin): string {
  switch (plugin.state) {
    case 'ready':
      return plugin.problem ? 'Ready, with a problem' : 'Ready';
    case 'loading':
      return plugin.is_compiling ? 'Compiling' : 'Loading';
    case 'paused':
      return 'Paused';
    case 'suspended':
      return 'Left alone after failures';
    case 'broken':
      return 'Cannot be used';
    case 'missing':
      return 'No file';
    case 'disabled':
      return 'Disabled';
  }
}

export const LIGHTS = {
  ready: 'succeeded',
  loading: 'running',
  paused: 'paused',
  suspended: 'waiting',
  broken: 'failed',
  missing: 'failed',
  disabled: 'disabled',
} as const;

/** `*.example.com,methods=GET+HEAD,private` in parts. */
function termsOf(what: string) {
  const [subject = '', ...details] = what.split(',');
  const detail = (key: string) => details.find((it) => it === key || it.startsWith(`${key}=`));
  return { subject: subject === '*' ? 'any host' : subject, methods: detail('methods')?.slice(8).split('+').join(', '), isPrivate: detail('private') !== undefined };
}

/** What a grant means, as a title. */
export function capabilityTitle({ capability, what }: Capability): string {
  const { subject, methods, isPrivate } = termsOf(what);
  switch (capability) {
    case 'http':
      return `Ask ${subject} over the network${methods ? `: ${methods}` : ''}${isPrivate ? ', also on private addresses' : ''}`;
    case 'run':
      return `Run the program ${subject}`;
    case 'kv':
      return `Remember up to ${subject}`;
    case 'scratch':
      return `Use up to ${subject} of temporary files`;
    default:
      return capability;
  }
}

/** What somebody who approves it should have read. */
export function allowedWords(plugin: string, it: Capability): string {
  const { subject, methods, isPrivate } = termsOf(it.what);
  switch (it.capability) {
    case 'http':
      return `${plugin} may send requests to ${subject}${methods ? ` (${methods})` : ', by any method,'} and read the answers. What it is given to work on could leave this machine that way. ${
        isPrivate ? 'Addresses of this machine and of your networks count too.' : 'Addresses of this machine and of your networks stay out of reach.'
      }`;
    case 'run':
      return `${plugin} may start ${subject} with any arguments: without a shell, with an empty environment, in a folder of its own. The program itself can do whatever the user that Tapedeck runs as can do.`;
    case 'kv':
      return `${plugin} may keep up to ${subject} from one call to the next, also over restarts. No other plugin can read it.`;
    case 'scratch':
      return `${plugin} may write files of up to ${subject} together into a temporary folder, which is removed afterwards.`;
    default:
      return '';
  }
}

export function decisionWords({ is_granted, decided_by, given }: Capability): string {
  const as = given ? ` as ${given}` : '';
  if (is_granted) return (decided_by === 'config' ? 'Granted in the configuration' : 'Approved') + as;
  if (given) return `Granted in part,${as}`;
  return decided_by === 'withdrawn' ? 'Withdrawn' : 'Not granted';
}
