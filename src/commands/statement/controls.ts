/**
 * Every control of NEN 7510-2:2024 and ISO/IEC 27001:2022 Annex A: whether the product does it, the
 * organisation that runs it must, or it does not apply. That the product can do it is no proof that
 * it was set up: the sentences of the statement say what is in place.
 */
import type { Both } from './claim.ts';

export type Owner = 'product' | 'organisation' | 'not applicable';

export interface Control {
  /** Number of the control, the same in both norms: `8.24`. */
  readonly id: string;
  readonly about: Both;
  readonly owner: Owner;
  /** Of the product: the command that shows it. */
  readonly shownBy?: string;
  /** Of the product: what the gateway does, for the row of docs/security.md. */
  readonly does?: string;
}

export const product = (id: string, nl: string, en: string, shownBy: string, does: string): Control => ({
  id,
  about: { nl, en },
  owner: 'product',
  shownBy,
  does,
});
export const organisation = (id: string, nl: string, en: string): Control => ({
  id,
  about: { nl, en },
  owner: 'organisation',
});
/** The gateway fetches no pages of the web, and its development was not given to others. */
export const elsewhere = (id: string, nl: string, en: string): Control => ({
  id,
  about: { nl, en },
  owner: 'not applicable',
});
