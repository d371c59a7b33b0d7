/**
 * Publishes the revocation list after certificates were revoked. The code that signs it is loaded
 * here only, and not for every command.
 */
import type { AdminContext } from '../../admin/context.ts';

/** Why a list could not be written; undefined if all were. */
export async function publishing({ ca }: Pick<AdminContext, 'ca'>): Promise<string | undefined> {
  const { tryToPublish } = await import('../../ca/revocation-lists.ts');
  return await tryToPublish(ca);
}
