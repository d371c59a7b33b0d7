/**
 * What an operator decides with a passkey: his signature under a request, or its refusal; with its
 * row in the trail, which has all that proves it. The caller judges what was signed
 * (crypto/trail/passkey-approval.ts). Judged here: that the passkey is valid, that the answer was
 * not given before, and that somebody else made the request.
 */
import { assertionFacts, DECIDED_EVENTS } from '../../crypto/trail/approval-row.ts';
import { grouped } from '../../crypto/keys/base32.ts';
import { MAX_SIGNATURES, type PasskeySignature } from '../../domain/second-person.ts';
import type { Actor } from '../actor.ts';
import { RegistryError } from '../registry.ts';
import { text } from '../sql/columns.ts';
import { type Change, sql } from '../sql/sql.ts';
import { heldPasskey, spend, used } from './console.ts';
import type { ChangeContext } from './change-context.ts';

/** What a browser brought, and how it is known that the asker asked. */
export interface PasskeyDecision extends PasskeySignature {
  /** Counter of the passkey, from now on. */
  readonly counter: number;
  /** SHA-256 of the challenge. */
  readonly proof: Uint8Array;
  readonly caller: string;
}

interface OpenRequest {
  readonly operation: string;
  readonly askedBy: string;
}

/** `request`: an open request, locked in this transaction. */
export function* decide(
  context: ChangeContext,
  id: string,
  { operation, askedBy }: OpenRequest,
  decision: PasskeyDecision,
  reason: string,
): Change<void> {
  const { passkey, verdict, statement, counter, proof, caller } = decision;
  const { name, organisation } = yield* heldPasskey(context, passkey);
  const shown = grouped(id);
  if (name === askedBy)
    throw new RegistryError('invalid', `Operator "${name}" asked for request ${shown}; another operator must decide`);
  if (organisation !== null)
    throw new RegistryError(
      'invalid',
      `Operator "${name}" may act for one organisation alone, and a signature is under what concerns all`,
    );
  yield* spend(context, proof);
  yield* used(context, passkey, counter);
  if (verdict === 'approved') yield* checkRoom(id, name);
  else yield* sql.run`UPDATE approval SET rejected_at = ${context.at} WHERE id = ${id}`;
  const { credential, publicKey, authenticatorData, clientData, signature } = decision;
  yield* sql.run`
    INSERT INTO approval_passkey (approval, passkey, verdict, statement, credential, public_key, authenticator_data, client_data, signature, at)
    VALUES (${id}, ${passkey}, ${verdict}, ${statement}, ${credential}, ${publicKey}, ${authenticatorData}, ${clientData}, ${signature}, ${context.at})
    ON CONFLICT (approval, passkey) DO UPDATE
       SET verdict = excluded.verdict, statement = excluded.statement, credential = excluded.credential, public_key = excluded.public_key,
           authenticator_data = excluded.authenticator_data, client_data = excluded.client_data, signature = excluded.signature, at = excluded.at`;
  const facts = { request: shown, operation, proof: 'passkey', passkey: grouped(passkey), caller };
  const actor: Actor = { name, reason };
  const event = DECIDED_EVENTS[verdict];
  yield* context.record(event, null, actor, { operator: name, statement }, { ...facts, ...assertionFacts(decision) });
}

/**
 * Checks that each person signs once, by whatever means. The caller has locked the request, so
 * nobody else signs it meanwhile.
 */
export function* checkRoom(id: string, name: string): Change<void> {
  const signed = yield* sql.all({ name: text })`
    SELECT k.name FROM approval_signature s JOIN operator_key k ON k.fingerprint = s.fingerprint WHERE s.approval = ${id}`;
  const touched = yield* sql.all({ name: text })`
    SELECT o.name FROM approval_passkey s JOIN operator_passkey k ON k.id = s.passkey JOIN operator o ON o.id = k.operator WHERE s.approval = ${id}`;
  const all = [...signed, ...touched];
  if (all.some((one) => one.name === name))
    throw new RegistryError(
      'exists',
      `Operator "${name}" has signed request ${grouped(id)} already; the second signature must be another operator's`,
    );
  if (all.length >= MAX_SIGNATURES)
    throw new RegistryError('exists', `Request ${grouped(id)} has ${MAX_SIGNATURES} signatures, and two are enough`);
}
