/**
 * A passkey's signature as it stands in the trail, and whether it still is one: whoever checks the
 * chain, here or in an export, checks these rows too. A chain that somebody rewrote from its first
 * row holds as a chain; the signatures of operators in it do not.
 */
import type { Assertion, PasskeySignature } from '../../domain/second-person.ts';
import { objectIn } from '../../domain/json-object.ts';
import { cleanBase32 } from '../keys/base32.ts';
import { checkAssertion, readStatement } from './passkey-approval.ts';

const PARTS = ['credential', 'publicKey', 'authenticatorData', 'clientData', 'signature'] as const;
/** Event of the trail for each verdict. */
export const DECIDED_EVENTS = { approved: 'approval.signed', rejected: 'approval.rejected' } as const;

/** Facts of an assertion, base64url. They name nobody, so they stay when who and why are erased. */
export const assertionFacts = (signature: PasskeySignature): Readonly<Record<string, string>> =>
  Object.fromEntries(PARTS.map((part) => [part, Buffer.from(signature[part]).toString('base64url')]));

interface Row {
  readonly event: string;
  /** The facts, JSON. */
  readonly facts: string;
  readonly personal: string | null;
}

/** Why the signature in a row does not hold; undefined if it does, and for every other row. */
export function approvalRowProblem({ event, facts, personal }: Row): string | undefined {
  const verdict = event === DECIDED_EVENTS.approved ? 'approved' : event === DECIDED_EVENTS.rejected ? 'rejected' : '';
  if (verdict === '') return undefined;
  const told = textsIn(facts);
  if (told.proof !== 'passkey') return undefined;
  const who = personal === null ? undefined : textsIn(personal);
  const part = (name: (typeof PARTS)[number]): Buffer => Buffer.from(told[name] ?? '', 'base64url');
  const assertion: Assertion = {
    credential: part('credential'),
    publicKey: part('publicKey'),
    authenticatorData: part('authenticatorData'),
    clientData: part('clientData'),
    signature: part('signature'),
  };
  const checked = checkAssertion(assertion, who === undefined ? undefined : (who.statement ?? ''));
  if (!checked.ok) return checked.error;
  if (who === undefined) return undefined;
  const said = readStatement(who.statement ?? '');
  const tells =
    said?.verdict === verdict &&
    said.request === cleanBase32(told.request ?? '') &&
    said.operation === told.operation &&
    said.caller === told.caller &&
    said.operator === who.operator &&
    said.why === who.reason;
  return tells ? undefined : 'the row does not say what was signed';
}

const textsIn = (json: string): Readonly<Record<string, string | undefined>> =>
  Object.fromEntries(
    Object.entries(objectIn(json) ?? {}).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
