/**
 * What operators sign when they approve, and what makes two signatures an approval. Pure: the
 * gateway and a command without one judge alike.
 *
 * Signed is a text of lines, which `openssl pkeyutl -rawin` can check (Ed25519 as in RFC 8032;
 * ECDSA in DER with the hash of its curve):
 *
 *   sluis approval 1
 *   gateway: mail.example.nl
 *   request: K7QM2XRD
 *   operation: audit.erase
 *   input: SHA-256 of the canonical JSON of the input, hexadecimal
 *   asked: 2026-11-26T12:30:00.000Z
 *   asked by: root
 *   reason: retention
 *   operator: piet
 *   at: 2026-11-26T12:31:00.000Z
 */
import { type KeyObject, hash } from 'node:crypto';
import { type Result, fail, ok } from '../../domain/result.ts';
import type { ApprovalRequest, ApprovalSignature, Operator } from '../../domain/second-person.ts';
import { type Instant, minutes } from '../../domain/units.ts';
import { publicKeyOf } from './operator-key.ts';
import { algorithmFor, signNow, verify } from '../certificates/signature.ts';

/**
 * The same value always gives the same text: names sorted, no spaces, what is undefined left out.
 */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((v: unknown) => canonicalJson(v ?? null)).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const entries = Object.entries(value as Record<string, unknown>)
    .filter(([, v]) => v !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([name, v]) => `${JSON.stringify(name)}:${canonicalJson(v)}`).join(',')}}`;
}

export const inputHash = (input: string): string => hash('sha256', Buffer.from(input), 'hex');
const time = (at: Instant): string => new Date(at).toISOString();

export const approvalStatement = (
  gateway: string,
  { id, operation, input, askedBy, reason, askedAt }: ApprovalRequest,
  operator: string,
  at: Instant,
): string =>
  [
    'sluis approval 1',
    `gateway: ${gateway}`,
    `request: ${id}`,
    `operation: ${operation}`,
    `input: ${inputHash(input)}`,
    `asked: ${time(askedAt)}`,
    `asked by: ${askedBy}`,
    `reason: ${reason}`,
    `operator: ${operator}`,
    `at: ${time(at)}`,
  ].join('\n');

export const signApproval = (statement: string, key: KeyObject): Buffer =>
  signNow(algorithmFor(key), Buffer.from(statement), key);

/** How far the clock of a signer may be off. */
const SKEW = minutes(5);

/** Why a signature made at that time does not count, whoever made it; undefined if it may. */
export function signedAtProblem({ askedAt, endsAt }: ApprovalRequest, at: Instant): string | undefined {
  if (at >= askedAt - SKEW && at <= endsAt) return undefined;
  return `it was signed at ${time(at)} by the clock of the machine that signed, and the request holds from ${time(askedAt)} to ${time(endsAt)}; check the clocks of both machines, and ask again if its time is over`;
}

const UNDONE = 'sign with the key of a registered operator ("sluis operator list")';

/**
 * Why this is no signature of the operator's under the request, and what to do; undefined if it is
 * one.
 */
export function signatureProblem(
  gateway: string,
  request: ApprovalRequest,
  { at, signature }: ApprovalSignature,
  operator: Operator,
): string | undefined {
  const late = signedAtProblem(request, at);
  if (late !== undefined) return late;
  const key = publicKeyOf(operator.publicKey);
  const statement = Buffer.from(approvalStatement(gateway, request, operator.name, at));
  return verify(algorithmFor(key), statement, Buffer.from(signature), key)
    ? undefined
    : `the signature is not one of operator "${operator.name}" under this request; ${UNDONE}`;
}

/** The problem of a signature whose key no operator has. */
export const noOperatorHas = (fingerprint: string): string =>
  `no registered operator has the key ${fingerprint.slice(0, 16)}...; ${UNDONE}`;

/**
 * `operators`: those that are registered now. A signature of a removed one no longer counts.
 * `late`: why one that is right does not count, as text behind another.
 */
export function keySigners(
  gateway: string,
  request: ApprovalRequest,
  signatures: readonly ApprovalSignature[],
  operators: readonly Operator[],
): { readonly signed: readonly Operator[]; readonly late: string } {
  const signed = new Map<string, Operator>();
  // Without this, a signature by a clock that is set wrong would look as if nobody had signed.
  let late = '';
  for (const signature of signatures) {
    const operator = operators.find(({ fingerprint }) => fingerprint === signature.fingerprint);
    if (operator === undefined) continue;
    const problem = signedAtProblem(request, signature.at);
    if (problem !== undefined) late = ` (that of operator "${operator.name}" does not count: ${problem})`;
    else if (signatureProblem(gateway, request, signature, operator) === undefined) signed.set(operator.name, operator);
  }
  return { signed: [...signed.values()], late };
}

/** Two different people, in the order in which they signed. */
export interface Approvers {
  readonly first: Operator;
  readonly second: Operator;
}

/** Approvers who signed with keys; without a store there are no others. */
export function approversOf(...given: Parameters<typeof keySigners>): Result<Approvers, string> {
  const { signed, late } = keySigners(...given);
  const [first, second] = signed;
  if (first === undefined) return fail(`no operator has signed it${late}`);
  if (second === undefined) return fail(`only operator "${first.name}" has signed it${late}`);
  return ok({ first, second });
}
