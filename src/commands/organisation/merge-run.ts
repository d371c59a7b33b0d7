/**
 * Merges one organisation into another (decision 1306). Everything that could be wrong is found
 * first. Then each step is a transaction of its own and skips what is done already: after an
 * interruption, the same command continues.
 */
import type { AdminContext } from '../../admin/context.ts';
import { AdminError } from '../../admin/error.ts';
import type { Call } from '../../admin/call.ts';
import { accountsOf } from '../../admin/organisation-accounts.ts';
import { organisationOf } from '../../admin/organisation-of.ts';
import { tryToPublish } from '../../ca/revocation-lists.ts';
import type { Address } from '../../domain/address.ts';
import { defined } from '../../domain/defined.ts';
import type { AccountId } from '../../domain/ids.ts';
import type { Instant } from '../../domain/units.ts';
import { MERGED_AT_ONCE } from '../../store/organisation-merge.ts';
import type { AccountSummary } from '../../store/registry.ts';
import { planMerge } from './merge-plan.ts';
import { rulesFrom } from './merge-rules.ts';
import type { MergeView } from './merge-view.ts';
import { type MergeWish, mergeOf, tied } from './merge-wish.ts';

export interface MergeInput {
  readonly name: string;
  readonly into: string;
  readonly until: Instant | undefined;
  readonly successor: Address | undefined;
  readonly mailbox: string | undefined;
  readonly keepSettings: boolean;
  readonly revoke: boolean;
  readonly dryRun: boolean;
}

async function wishOf({ store, clock }: AdminContext, input: MergeInput, upload: Call['upload']): Promise<MergeWish> {
  const { registry } = store;
  const [from, into] = [await organisationOf(registry, input.name), await organisationOf(registry, input.into)];
  const { successor, mailbox, keepSettings, revoke, until } = input;
  const rules = await rulesFrom(upload, { successor, mailbox }, () => clock.now());
  const named = [...rules.byAddress.values()].find(({ successor }) => successor !== undefined);
  if (until === undefined && named !== undefined)
    throw new AdminError(
      'invalid',
      `Cannot merge: line ${named.line} names a successor, and no end was given; add --until DATE`,
    );
  // A merge that was begun in time may be finished after its date.
  if (until !== undefined && until <= clock.now() && from.mergedInto === undefined)
    throw new AdminError('invalid', `Cannot merge: ${new Date(until).toISOString()} has passed; expected a later date`);
  return { from, into, rules, keepSettings, revoke, ...defined({ until }) };
}

/** What is wrong before the first step. The store checks the same in that step. */
function problemOf({ from, into }: MergeWish): AdminError | undefined {
  if (from.id === into.id)
    return new AdminError('invalid', `Cannot merge "${from.name}" into itself; name another organisation`);
  if (from.mergedInto?.id === into.id) return undefined;
  for (const { name, state, mergedInto } of [from, into]) {
    if (mergedInto !== undefined)
      return new AdminError(
        'ended',
        `Cannot merge: organisation "${name}" is part of "${mergedInto.name}" already, or becomes so; name that one`,
      );
    if (state === 'ended')
      return new AdminError('ended', `Cannot merge: organisation "${name}" has ended, which cannot be undone`);
    if (state === 'suspended')
      return new AdminError(
        'conflict',
        `Cannot merge: organisation "${name}" is suspended, and a merge would resume accounts, or suspend them; "sluis organisation resume ${name}" first`,
      );
  }
  return undefined;
}

async function planned(context: AdminContext, input: MergeInput, call: Call): Promise<[MergeWish, MergeView]> {
  const wish = await wishOf(context, input, call.upload);
  const wrong = problemOf(wish);
  if (wrong !== undefined) throw wrong;
  const { plan, problems } = await planMerge(context, wish, (done) => call.progress(done, 0, 'Looking at'));
  if (problems.length > 0)
    throw new AdminError('invalid', `Cannot merge, nothing was changed:\n${problems.join('\n')}`);
  const { mergedInto, state } = wish.from;
  const before = mergedInto === undefined || state !== 'ended' ? {} : { merged: new Date(mergedInto.at).toISOString() };
  return [wish, { ...plan, applied: false, ...before }];
}

export async function merge(context: AdminContext, input: MergeInput, call: Call): Promise<MergeView> {
  const [wish, view] = await planned(context, input, call);
  if (input.dryRun || view.merged !== undefined) return view;
  const { registry } = context.store;
  const { actor } = call;
  const [from, into] = [wish.from.name, wish.into.name];
  await registry.beginMerge(from, into, actor);
  let revoked = 0;
  // An account that is added meanwhile moves in the next pass.
  for (let done = 0, left = -1; left !== 0;) {
    const before = done;
    for await (const part of partsOf(accountsOf(context.store, from))) {
      if (wish.revoke) for (const { account } of part) revoked += await revoke(context, wish, account.id, call);
      const merges = part.map((summary) => mergeOf(wish, summary));
      done += await registry.mergeAccounts(from, into, merges, actor);
      call.progress(done, view.accounts);
    }
    left = await registry.finishMerge(from, into, actor);
    if (left > 0 && done === before)
      throw new AdminError(
        'conflict',
        `Cannot end the merge: ${left} accounts of "${from}" are left; give the same command again, it continues`,
      );
  }
  const problem = revoked === 0 ? undefined : await tryToPublish(context.ca);
  return { ...view, applied: true, ...defined({ problem }) };
}

async function* partsOf(
  accounts: AsyncIterable<AccountSummary>,
): AsyncGenerator<readonly AccountSummary[], void, void> {
  let part: AccountSummary[] = [];
  for await (const summary of accounts) {
    if (summary.account.state === 'ended') continue;
    part.push(summary);
    if (part.length < MERGED_AT_ONCE) continue;
    yield part;
    part = [];
  }
  if (part.length > 0) yield part;
}

async function revoke({ store }: AdminContext, wish: MergeWish, of: AccountId, { actor }: Call): Promise<number> {
  const { certificates } = await store.registry.mergeReferences(of, tied(wish.from), tied(wish.into));
  for (const { fingerprint } of certificates)
    await store.certificates.revokeCertificate(fingerprint, 'affiliationChanged', actor);
  return certificates.length;
}
