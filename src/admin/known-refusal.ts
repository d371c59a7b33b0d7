/**
 * Expected errors of operations, in words for the caller: also over the control socket, which
 * carries a kind and a text.
 */
import { BackupRefused } from '../backup/refused.ts';
import { SealBroken } from '../crypto/keys/sealing.ts';
import { Unusable } from '../domain/unusable.ts';
import { systemProblem } from '../platform/system-problem.ts';
import { RegistryError } from '../store/registry.ts';
import { ContentDamaged, StoreFailed, StoreFull, StoreUnavailable } from '../store/store.ts';
import { AdminError } from './error.ts';

/**
 * Errors of the machine, the store or a key: the caller did nothing wrong, so the gateway's log has
 * them too. Backups write their own lines.
 */
export const isOfMachine = ({ cause }: AdminError): boolean =>
  cause instanceof Error && !(cause instanceof RegistryError || cause instanceof BackupRefused);

/** The refusal; undefined for an unexpected error. */
export function knownRefusal(error: unknown): AdminError | undefined {
  if (error instanceof AdminError) return error;
  if (!(error instanceof Error)) return undefined;
  const as = (kind: AdminError['kind'], text = error.message): AdminError =>
    new AdminError(kind, text, { cause: error });
  if (error instanceof RegistryError || error instanceof BackupRefused) return as(error.kind);
  if (error instanceof Unusable || error instanceof SealBroken || error instanceof ContentDamaged)
    return as('unusable');
  if (error instanceof StoreFull || error instanceof StoreFailed) return as('store');
  if (error instanceof StoreUnavailable) return as('unavailable');
  const system = systemProblem(error);
  return system === undefined ? undefined : as('unavailable', system);
}
