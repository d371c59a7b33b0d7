/** Registers an OpenPGP key that somebody brings, for the address or account that it names. */
import type { PgpKey } from '../../crypto/pgp/protocol.ts';
import { type Address, addressKey } from '../../domain/address.ts';
import type { Actor } from '../../store/actor.ts';
import { recipientOf } from '../../admin/addresses.ts';
import type { AdminContext } from '../../admin/context.ts';
import type { ImportedKeyView } from './views.ts';
import { opened, refuse, register, shown, worked } from './key-work.ts';

/**
 * True if the key names the address. It must: an operator who could bind any key to any address
 * could also mistype one.
 */
const names = (key: PgpKey, of: Address): boolean =>
  key.emails.some((email) => addressKey(email as Address) === addressKey(of));

/**
 * Merges the given key with the one that is known already, so that an older export takes nothing
 * away.
 */
async function joined(context: AdminContext, given: PgpKey, keep: boolean): Promise<PgpKey> {
  const [known] = await context.store.pgpKeys.find(given.fingerprint);
  if (known === undefined) return given;
  const held = await opened(context, known);
  if (!keep && held !== undefined)
    return await worked(context, { kind: 'merge-keys', known: held, newer: given.publicKey });
  return await worked(context, {
    kind: 'merge-keys',
    known: keep && given.secret !== undefined ? given.secret.key : given.publicKey,
    newer: known.packets,
  });
}

interface GivenKey {
  readonly packets: Uint8Array;
  readonly keep: boolean;
  readonly address: Address | undefined;
  readonly account: string | undefined;
}

export async function importKey(context: AdminContext, input: GivenKey, actor: Actor): Promise<ImportedKeyView> {
  const [given, ...more] = await worked(context, { kind: 'read-keys', octets: input.packets });
  if (given === undefined || more.length > 0)
    return refuse(
      'import OpenPGP keys',
      `there are ${given === undefined ? 'none' : more.length + 1}; import one at a time`,
    );
  if (input.keep && given.secret === undefined) refuse('hold the private key', 'the file has the public key alone');
  const key = await joined(context, given, input.keep);
  const owner = await ownerOf(context, key, input);
  // If the gateway holds the secret key, that gets the newer times too.
  const how = await register(context, owner, key, { how: 'imported', actor, keep: key.secret !== undefined });
  return { ...(await shown(context, key.fingerprint)), how };
}

async function ownerOf(context: AdminContext, key: PgpKey, { address: of, account = '' }: GivenKey): Promise<string> {
  if (of !== undefined) {
    if (!names(key, of))
      refuse(
        `register the OpenPGP key for "${of}"`,
        `its user ids do not name that address; they name ${key.emails.slice(0, 3).join(', ') || 'none'}`,
      );
    return (await recipientOf(context.store.registry, of)).account.login;
  }
  if (!(await namesOneOf(context, key, account)))
    refuse(
      'register the OpenPGP key',
      `it names no address of account "${account}"; "sluis address list --account ${account}" shows them`,
    );
  return account;
}

async function namesOneOf({ store }: AdminContext, key: PgpKey, owner: string): Promise<boolean> {
  for (const email of key.emails.slice(0, 64)) {
    const found = await store.registry.findRecipient(addressKey(email as Address));
    if (found?.account.login === owner) return true;
  }
  return false;
}
