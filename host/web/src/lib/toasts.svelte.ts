import { ApiProblem } from './api';

export type Toast = {
  id: number;
  tone: 'good' | 'bad';
  text: string;
  detail?: string | undefined;
  fix?: string | undefined;
  link?: { href: string; text: string } | undefined;
};

class Toasts {
  list = $state<Toast[]>([]);
  #last = 0;

  add(toast: Omit<Toast, 'id'>) {
    const id = ++this.#last;
    this.list = [...this.list.slice(-3), { ...toast, id }];
    // Problems stay until they are read and closed.
    if (toast.tone === 'good') setTimeout(() => this.close(id), 6000);
  }

  good(text: string, link?: Toast['link']) {
    this.add({ tone: 'good', text, link });
  }

  problem(error: unknown, doing: string) {
    if (error instanceof ApiProblem) {
      if (error.status === 401) return;
      this.add({ tone: 'bad', text: doing, detail: error.message, fix: error.fix ?? undefined });
    } else {
      this.add({ tone: 'bad', text: doing, detail: String(error) });
    }
  }

  close(id: number) {
    this.list = this.list.filter((toast) => toast.id !== id);
  }
}

export const toasts = new Toasts();
