/**
 * The operations `address.move` and `address.move-plan`: mail of addresses goes to another account from now on, or to a partner's server. So accounts move in waves:
 * an address is routed to the old platform as a partner until its mailbox is here.
 */
import { type Address, addressKey, domainOf } from '../domain/address.ts';
import { defined } from '../domain/defined.ts';
import type { DeliveryId } from '../domain/ids.ts';
import { type AddressMove, MAX_MOVES } from '../store/registry.ts';
import { type Actor } from '../store/actor.ts';
import type { Delivery } from '../store/deliveries.ts';
import type { AdminContext } from './context.ts';
import { AdminError } from './context.ts';
import { type Input, addressOf, oneOf, optionalText } from './input.ts';
import { change, listing, withSecond } from './operation.ts';

interface Target {
  readonly address: Address;
  readonly account?: string;
  readonly partner?: string;
}

interface MoveInput {
  readonly moves: readonly Target[];
  readonly queued: 'keep' | 'move';
}

export interface AddressesMoved {
  readonly moved: number;
  /** They led there before. */
  readonly already: number;
  /** What was accepted for an old platform before and waits: into the mailbox now, or going there still. */
  readonly refiled: number;
  readonly stillQueued: number;
  /** False for a dry run. */
  readonly applied: boolean;
}

function movesIn(input: Input): readonly Target[] {
  const { moves } = input;
  if (!Array.isArray(moves) || moves.length < 1 || moves.length > MAX_MOVES)
    throw new AdminError('invalid', `Cannot move: expected 1 to ${MAX_MOVES} addresses in one call`);
  return moves.map((item: unknown) => {
    const move = (typeof item === 'object' && item !== null ? item : {}) as Input;
    const address = addressOf(move.address, 'address');
    const [account, partner] = [optionalText(move, 'account'), optionalText(move, 'partner')];
    if ((account === undefined) === (partner === undefined))
      throw new AdminError(
        'invalid',
        `Cannot move "${address}": expected either an account or a partner to move it to`,
      );
    return { address, ...(account === undefined ? { partner } : { account }) } as Target;
  });
}

/** `actor`: absent where it is only asked what would be. */
async function run(context: AdminContext, input: MoveInput, actor?: Actor): Promise<AddressesMoved> {
  const { registry, deliveries } = context.store;
  const moves = await Promise.all(input.moves.map((target) => moveOf(context, target)));
  checkOnce(moves);
  const problems = (await Promise.all(moves.map((move) => problemOf(context, move)))).flat();
  if (problems.length > 0)
    throw new AdminError('invalid', `Cannot move, nothing was changed:\n${problems.slice(0, 100).join('\n')}`);
  const moved = actor === undefined ? await wouldMove(context, moves) : await registry.moveAddresses(moves, actor);
  const waiting = await queuedFor(context, new Set(moves.map(({ address }) => addressKey(address) as string)), moves);
  let refiled = 0;
  if (input.queued === 'move' && actor !== undefined)
    for (let at = 0; at < waiting.length; at += 500)
      refiled += await deliveries.change(waiting.slice(at, at + 500), 'refile', actor);
  return {
    moved,
    already: moves.length - moved,
    refiled,
    stillQueued: waiting.length - refiled,
    applied: actor !== undefined,
  };
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

/** All that is wrong at once; the store checks again in the transaction. */
async function problemOf({ store }: AdminContext, { address, login }: AddressMove): Promise<string[]> {
  const { registry } = store;
  const [from, to] = [await registry.findRecipient(addressKey(address)), await registry.findAccount(login)];
  if (to === undefined)
    return [`  ${address}: there is no account "${login}"; "sluis account list" shows those there are`];
  if (to.account.state === 'ended') return [`  ${address}: the account "${login}" has ended; name another one`];
  if (from === undefined)
    return [
      `  ${address}: it was never registered, and ${domainOf(address)} is no partner's; add it with "sluis address add"`,
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

/** Deliveries that wait at partners to which these addresses do not lead (any more). */
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

const moveIn = (input: Input): MoveInput => ({
  moves: movesIn(input),
  queued: oneOf(input, 'queued', ['keep', 'move'], 'keep'),
});

export const addressMoveOperations = {
  // Looking needs nobody else.
  'address.move-plan': listing(moveIn, (context, input) => run(context, input)),
  'address.move': withSecond(
    'address-move',
    change(moveIn, (context, input, { actor }) => run(context, input, actor)),
  ),
};
