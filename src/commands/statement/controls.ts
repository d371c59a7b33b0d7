/**
 * Every control of NEN 7510-2:2024 and ISO/IEC 27001:2022 Annex A: is it done by the product or by
 * the organisation that runs it, or does it not apply? That the product can do something is no
 * proof that it was set up. The sentences of the statement say what is in place.
 */
import type { Both } from './claim.ts';

export type Owner = 'product' | 'organisation' | 'not applicable';

export interface Control {
  /** Number of the control, the same in both norms, such as `8.24`. */
  readonly id: string;
  readonly about: Both;
  readonly owner: Owner;
  /** For a control of the product: the command that shows it. */
  readonly shownBy?: string;
  /** For a control of the product: what the gateway does, for the row in docs/security.md. */
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
/**
 * A control that does not apply: the gateway fetches no web pages, and nobody else developed it.
 */
export const elsewhere = (id: string, nl: string, en: string): Control => ({
  id,
  about: { nl, en },
  owner: 'not applicable',
});
