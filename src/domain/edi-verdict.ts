/** What the findings of the guards come to: the message passes, waits or is refused. */
import { type Refusal, type RefusalRow, refusing, row } from './refusal.ts';
import type { GuardFinding } from './edi-guard.ts';

export type GuardVerdict =
  | { readonly kind: 'pass'; readonly warnings: readonly GuardFinding[] }
  | { readonly kind: 'hold'; readonly findings: readonly GuardFinding[] }
  | { readonly kind: 'refuse'; readonly refusal: Refusal; readonly findings: readonly GuardFinding[] };

/** The strictest finding decides for the whole message: DATA has one reply. */
export function verdictOf(findings: readonly GuardFinding[]): GuardVerdict {
  const refused = findings.find(({ mode }) => mode === 'refuse');
  if (refused !== undefined) return { kind: 'refuse', refusal: refusalOf(refused), findings };
  return findings.some(({ mode }) => mode === 'hold')
    ? { kind: 'hold', findings }
    : { kind: 'pass', warnings: findings };
}

/** RFC 5248: 5.7.1 for what a policy forbids, 5.6.0 for content that is not whole. */
const refusalOf = ({ guard, text }: GuardFinding): Refusal => {
  // Envelope fields and addresses may have letters outside ASCII, which a reply cannot carry.
  const finding = text.replace(/[^\x20-\x7e]/g, '?');
  return guard === 'controls' ? refusals.interchangeNotWhole({ finding }) : refusals.interchangeRefused({ finding });
};

export const guardRows = {
  interchangeNotWhole: row(
    554,
    '5.6.0',
    '{finding}; nothing was sent',
    'Counts, references or the end of an interchange are wrong, and `edi-controls` is `refuse`.',
    'The text names the interchange and what is wrong: correct the system that wrote it',
  ),
  interchangeRefused: row(
    554,
    '5.7.1',
    '{finding}; nothing was sent',
    'Sender, recipient, kind, reference or test mark of an interchange is not allowed by the `edi-` settings, one of which is `refuse`.',
    'The text says what was found and what was expected; the operator registers identities with `organisation edi add`',
  ),
} as const satisfies Record<string, RefusalRow>;

const refusals = refusing(guardRows);
