/**
 * What is looked at before anything of a backup is copied: whoever has the wrong backup or the
 * wrong key need not wait for the copy.
 */
import { sharesThatMake } from '../crypto/keys/escrow-record.ts';
import { keyFingerprint } from '../crypto/keys/key-fingerprint.ts';
import type { Escrow } from '../domain/escrow.ts';
import { instant } from '../domain/units.ts';
import type { Copies } from '../store/copies.ts';
import type { Manifest, ReadManifest } from './manifest.ts';
import { BackupRefused } from './refused.ts';
import type { RestoreStep } from './restored.ts';

/** A base backup is no file of SQLite. Throws BackupRefused. */
export function refuseOtherEngine({ engine }: Pick<Copies, 'engine'>, { id, store }: Manifest): void {
  const its = store.postgres === undefined ? 'sqlite' : 'postgres';
  if (its !== engine)
    throw new BackupRefused(
      'conflict',
      `Cannot restore backup ${id}: it is of a store with store.engine = "${its}", and the configuration has "${engine}"; take the configuration in the backup`,
    );
}

export function manifestStep({ manifest, signature }: ReadManifest, unsigned = false): RestoreStep {
  const { masterKey } = manifest.store;
  const opens = masterKey === undefined ? '' : `, of master key ${masterKey}`;
  const what = `backup ${manifest.id} of ${manifest.hostname}, begun ${manifest.begun}${opens}`;
  if (signature === 'good')
    return { step: 'manifest', passed: true, found: `${what}, signed by the audit trail's key` };
  const why =
    signature === 'missing' ? 'its signature is missing' : "its signature is not one of the audit trail's key at hand";
  return {
    step: 'manifest',
    passed: unsigned,
    found: unsigned
      ? `${what}; ${why}, which was accepted`
      : `${what}: ${why}; give the key of that time (--key PEM), take another backup, or accept it (--unsigned)`,
  };
}

export interface MasterKeyAtHand {
  readonly masterKey: Uint8Array;
  /** The escrow of another master key, where it is known on this machine. */
  readonly escrow?: (fingerprint: string) => Escrow | undefined;
}

/**
 * A step that failed; undefined if the master key at hand is the one that the backup was sealed
 * with, or the backup does not say.
 */
export function wrongKeyStep({ masterKey, escrow }: MasterKeyAtHand, manifest: Manifest): RestoreStep | undefined {
  const needed = manifest.store.masterKey;
  const atHand = keyFingerprint(masterKey);
  if (needed === undefined || needed === atHand) return undefined;
  const { escrow: told } = manifest;
  const set =
    escrow?.(needed) ?? (told === undefined ? undefined : { ...told, madeAt: instant(Date.parse(told.madeAt)) });
  return {
    step: 'keys',
    passed: false,
    found: `the master key at hand is ${atHand}, and this backup opens with ${needed}: ${sharesThatMake(needed, set)}; put it where the section keys of the configuration reads it, and with it the key folder that it seals (${needed}/ in keys.copy-to or keys.before-rotation), and run this again`,
  };
}
