/**
 * How far webhooks have come since it was last written down: all of them in one statement, at each
 * tick of the deliverer.
 */
import { defined } from '../domain/defined.ts';
import type { Webhooks } from '../store/port/webhooks.ts';
import type { WebhookProgress } from '../store/webhooks.ts';

export class UnsavedProgress {
  readonly #webhooks: Pick<Webhooks, 'advance'>;
  /** By webhook: what of a webhook was noted later counts, one row for each. */
  #rows = new Map<string, WebhookProgress>();

  constructor(webhooks: Pick<Webhooks, 'advance'>) {
    this.#webhooks = webhooks;
  }

  note(progress: WebhookProgress | undefined): void {
    if (progress !== undefined)
      this.#rows.set(progress.id, { ...defined(this.#rows.get(progress.id) ?? {}), ...progress });
  }

  clear(): void {
    this.#rows.clear();
  }

  async save(): Promise<void> {
    if (this.#rows.size === 0) return;
    const rows = [...this.#rows.values()];
    this.#rows = new Map();
    await this.#webhooks.advance(rows);
  }
}
