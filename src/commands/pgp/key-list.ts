/** Lists OpenPGP keys. */
import { type Address, addressKey } from '../../domain/address.ts';
import { defined } from '../../domain/defined.ts';
import { type Milliseconds, instant } from '../../domain/units.ts';
import { accountOf } from '../../admin/accounts.ts';
import { recipientOf } from '../../admin/addresses.ts';
import type { AdminContext } from '../../admin/context.ts';
import { type PgpKeyView, viewPgpKey } from '../../admin/pgp-views.ts';
import { pageOf } from '../core/params.ts';
import { shown } from './key-work.ts';

interface Wanted {
  readonly address: Address | undefined;
  readonly account: string | undefined;
  /** Only keys that end within this time. */
  readonly within: Milliseconds | undefined;
  readonly limit: number;
  readonly after: string | undefined;
}

/** Keys in the order of their fingerprints; those of one address newest first. */
export async function listKeys(context: AdminContext, wanted: Wanted): Promise<readonly PgpKeyView[]> {
  const { address: of, account, within, limit, after } = wanted;
  const { store, clock } = context;
  const now = clock.now();
  if (of !== undefined) {
    await recipientOf(store.registry, of);
    const keys = await store.pgpKeys.findMail(addressKey(of));
    const page = pageOf(keys, { after, limit }, ({ fingerprint }) => fingerprint);
    return await Promise.all(page.map(({ fingerprint }) => shown(context, fingerprint)));
  }
  if (account !== undefined) await accountOf(store.registry, account);
  const span = within === undefined ? {} : { endsFrom: now, endsBefore: instant(now + within) };
  const rows: PgpKeyView[] = [];
  let last = after;
  for (;;) {
    const page = await store.pgpKeys.list({ limit, ...span, ...defined({ after: last, login: account }) });
    // A revoked key needs no warning that it ends, since nobody need do anything about it.
    const kept = page.filter(({ revoked }) => within === undefined || revoked === undefined);
    rows.push(...kept.map((record) => viewPgpKey(record, now)));
    last = page.at(-1)?.fingerprint;
    if (page.length < limit || rows.length >= limit) return rows.slice(0, limit);
  }
}
