/**
 * Looks for malware in what the gateway has opened for an addressee, before it is filed (decision
 * 1969).
 *
 * Whoever can submit can send somebody else's ciphertext again, changed in places, and watch the
 * answer. A refusal that depends on what is inside would tell whether it could be opened: over CBC
 * that is enough to read it, octet by octet (Vaudenay's padding oracle). So the sender hears of
 * what is inside only where nothing can have been changed (authenticated, or signed inside): then
 * the answer tells of its own message. Else the addressee gets the message as it came, with a text
 * that explains, and the sender hears nothing of it.
 */
import { type Result, fail, ok } from '../domain/result.ts';
import type { NotOpenedBecause, OpenedBody, ScanOpened } from '../protection/open-copies.ts';
import { type Ruling, rulingOf } from './rules.ts';
import { EXEMPT, type ScanParts, passesExempt, scanned, tell } from './step.ts';

export const scanOpened =
  (parts: ScanParts): ScanOpened =>
  async (opened, message) => {
    if (passesExempt(parts, message)) return openedAs(opened, EXEMPT);
    const verdict = await scanned(parts, message, opened.message.source.slices());
    const ruling = rulingOf(verdict, parts.policy);
    tell(parts, message, ruling, 'opened');
    return openedAs(opened, ruling);
  };

/**
 * Too large and encrypted are never said: both are of the addressee's copy, and the sender's own
 * program may have made it so in good faith.
 */
export function openedAs(opened: OpenedBody, ruling: Ruling): Result<OpenedBody, NotOpenedBecause> {
  switch (ruling.kind) {
    case 'clean':
      return ok({ ...opened, facts: { ...opened.facts, scan: 'clean' } });
    case 'marked':
      return ok({ ...opened, facts: { ...opened.facts, scan: ruling.mark, unscanned: ruling.why } });
    case 'found':
    case 'refused': {
      const text = ruling.kind === 'found' ? `it holds malware (${ruling.name})` : `${ruling.mark}: ${ruling.why}`;
      const told = opened.opening === 'whole' && (ruling.kind === 'found' || ruling.mark === 'unscanned');
      return fail({ kind: 'scan', text, ...(told && { refusal: ruling.refusal }) });
    }
  }
}
