/**
 * What an operator of one organisation may do: whatever another organisation owns does not exist
 * for him. He gets exactly the error that he would get if it did not exist, since both are looked
 * up in one place and refused by the same line, before the operation reads anything.
 *
 * He may only call operations whose input names everything that they touch; all of these are listed
 * here. If an operation takes an organisation and none is given, it gets the operator's own. All
 * other operations are refused, because they are about the whole gateway. Files are refused too,
 * because their lines can name anything.
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

/** Operations whose input names everything that they touch. */
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

/**
 * Input fields that name things which somebody owns. The rows tell them by the kinds of their
 * values.
 */
export const ownedBy = ({ owned = {} }: Pick<Operation<unknown>, 'owned'>): Readonly<Record<string, Owned>> => owned;

/**
 * A registry in which nothing exists. A look-up in it gives the same error as for a thing that does
 * not exist.
 */
const NOTHING = {
  findAccount: () => Promise.resolve(undefined),
  findRecipient: () => Promise.resolve(undefined),
  findOrganisation: () => Promise.resolve(undefined),
} as unknown as Registry;

const NO_WEBHOOKS = { webhooks: { find: () => Promise.resolve(undefined) } };

/**
 * The input with which the operation may run. Throws AdminError: `unknown` for what another
 * organisation owns, as for what does not exist; `forbidden` for what concerns the whole gateway.
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

/** Name of the organisation that owns the thing; undefined if none does. */
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

/** The account that owns the thing, and its organisation. */
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

/** Throws the error for a thing that does not exist. It always throws. */
async function notFound(of: Owned, value: string): Promise<never> {
  if (of === 'organisation') await organisationOf(NOTHING, value);
  else if (of === 'webhook') await webhookOf(NO_WEBHOOKS, cleanBase32(value));
  else if (of === 'account') await accountOf(NOTHING, foldLogin(value) ?? value);
  else {
    const address = parseAddress(value);
    if (address.ok) await recipientOf(NOTHING, address.value);
  }
  // A text that is no address was refused when the input was read. Whatever else gets here is
  // refused now.
  throw new AdminError('unknown', `There is no ${of} "${value.slice(0, 120)}"`);
}
