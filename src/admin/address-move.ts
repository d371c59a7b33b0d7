/**
 * Moves addresses: their mail goes to another account from now on, or to a partner's server. So
 * accounts can move in waves: until its mailbox is here, an address leads to the old platform as a
 * partner.
 */
import { type Address, addressKey, domainOf } from '../domain/address.ts';
import { many } from '../domain/counted.ts';
import { defined } from '../domain/defined.ts';
import type { DeliveryId } from '../domain/ids.ts';
import { type AddressMove, MAX_MOVES, RegistryError } from '../store/registry.ts';
import type { Actor } from '../store/actor.ts';
import type { Delivery } from '../store/deliveries.ts';
import type { AdminContext } from './context.ts';
import { AdminError } from './error.ts';
import type { Call } from './call.ts';

/** Where an address will lead: either to an account or to a partner. */
export interface Target {
  readonly address: Address;
  readonly account?: string | undefined;
  readonly partner?: string | undefined;
}

interface How {
  readonly queued: 'keep' | 'move';
  readonly dryRun: boolean;
}

export interface AddressesMoved {
  readonly moved: number;
  readonly already: number;
  readonly refiled: number;
  readonly stillQueued: number;
  readonly applied: boolean;
}

/** Moves addresses in parts. Each part is moved as a whole or not at all. */
export async function moveAll(
  context: AdminContext,
  targets: readonly Target[],
  { queued, dryRun }: How,
  { actor, progress }: Call,
): Promise<AddressesMoved> {
  const sum = { moved: 0, already: 0, refiled: 0, stillQueued: 0, applied: !dryRun };
  for (let at = 0; at < targets.length; at += MAX_MOVES) {
    progress(at, targets.length);
    try {
      const done = await movePart(context, targets.slice(at, at + MAX_MOVES), queued, dryRun ? undefined : actor);
      for (const field of ['moved', 'already', 'refiled', 'stillQueued'] as const) sum[field] += done[field];
    } catch (error) {
      if (at === 0 || dryRun || !(error instanceof AdminError || error instanceof RegistryError)) throw error;
      const before = `${many(at, 'address')} moved before that and stay so; give the same again after the correction`;
      throw new AdminError(error.kind, `${error.message}\n${before}`);
    }
  }
  return sum;
}

/** Moves one part. Without an `actor` it changes nothing and says what would happen. */
async function movePart(
  context: AdminContext,
  targets: readonly Target[],
  queued: How['queued'],
  actor?: Actor,
): Promise<Omit<AddressesMoved, 'applied'>> {
  const { registry, deliveries } = context.store;
  const moves = await Promise.all(targets.map((target) => moveOf(context, target)));
  checkOnce(moves);
  const problems = (await Promise.all(moves.map((move) => problemOf(context, move)))).flat();
  if (problems.length > 0)
    throw new AdminError('invalid', `Cannot move, nothing was changed:\n${problems.slice(0, 100).join('\n')}`);
  const moved = actor === undefined ? await wouldMove(context, moves) : await registry.moveAddresses(moves, actor);
  const waiting = await queuedFor(context, new Set(moves.map(({ address }) => addressKey(address) as string)), moves);
  let refiled = 0;
  if (queued === 'move' && actor !== undefined)
    for (let at = 0; at < waiting.length; at += 500)
      refiled += await deliveries.change(waiting.slice(at, at + 500), 'refile', actor);
  return { moved, already: moves.length - moved, refiled, stillQueued: waiting.length - refiled };
}

async function moveOf({ store }: AdminContext, { address, account, partner }: Target): Promise<AddressMove> {
  if (account !== undefined) return { address, login: account };
  const found = await store.registry.findPartnerNamed(partner ?? '');
  if (found === undefined)
    throw new AdminError(
      'unknown',
      `Cannot find partner "${partner ?? ''}": there is none; "sluis partner list" shows them`,
    );
  return { address, login: found.login };
}

function checkOnce(moves: readonly AddressMove[]): void {
  const seen = new Set<string>();
  for (const { address } of moves) {
    if (seen.has(addressKey(address)))
      throw new AdminError('invalid', `Cannot move "${address}" twice in one call; name it once`);
    seen.add(addressKey(address));
  }
}

/** All that is wrong with a move, at once. The store checks again in the transaction. */
async function problemOf({ store }: AdminContext, { address, login }: AddressMove): Promise<string[]> {
  const { registry } = store;
  const [from, to] = [await registry.findRecipient(addressKey(address)), await registry.findAccount(login)];
  if (to === undefined)
    return [`  ${address}: there is no account "${login}"; "sluis account list" shows those there are`];
  if (to.account.state === 'ended') return [`  ${address}: the account "${login}" has ended; name another one`];
  if (from === undefined)
    return [
      `  ${address}: it was never registered, and ${domainOf(address)} is not a partner's; add it with "sluis address add"`,
    ];
  if (from.address.state === 'ended') return [`  ${address}: it has ended, which cannot be undone; leave it out`];
  const foreign = from.organisation.name !== to.organisation;
  if (foreign && from.account.kind !== 'partner' && to.account.kind !== 'partner')
    return [
      `  ${address}: it belongs to "${from.organisation.name}", and "${login}" to "${to.organisation}": mail for one would reach the other; end it, and add another address`,
    ];
  return [];
}

async function wouldMove({ store }: AdminContext, moves: readonly AddressMove[]): Promise<number> {
  const there = await Promise.all(
    moves.map(async ({ address, login }) => {
      const found = await store.registry.findRecipient(addressKey(address));
      return found?.account.login === (await store.registry.findAccount(login))?.account.login;
    }),
  );
  return there.filter((already) => !already).length;
}

/** Deliveries that wait at partners to which these addresses no longer lead. */
async function queuedFor(
  { store }: AdminContext,
  keys: ReadonlySet<string>,
  moves: readonly AddressMove[],
): Promise<DeliveryId[]> {
  const found: DeliveryId[] = [];
  const targets = new Set(moves.map(({ login }) => login));
  for (const { partner } of await store.deliveries.queues()) {
    const known = await store.registry.findPartner(partner);
    if (known !== undefined && targets.has(known.login)) continue;
    for (let after: DeliveryId | undefined; ;) {
      const page: readonly Delivery[] = await store.deliveries.list({
        partner,
        limit: 1000,
        states: ['waiting'],
        ...defined({ after }),
      });
      for (const { id, recipient } of page) if (keys.has(addressKey(recipient))) found.push(id);
      after = page.at(-1)?.id;
      if (page.length < 1000) break;
    }
  }
  return found;
}
