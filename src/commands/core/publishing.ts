/**
 * The revocation list, after certificates were revoked. What signs it is loaded where that happens,
 * and not for every command.
 */
import type { AdminContext } from '../../admin/context.ts';

/** Why a list could not be written; undefined: it was. */
export async function publishing({ ca }: Pick<AdminContext, 'ca'>): Promise<string | undefined> {
  const { tryToPublish } = await import('../../ca/revocation-lists.ts');
  return await tryToPublish(ca);
}
