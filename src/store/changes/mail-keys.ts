/**
 * Changes to what is known of addresses for mail besides their certificates: private keys that the
 * gateway keeps, and what mail programs can read.
 */
import { type Address, addressKey } from '../../domain/address.ts';
import type { MailCapability } from '../../domain/mail-capability.ts';
import type { CapabilitySource } from '../certificates.ts';
import { RegistryError } from '../registry.ts';
import { type Actor, THE_GATEWAY } from '../actor.ts';
import { int, json, text } from '../sql/columns.ts';
import { locked } from '../sql/parts.ts';
import { type Change, sql } from '../sql/sql.ts';
import type { ChangeContext } from './change-context.ts';

export class MailKeyChanges {
  /**
   * Stores the sealed private key of a mail certificate; it stays until `removeKey`, however old.
   * Throws `exists` if it is stored already.
   */
  *addKey(context: ChangeContext, fingerprint: string, sealedKey: Uint8Array, actor: Actor): Change<void> {
    yield* keep(context, fingerprint, sealedKey, actor);
  }

  /** Removes the private key. What was encrypted to it can never be opened again. */
  *removeKey(context: ChangeContext, fingerprint: string, actor: Actor): Change<void> {
    const { account, serial, emails } = yield* certificateOf(fingerprint);
    if ((yield* sql.run`DELETE FROM certificate_key WHERE fingerprint = ${fingerprint}`) === 0)
      throw new RegistryError('unknown', `The private key of certificate ${serial} is not held here`);
    yield* context.record('certificate.key-removed', account, actor, {}, { fingerprint, serial });
    context.tellMail(keysOf(emails));
  }

  /** What the operator knows of the mail program behind an address; null takes it back. */
  *setCapabilities(
    context: ChangeContext,
    address: Address,
    names: readonly MailCapability[] | null,
    actor: Actor,
  ): Change<void> {
    if (names === null)
      yield* sql.run`DELETE FROM mail_capability WHERE key = ${addressKey(address)} AND source = 'operator'`;
    else yield* note(context, address, 'operator', names);
    yield* recordCapabilities(context, address, { source: 'operator', names }, actor);
  }

  /** Notes what a valid signed message of the address showed; the newest counts. */
  *noteCapabilities(context: ChangeContext, address: Address, names: readonly MailCapability[]): Change<void> {
    yield* note(context, address, 'seen', names);
    yield* recordCapabilities(context, address, { source: 'seen', names }, THE_GATEWAY);
  }
}

/** Stores a private key. */
export function* keep(context: ChangeContext, fingerprint: string, sealedKey: Uint8Array, actor: Actor): Change<void> {
  const { account, serial, use, emails } = yield* certificateOf(fingerprint);
  if (use !== 'mail') throw keyOfLogin(serial);
  const made = yield* sql.run`
    INSERT INTO certificate_key (fingerprint, sealed, added_at) VALUES (${fingerprint}, ${sealedKey}, ${context.at})
    ON CONFLICT (fingerprint) DO NOTHING`;
  if (made === 0) throw new RegistryError('exists', `The private key of certificate ${serial} is held here already`);
  yield* context.record('certificate.key-added', account, actor, {}, { fingerprint, serial });
  context.tellMail(keysOf(emails));
}

export const keyOfLogin = (serial: string): RegistryError =>
  new RegistryError('invalid', `The certificate ${serial} is for login: its key stays with its owner`);

/** The addresses of a certificate, folded. */
export const keysOf = (emails: readonly string[]): readonly string[] => [
  ...new Set(emails.map((email) => addressKey(email as Address))),
];

const CERTIFICATE = { account: int, serial: text, use: text, emails: json<readonly string[]>() };

function* certificateOf(fingerprint: string): Change<{
  readonly account: number;
  readonly serial: string;
  readonly use: string;
  readonly emails: readonly string[];
}> {
  const row = yield* sql.first(CERTIFICATE)`
    SELECT account, serial, use, emails FROM certificate WHERE fingerprint = ${fingerprint} ${locked}`;
  if (row === undefined) throw noCertificate(fingerprint);
  return row;
}

export const noCertificate = (fingerprint: string): RegistryError =>
  new RegistryError('unknown', `There is no certificate ${fingerprint}; "sluis cert list" shows them`);

function* note(
  { at }: ChangeContext,
  address: Address,
  source: CapabilitySource,
  names: readonly MailCapability[],
): Change<void> {
  yield* sql.run`
    INSERT INTO mail_capability (key, source, capabilities, noted_at)
    VALUES (${addressKey(address)}, ${source}, ${JSON.stringify(names)}, ${at})
    ON CONFLICT (key, source) DO UPDATE SET capabilities = excluded.capabilities, noted_at = excluded.noted_at`;
}

function* recordCapabilities(
  context: ChangeContext,
  address: Address,
  { source, names }: { readonly source: CapabilitySource; readonly names: readonly string[] | null },
  actor: Actor,
): Change<void> {
  const key = addressKey(address);
  const owner = yield* sql.first({ account: int })`SELECT account FROM address WHERE key = ${key}`;
  const facts = { source, capabilities: names?.join(' ') ?? 'unknown' };
  yield* context.record('certificate.capabilities', owner?.account ?? null, actor, { address }, facts);
  context.tellMail([key]);
}
