/**
 * What an operator signs with a passkey when he approves or refuses a request in the console, and
 * whether he did. Pure: the page that asks, the run that uses the approval, and whoever checks the
 * trail or an export of it judge alike.
 *
 * Signed is a statement, canonical JSON of all that the page showed. Its SHA-256 stands in the
 * challenge, which the browser puts into clientDataJSON, whose hash the authenticator signs
 * (WebAuthn level 3, sections 6.3.3 and 7.2). So the assertion proves what was agreed to, and not
 * only that somebody was there.
 */
import { hash, timingSafeEqual } from 'node:crypto';
import { objectIn } from '../../domain/json-object.ts';
import type { ApprovalRequest, Assertion, PasskeySignature, Verdict } from '../../domain/second-person.ts';
import { type Result, fail, ok } from '../../domain/result.ts';
import type { Instant } from '../../domain/units.ts';
import { joinSmall } from '../../platform/bytes.ts';
import { canonicalJson, signedAtProblem } from './approval.ts';
import { overIn } from '../keys/console-secrets.ts';
import { verifyCose } from './cose.ts';

const FORMAT = 'sluis passkey approval 1';

/** The gateway and the origin of the page on which the request was shown. */
export interface ShownAt {
  readonly gateway: string;
  /** Of the console, as browsers have it: scheme, host and port. */
  readonly origin: string;
}

/** What the operator who decides adds to the request. */
export interface Decided {
  readonly operator: string;
  readonly verdict: Verdict;
  /** The operator's reason. */
  readonly why: string;
  /** How it is known that the request came from its asker. */
  readonly caller: string;
  /** What the command said it would do, as the page showed it. */
  readonly plan?: string;
}

type Statement = Decided &
  Readonly<Record<'format' | 'gateway' | 'origin' | 'request' | 'operation' | 'input' | 'askedBy' | 'reason', string>>;

export function passkeyStatement({ gateway, origin }: ShownAt, request: ApprovalRequest, decided: Decided): string {
  const { id, operation, input, askedBy, askedWith, reason, askedAt, endsAt } = request;
  const { operator, verdict, why, caller, plan } = decided;
  return canonicalJson({
    format: FORMAT,
    gateway,
    origin,
    request: id,
    operation,
    input,
    askedBy,
    askedWith,
    reason,
    asked: new Date(askedAt).toISOString(),
    ends: new Date(endsAt).toISOString(),
    operator,
    verdict,
    why,
    caller,
    plan,
  });
}

/** The hash that stands in the challenge. */
export const statementHash = (statement: string): Buffer => hash('sha256', `sluis approval\0${statement}`, 'buffer');

/** Undefined for a text that is no statement of ours. */
export function readStatement(text: string): Statement | undefined {
  const read = objectIn(text);
  const texts = [
    'gateway',
    'origin',
    'request',
    'operation',
    'input',
    'askedBy',
    'reason',
    'operator',
    'why',
    'caller',
  ];
  const isOne = read?.format === FORMAT && texts.every((name) => typeof read[name] === 'string');
  return isOne && (read.verdict === 'approved' || read.verdict === 'rejected')
    ? (read as unknown as Statement)
    : undefined;
}

const PRESENT_AND_VERIFIED = 0x05;
const RP_HASH = 32;

/**
 * When the challenge was made that a passkey answered, or why this is no assertion over the
 * statement. `statement` undefined: it was erased, and what is left is checked.
 */
export function checkAssertion(assertion: Assertion, statement: string | undefined): Result<Instant, string> {
  const { authenticatorData, clientData, signature, publicKey } = assertion;
  const client = objectIn(Buffer.from(clientData).toString('utf8'));
  const { type, challenge, origin, crossOrigin } = client ?? {};
  if (type !== 'webauthn.get' || typeof challenge !== 'string' || typeof origin !== 'string' || crossOrigin === true)
    return fail('what the browser signed is not an answer to a challenge');
  const over = overIn(Buffer.from(challenge, 'base64url'));
  if (over === undefined) return fail('the challenge was not made for an approval');
  if (statement !== undefined && !same(over.over, statementHash(statement)))
    return fail('what was signed is another request, or another decision');
  if (statement !== undefined && readStatement(statement)?.origin !== origin)
    return fail('it was signed for another site');
  const host = URL.canParse(origin) ? new URL(origin).hostname : '';
  if (!same(authenticatorData.subarray(0, RP_HASH), hash('sha256', host, 'buffer')))
    return fail('the passkey is one of another site');
  if (((authenticatorData[RP_HASH] ?? 0) & PRESENT_AND_VERIFIED) !== PRESENT_AND_VERIFIED)
    return fail('the authenticator did not verify who touched it');
  return verifyCose(publicKey, joinSmall([authenticatorData, hash('sha256', clientData, 'buffer')]), signature)
    ? ok(over.at)
    : fail('the signature is not one of this passkey');
}

/**
 * Why this is no approval of the request by the operator who owns the passkey; undefined if it is
 * one.
 */
export function passkeyProblem(
  gateway: string,
  request: ApprovalRequest,
  signature: PasskeySignature,
  operator: string,
): string | undefined {
  const read = readStatement(signature.statement);
  // The statement is written again from the request as it is now: if the request was changed since,
  // the text differs.
  if (read === undefined || passkeyStatement({ gateway, origin: read.origin }, request, read) !== signature.statement)
    return 'what was signed is another request';
  if (read.operator !== operator || read.verdict !== 'approved' || signature.verdict !== 'approved')
    return 'it is not an approval of this operator';
  const checked = checkAssertion(signature, signature.statement);
  return checked.ok ? signedAtProblem(request, checked.value) : checked.error;
}

const same = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && timingSafeEqual(a, b);
