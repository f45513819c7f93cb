/** Files on their way to the daemon. */
import { ApiProblem, onSignedOut } from './api';

export type Uploaded = { path: string; bytes: number };

/** The daemon keeps what was uploaded for a day. */
const KEPT_MS = 12 * 60 * 60 * 1000;

let last: { key: string; at: number; uploaded: Uploaded } | null = null;

const keyOf = (file: File) => `${file.name}|${file.size}|${file.lastModified}`;

/** As `upload`; the file that was sent last is not sent again, such as for the import after its rehearsal. */
export async function uploadOnce(file: File, tell: (sent: number) => void, signal: AbortSignal): Promise<Uploaded & { isFresh: boolean }> {
  const key = keyOf(file);
  if (last && last.key === key && Date.now() - last.at < KEPT_MS) return { ...last.uploaded, isFresh: false };
  const uploaded = await upload(file, tell, signal);
  last = { key, at: Date.now(), uploaded };
  return { ...uploaded, isFresh: true };
}

/** The daemon has it no more. */
export function forgetUpload() {
  last = null;
}

/** Sends a file as it lies on the disk, and says how far it is. `fetch` tells nothing of what was sent. */
export function upload(file: File, tell: (sent: number) => void, signal: AbortSignal): Promise<Uploaded> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open('POST', `/api/v1/archive/uploads?name=${encodeURIComponent(file.name)}`);
    request.setRequestHeader('content-type', 'application/octet-stream');
    request.responseType = 'json';
    request.upload.onprogress = (event) => tell(event.loaded);
    request.onload = () => {
      if (request.status === 201) {
        resolve(request.response as Uploaded);
        return;
      }
      const body = (request.response ?? {}) as { title?: string; detail?: string; fix?: string };
      if (request.status === 401) onSignedOut.call();
      reject(new ApiProblem(request.status, body.title ?? `The daemon answered ${request.status}`, body.detail ?? '', body.fix ?? null, null));
    };
    const broken = () => reject(new ApiProblem(0, 'Not sent', 'the file has not come whole', 'See that it is not larger than `server.max_upload`, and that the daemon still runs; then try again.', null));
    request.onerror = broken;
    request.onabort = broken;
    if (signal.aborted) return broken();
    signal.addEventListener('abort', () => request.abort());
    request.send(file);
  });
}
