import type {
  ConfigReport,
  JobDetails,
  JobView,

  LogLine,
  Run,
  Scope,
  Session,
  StatusReport,
  Token,
  User,
} from './types';

/** An answer that was no success, as the daemon explains it (RFC 9457). */
export class ApiProblem extends Error {
  constructor(
    readonly status: number,
    readonly title: string,
    readonly detail: string,
    readonly fix: string | null,
    readonly retryAfter: number | null,
  ) {
    super(detail || title);
  }
}

/** Told when the daemon wants a sign-in; set by `session`. */
export const onSignedOut = { call: () => {} };

async function problemOf(response: Response): Promise<ApiProblem> {
  const body = (await response.json().catch(() => ({}))) as { title?: string; detail?: string; fix?: string };
  const retryAfter = Number(response.headers.get('retry-after'));
  return new ApiProblem(
    response.status,
    body.title ?? `The daemon answered ${response.status}`,
    body.detail ?? '',
    body.fix ?? null,
    retryAfter > 0 ? retryAfter : null,
  );
}

export async function call<T>(method: string, path: string, body?: unknown): Promise<T> {
  const init: RequestInit = { method, headers: { accept: 'application/json' }, credentials: 'same-origin' };
  if (body !== undefined) {
    init.headers = { ...init.headers, 'content-type': 'application/json' };
    init.body = JSON.stringify(body);
  }
  const response = await fetch(`/api/v1${path}`, init).catch(() => {
    const fix = 'See whether `tapedeck run` is still running; this page reconnects by itself.';
    throw new ApiProblem(0, 'No answer', 'the daemon does not answer', fix, null);
  });
  if (!response.ok) {
    const problem = await problemOf(response);
    if (response.status === 401 && path !== '/session') onSignedOut.call();
    throw problem;
  }
  return (response.status === 204 ? undefined : await response.json()) as T;
}

function query(values: Record<string, string | number | null | undefined>): string {
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries(values)) {
    if (value !== null && value !== undefined && value !== '') search.set(key, String(value));
  }
  const text = search.toString();
  return text && `?${text}`;
}

export const part = encodeURIComponent;

export type RunFilter = { job?: string; status?: string; before?: string | null; limit?: number };

export const api = {
  status: () => call<StatusReport>('GET', '/status'),
  jobs: (after: string | null, limit: number) =>
    call<{ jobs: JobView[]; total: number; next: string | null }>('GET', `/jobs${query({ after, limit })}`),
  job: (name: string) => call<JobDetails>('GET', `/jobs/${part(name)}`),
  runJob: (name: string, params: Record<string, string>) =>
    call<Run>('POST', `/jobs/${part(name)}/run`, Object.keys(params).length ? { params } : {}),
  pauseJob: (name: string) => call<JobView>('POST', `/jobs/${part(name)}/pause`),
  resumeJob: (name: string) => call<JobView>('POST', `/jobs/${part(name)}/resume`),
  runs: (filter: RunFilter) => call<{ runs: Run[]; next: string | null }>('GET', `/runs${query(filter)}`),
  run: (id: string) => call<Run>('GET', `/runs/${part(id)}`),
  runLog: (id: string, after: number, limit: number) =>
    call<{ lines: LogLine[]; next: number | null; is_over: boolean }>(
      'GET',
      `/runs/${part(id)}/log${query({ after, limit })}`,
    ),
  cancelRun: (id: string) => call<Run>('POST', `/runs/${part(id)}/cancel`),
  config: () => call<ConfigReport>('GET', '/config'),
  reloadConfig: () => call<ConfigReport>('POST', '/config/reload'),
  session: () => call<Session>('GET', '/session'),
  signIn: (username: string, password: string) => call<void>('POST', '/session', { username, password }),
  signOut: () => call<void>('DELETE', '/session'),
  tokens: () => call<Token[]>('GET', '/tokens'),
  createToken: (name: string, scopes: Scope[], expires: string | null) =>
    call<{ id: string; token: string }>('POST', '/tokens', expires ? { name, scopes, expires } : { name, scopes }),
  deleteToken: (id: string) => call<void>('DELETE', `/tokens/${part(id)}`),
  users: () => call<User[]>('GET', '/users'),
  createUser: (name: string, password: string) => call<void>('POST', '/users', { name, password }),
  deleteUser: (name: string) => call<void>('DELETE', `/users/${part(name)}`),
};

/** For the API reference: any GET, as it is. */
export async function fetchText(path: string): Promise<{ status: number; type: string; text: string }> {
  const response = await fetch(path, { credentials: 'same-origin' });
  return { status: response.status, type: response.headers.get('content-type') ?? '', text: await response.text() };
}

