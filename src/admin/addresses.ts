/** Operations on addresses. An address that has ended is never given to anybody again. */
import { type Address, addressKey } from '../domain/address.ts';
import { defined } from '../domain/defined.ts';
import type { RegisteredAddress, State } from '../domain/registry.ts';
import { iso } from '../domain/units.ts';
import type { Recipient, Registry } from '../store/registry.ts';
import { AdminError } from './context.ts';
import { accountOf } from './accounts.ts';
import { endOf, endingBy, endingInput } from './ending.ts';
import { address, addressOf, flag, login, optionalText, page } from './input.ts';
import { change, listing } from './operation.ts';
import { successorProblem } from './successor.ts';
import { type AddressView, viewAddress } from './views.ts';

export async function recipientOf(registry: Registry, of: ReturnType<typeof addressOf>): Promise<Recipient> {
  const found = await registry.findRecipient(addressKey(of));
  if (found === undefined)
    throw new AdminError(
      'unknown',
      `Cannot find address "${of}": it was never registered; "sluis address list" shows them`,
    );
  return found;
}

const stateChange = (state: State) =>
  change(
    (input) => address(input, 'address'),
    async ({ store }, of, { actor }): Promise<{ address: string; state: string }> => {
      const { address: before } = await recipientOf(store.registry, of);
      await store.registry.setAddressState(of, state, actor);
      if (before.finalAt === undefined) return { address: of, state };
      // One that was suspended as well is ending still: that was taken back first.
      return { address: of, state: viewAddress((await recipientOf(store.registry, of)).address, '').state };
    },
  );

/** As the store says it when it is done. */
function checkEnd(of: Address, { state, finalAt }: RegisteredAddress, successor: Recipient | undefined): void {
  if (successor === undefined) {
    if (state !== 'ended' || finalAt !== undefined) return;
    throw new AdminError('ended', `The address "${of}" has ended, which cannot be undone; add another address`);
  }
  const { address } = successor.address;
  const why = addressKey(address) === addressKey(of) ? 'it is the same' : successorProblem(successor);
  if (why !== undefined)
    throw new AdminError('invalid', `"${address}" cannot succeed address "${of}": ${why}; name another address`);
}

/** What ending an address did, or would do. */
export interface AddressEnd {
  readonly address: string;
  readonly state: string;
  /** Until then it can be resumed; absent: it has ended for ever. */
  readonly closes?: string;
  /** False where it was only asked what would be. */
  readonly applied: boolean;
  readonly account: string;
  readonly successor?: string;
  /** Addresses that still lead to the account; with 0 it takes no mail, and sends none. */
  readonly left: number;
}

export const addressOperations = {
  'address.add': change(
    (input) => ({ login: login(input, 'login'), address: address(input, 'address') }),
    async ({ store }, input, { actor }): Promise<{ address: string; account: string }> => {
      await accountOf(store.registry, input.login);
      await store.registry.addAddress(input.login, input.address, actor);
      return { address: input.address, account: input.login };
    },
  ),
  'address.list': listing(
    (input) => {
      const account = optionalText(input, 'login');
      return account === undefined ? page(input) : { ...page(input), login: login(input, 'login') };
    },
    async ({ store }, at): Promise<AddressView[]> =>
      (await store.registry.listAddresses(at)).map((a) => viewAddress(a, a.login)),
  ),
  'address.show': listing(
    (input) => address(input, 'address'),
    async ({ store }, of): Promise<AddressView> => {
      const found = await recipientOf(store.registry, of);
      return viewAddress(found.address, found.account.login);
    },
  ),
  'address.end': endingBy(
    change(
      (input) => ({ address: address(input, 'address'), ...endingInput(input) }),
      async (context, { address: of, successor, grace, dryRun }, { actor }): Promise<AddressEnd> => {
        const { registry } = context.store;
        const { address: before, account } = await recipientOf(registry, of);
        const succeeds = successor === undefined ? undefined : await recipientOf(registry, successor);
        const isOver = before.state === 'ended' && before.finalAt === undefined;
        const endsAt = isOver ? undefined : endOf(context, grace);
        const ending = defined({ endsAt, successor });
        if (dryRun) checkEnd(of, before, succeeds);
        else await registry.endAddress(of, ending, actor);
        const left = (await accountOf(registry, account.login)).addresses.filter(
          (a) => a.state !== 'ended' && addressKey(a.address) !== addressKey(of),
        );
        return {
          address: of,
          state: dryRun ? viewAddress(before, '').state : endsAt === undefined ? 'ended' : 'ending',
          ...defined({ closes: iso(endsAt) }),
          applied: !dryRun,
          account: account.login,
          ...defined({ successor }),
          left: left.length,
        };
      },
    ),
  ),
  'address.suspend': stateChange('suspended'),
  'address.resume': stateChange('active'),
  'address.delegate': change(
    (input) => ({
      address: address(input, 'address'),
      login: login(input, 'login'),
      allowed: !flag(input, 'take-back'),
    }),
    async ({ store }, input, { actor }): Promise<{ address: string; account: string; allowed: boolean }> => {
      await recipientOf(store.registry, input.address);
      await accountOf(store.registry, input.login);
      await store.registry.setDelegation(input.address, input.login, input.allowed, actor);
      return { address: input.address, account: input.login, allowed: input.allowed };
    },
  ),
};
