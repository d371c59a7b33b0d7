/**
 * An operator of one organisation: whatever another one owns is, to him, not there. It ends in the
 * very error of what does not exist, since both are looked for in one place and refused by one
 * line, before the operation itself reads anything.
 *
 * Only operations that name all that they touch may be done so, and each of them stands here. What
 * none of its values names it does to what is its own organisation's, where it takes an
 * organisation; all others are refused: they are about the whole gateway. Files are refused as
 * well, since their lines name anybody.
 */
import { cleanBase32 } from '../crypto/keys/base32.ts';
import { addressKey, parseAddress } from '../domain/address.ts';
import { defined } from '../domain/defined.ts';
import { foldLogin } from '../domain/registry.ts';
import type { Registry } from '../store/port/registry.ts';
import { accountOf } from './accounts.ts';
import { recipientOf } from './addresses.ts';
import { webhookOf } from '../webhooks/registering.ts';
import type { AdminContext } from './context.ts';
import { AdminError } from './error.ts';
import type { Call } from './call.ts';
import type { Input } from './input.ts';
import type { Operation, Owned } from './operation.ts';
import { type Owning, onlyItsOwn } from './own-account.ts';
import { organisationOf } from './organisation-of.ts';

/** Operations whose input names all that they touch. */
export const WITHIN: ReadonlySet<string> = new Set([
  'account.app-password.add',
  'account.app-password.end',
  'account.app-password.list',
  'account.certificate.list',
  'account.contain',
  'account.end',
  'account.list',
  'account.password.add',
  'account.password.list',
  'account.password.remove',
  'account.quirks',
  'account.reset',
  'account.resume',
  'account.set',
  'account.show',
  'account.suspend',
  'address.absence.add',
  'address.absence.end',
  'address.absence.list',
  'address.delegate',
  'address.end',
  'address.list',
  'address.resume',
  'address.set',
  'address.show',
  'address.suspend',
  'mailbox.consumers',
  'mailbox.restore',
  'organisation.edi.list',
  'organisation.show',
  'webhook.add',
  'webhook.end',
  'webhook.list',
  'webhook.pause',
  'webhook.resume',
  'webhook.rotate',
  'webhook.set',
  'webhook.show',
  'webhook.test',
]);

/** Fields that name it: rows say them by the kinds of their values. */
export const ownedBy = ({ owned = {} }: Pick<Operation<unknown>, 'owned'>): Readonly<Record<string, Owned>> => owned;

/** A registry that has nothing: what it is asked for ends as what does not exist. */
const NOTHING = {
  findAccount: () => Promise.resolve(undefined),
  findRecipient: () => Promise.resolve(undefined),
  findOrganisation: () => Promise.resolve(undefined),
} as unknown as Registry;

const NO_WEBHOOKS = { webhooks: { find: () => Promise.resolve(undefined) } };

/**
 * The input to go on with. Throws AdminError: `unknown` for what another organisation owns, as for
 * what nobody does; `forbidden` for what is about the whole gateway.
 */
export async function withinOwn(
  { store }: AdminContext,
  name: string,
  operation: Operation<unknown>,
  input: Input,
  { actor, who: { organisation: own, account }, upload }: Call,
): Promise<Input> {
  if (account !== undefined)
    return await onlyItsOwn({ ownerOf: (of, value) => owningAccount(store, of, value), notFound }, name, input, {
      fields: ownedBy(operation),
      account,
      organisation: own,
    });
  if (own === undefined) return input;
  const fields = Object.entries(ownedBy(operation));
  const named = fields.flatMap(([field, of]) => valuesOf(input[field]).map((value) => ({ of, value })));
  const fills = fields.find(([, of]) => of === 'organisation');
  if (!WITHIN.has(name) || upload !== undefined || (named.length === 0 && fills === undefined))
    throw new AdminError(
      'forbidden',
      `Cannot do ${name}: operator "${actor.name}" acts for organisation "${own}" alone, and this is about the whole gateway; name what is meant, or ask an operator who acts for all`,
    );
  for (const { of, value } of named) if ((await ownerOf(store, of, value)) !== own) await notFound(of, value);
  return named.length === 0 && fills !== undefined ? { ...input, [fills[0]]: own } : input;
}

/** The texts of an input. A value that is no text names nothing, and the operation refuses it. */
const valuesOf = (value: unknown): readonly string[] =>
  (Array.isArray(value) ? (value as unknown[]) : [value]).filter((one) => typeof one === 'string');

/** Name of the organisation. */
async function ownerOf(
  { registry, webhooks }: AdminContext['store'],
  of: Owned,
  value: string,
): Promise<string | undefined> {
  if (of === 'webhook') return (await webhooks.find(cleanBase32(value)))?.organisationName;
  if (of === 'organisation') return (await registry.findOrganisation(value))?.name;
  if (of === 'account') return (await registry.findAccount(foldLogin(value) ?? value))?.organisation;
  const address = parseAddress(value);
  return address.ok ? (await registry.findRecipient(addressKey(address.value)))?.organisation.name : undefined;
}

/** Name of the account, where it is one that holds it; and of its organisation. */
async function owningAccount({ registry }: AdminContext['store'], of: Owned, value: string): Promise<Owning> {
  if (of === 'account') {
    const found = await registry.findAccount(foldLogin(value) ?? value);
    return defined({ account: found?.account.login, organisation: found?.organisation });
  }
  if (of === 'organisation') return defined({ organisation: (await registry.findOrganisation(value))?.name });
  const address = parseAddress(value);
  const found = of === 'address' && address.ok ? await registry.findRecipient(addressKey(address.value)) : undefined;
  return defined({ account: found?.account.login, organisation: found?.organisation.name });
}

/** Always throws. */
async function notFound(of: Owned, value: string): Promise<never> {
  if (of === 'organisation') await organisationOf(NOTHING, value);
  else if (of === 'webhook') await webhookOf(NO_WEBHOOKS, cleanBase32(value));
  else if (of === 'account') await accountOf(NOTHING, foldLogin(value) ?? value);
  else {
    const address = parseAddress(value);
    if (address.ok) await recipientOf(NOTHING, address.value);
  }
  // What is no address was refused when the input was read; whatever comes this far is not done.
  throw new AdminError('unknown', `There is no ${of} "${value.slice(0, 120)}"`);
}
