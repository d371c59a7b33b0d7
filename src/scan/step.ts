/**
 * Looks for malware in what is submitted, before anything else is done to it (decision 1968). What
 * the gateway opens is looked at where it is opened (scan-opened.ts).
 *
 * The whole upload is given to the scanner once it has come: clamd looks at a stream when it has
 * ended, so nothing would be won by sending it as it comes, and a slow sender would hold one of its
 * places. A message that is refused for another reason costs the scanner nothing.
 */
import type { Log } from '../domain/effects.ts';
import { isExempt } from '../domain/scan-exemption.ts';
import type { Octets } from '../domain/units.ts';
import { ScanEnded } from './line.ts';
import type { Scanner } from './scanner.ts';
import type { Verdict } from './verdict.ts';
import type { AuditEvent } from '../store/audit.ts';
import type { AuditTrail } from '../store/port/audit.ts';
import type { MailKeys } from '../protection/mail-keys.ts';
import type { Copy, Middleware, StepOutcome, Submitted, BodyWriters } from '../middleware/middleware.ts';
import { letsOpen } from '../protection/open-copies.ts';
import { ArmourWatch, type Inside, insideSigned, isClosed } from './content.ts';
import { type LeftOut, leftOut, without } from './exempt.ts';
import { type Ruling, type ScanPolicy, rulingOf } from './rules.ts';
import { WorkEnded } from '../middleware/work.ts';

export interface ScanParts {
  readonly scanner: Pick<Scanner, 'scan' | 'passedExempt'>;
  readonly policy: ScanPolicy;
  readonly keys: Pick<MailKeys, 'trust'>;
  readonly audit: Pick<AuditTrail, 'note'>;
  readonly log: Log;
  /** Octets that compressed content may become. */
  readonly maxContent: Octets;
}

export const scan = (parts: ScanParts): Middleware => ({
  name: 'scan',
  wants: () => true,
  run: (message, copies, bodies) => run(parts, message, copies, bodies),
});

async function run(
  parts: ScanParts,
  message: Submitted,
  copies: readonly Copy[],
  bodies: BodyWriters,
): Promise<StepOutcome> {
  if (passesExempt(parts, message))
    return { kind: 'passed', copies, facts: { scan: 'exempt' }, audit: [markedEvent(message, EXEMPT)] };
  const left = await leftOut(message);
  const ruling = await rulingOn(parts, message, bodies, left);
  tell(parts, message, ruling, 'submitted');
  if (ruling.kind === 'found' || ruling.kind === 'refused') return { kind: 'refused', refusal: ruling.refusal };
  const marked = ruling.kind === 'clean' ? [] : [markedEvent(message, ruling)];
  if (left !== undefined) {
    parts.scanner.passedExempt();
    marked.push(markedEvent(message, EXEMPT, saidOf(left)));
  }
  const fact = ruling.kind === 'clean' ? (left === undefined ? 'clean' : EXEMPT.mark) : ruling.mark;
  return { kind: 'passed', copies, facts: { scan: fact }, ...(marked.length > 0 && { audit: marked }) };
}

/** Names in one fact of a row. */
const MAX_NAMED = 20;

/** Which parts were not looked at, and whose: parties as the exemption names them. */
const saidOf = ({ parts, exemptions }: LeftOut): Record<'parts' | 'ediFrom' | 'ediTo', string> => {
  const said = (all: readonly string[]): string =>
    [...new Set(all)].slice(0, MAX_NAMED).join(' ') + (all.length > MAX_NAMED ? ' ...' : '');
  return {
    parts: said(parts),
    ediFrom: said(exemptions.map(({ from }) => from)),
    ediTo: said(exemptions.map(({ to }) => (to === '' ? 'anybody' : to))),
  };
};

/**
 * The trail's row for a message that was not scanned, since two operators decided so for the
 * account that submits.
 */
export const EXEMPT = { kind: 'marked', mark: 'exempt', why: 'not scanned: exempt' } as const;

/**
 * Whether the whole message passes unscanned. It is counted, so that a forgotten exemption shows in
 * the figures.
 */
export function passesExempt(
  { scanner }: Pick<ScanParts, 'scanner'>,
  { submitter, receivedAt }: Pick<Submitted, 'submitter' | 'receivedAt'>,
): boolean {
  if (!isExempt(submitter.account, receivedAt)) return false;
  scanner.passedExempt();
  return true;
}

/** Malware wins over all else: content that is marked is looked at to its end. */
async function rulingOn(
  parts: ScanParts,
  message: Submitted,
  bodies: BodyWriters,
  left: LeftOut | undefined,
): Promise<Ruling> {
  const { policy } = parts;
  const armour = new ArmourWatch();
  const all = message.body.slices();
  const slices = armour.of(left === undefined ? all : without(all, left.leaves));
  const outside = rulingOf(await scanned(parts, message, slices), forSealed(policy, message));
  if (outside.kind !== 'clean' && (outside.kind !== 'marked' || outside.mark === 'unscanned')) return outside;
  const inside = await insideSigned(message, parts.keys, bodies, parts.maxContent);
  const below =
    inside === undefined ? undefined : rulingOf(await scanned(parts, message, inside.source.slices()), policy);
  if (below !== undefined && below.kind !== 'clean') return below;
  if (outside.kind !== 'clean' || !(armour.found || holdsClosed(message, inside))) return outside;
  return rulingOf({ kind: 'encrypted', why: 'encrypted end to end' }, forSealed(policy, message));
}

const holdsClosed = ({ parts }: Submitted, inside: Inside | undefined): boolean =>
  inside === undefined ? parts.leaves.some(isClosed) : inside.closed();

/**
 * What the gateway may open for every addressee is looked at where it is opened. Whether it can be,
 * no answer must tell; so settings decide here, and no key does.
 */
const forSealed = (policy: ScanPolicy, { recipients }: Submitted): ScanPolicy =>
  recipients.every(letsOpen) ? { ...policy, encrypted: 'pass' } : policy;

/** Scans with the signal of the chain, which the end of the client aborts. */
export async function scanned(
  { scanner }: Pick<ScanParts, 'scanner'>,
  { submitter, signal }: Pick<Submitted, 'submitter' | 'signal'>,
  slices: AsyncIterable<Uint8Array>,
): Promise<Verdict> {
  try {
    return await scanner.scan({ slices: () => slices }, submitter.account.id, signal);
  } catch (error) {
    if (error instanceof ScanEnded) throw new WorkEnded('gone');
    throw error;
  }
}

/** Log and trail; the name of a signature says nothing of what the message says. */
export function tell(
  { log, audit }: Pick<ScanParts, 'log' | 'audit'>,
  { session, submitter, body }: Submitted,
  ruling: Ruling,
  where: 'submitted' | 'opened',
): void {
  if (ruling.kind === 'clean') return;
  const about = { session, account: submitter.account.login, message: body.id, where };
  if (ruling.kind === 'marked') log.warn('scan.marked', { ...about, mark: ruling.mark, why: ruling.why });
  else if (ruling.kind === 'refused') log.warn('scan.refused', { ...about, mark: ruling.mark, why: ruling.why });
  else {
    log.warn('scan.found', { ...about, signature: ruling.name });
    // Beside the row of the refusal, which has no message of its own in a mailbox.
    audit.note({
      event: 'scan.found',
      outcome: 'failure',
      message: body.id,
      account: submitter.account.id,
      facts: { signature: ruling.name, where },
    });
  }
}

const markedEvent = (
  { body, submitter }: Submitted,
  { mark, why }: Extract<Ruling, { kind: 'marked' }>,
  more: Readonly<Record<string, string>> = {},
): AuditEvent => ({
  event: 'scan.marked',
  outcome: 'failure',
  message: body.id,
  account: submitter.account.id,
  facts: { mark, why, ...more },
});
