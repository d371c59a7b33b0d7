/**
 * An account that acts for itself, at its own pages: what it may do, with which inputs, and only
 * with what is its own. Whatever another account holds is, to it, not there.
 *
 * Each operation stands here with the inputs that it may set. A substitute must be of its own
 * organisation: whoever got hold of a login must not send mail elsewhere by it.
 */
import { AdminError } from './error.ts';
import type { Input } from './input.ts';
import type { Owned } from './operation.ts';

interface Own {
  /** Inputs that it may set. */
  readonly inputs: readonly string[];
  /** The one of these inputs that may name what others of the organisation hold. */
  readonly wide?: string;
}

const OWN: Readonly<Record<string, Own>> = {
  'account.show': { inputs: ['login'] },
  'mailbox.consumers': { inputs: ['login'] },
  'account.app-password.add': { inputs: ['login', 'name', 'scope', 'ends'] },
  'account.app-password.list': { inputs: ['login'] },
  'account.app-password.end': { inputs: ['login', 'name'] },
  'account.certificate.revoke': { inputs: ['login', 'name'] },
  'cert.issue': { inputs: ['account', 'use', 'request'] },
  'address.absence.add': { inputs: ['address', 'since', 'until', 'substitute', 'refuse'], wide: 'substitute' },
  'address.absence.end': { inputs: ['address'] },
  'address.absence.list': { inputs: ['address', 'limit', 'after'] },
  // An account agrees to stand in for somebody.
  'address.consent.add': { inputs: ['substitute', 'for'], wide: 'for' },
  // Only the contact of an organisation may list its accounts.
  'account.list': { inputs: ['organisation', 'limit', 'after'] },
};

export const isOwn = (operation: string): boolean => Object.hasOwn(OWN, operation);

export interface Owning {
  readonly account?: string;
  readonly organisation?: string;
}

interface Looks {
  readonly ownerOf: (of: Owned, value: string) => Promise<Owning>;
  /** Always throws. */
  readonly notFound: (of: Owned, value: string) => Promise<never>;
}

interface Whose {
  /** Fields that name what somebody owns. */
  readonly fields: Readonly<Record<string, Owned>>;
  /** Login of the account. */
  readonly account: string;
  /** The one that it is the contact of. */
  readonly organisation?: string | undefined;
}

/**
 * The input to go on with. Throws AdminError: `forbidden` for an input that is not its to set;
 * `unknown` for what is another's, as for what nobody holds.
 */
export async function onlyItsOwn(
  { ownerOf, notFound }: Looks,
  name: string,
  input: Input,
  { fields, account, organisation }: Whose,
): Promise<Input> {
  const { inputs, wide } = OWN[name] ?? { inputs: [] };
  const given = Object.keys(input).filter((field) => input[field] !== undefined && field !== 'reason');
  const foreign = given.find((field) => !inputs.includes(field));
  const named = given.filter((field) => fields[field] !== undefined);
  if (foreign !== undefined || named.length === 0 || (name === 'cert.issue' && input.use !== 'login'))
    throw new AdminError(
      'forbidden',
      `Cannot do ${name}: account "${account}" acts for itself alone; leave out ${foreign ?? 'what is not its own'}, or ask the helpdesk`,
    );
  const home = (await ownerOf('account', account)).organisation;
  for (const field of named) {
    const of = fields[field] ?? 'account';
    const value = input[field];
    if (typeof value !== 'string') throw new AdminError('invalid', `Cannot do ${name}: "${field}" must be one name`);
    const owner = await ownerOf(of, value);
    const isIts =
      of === 'organisation'
        ? organisation !== undefined && owner.organisation === organisation
        : field === wide
          ? home !== undefined && owner.organisation === home
          : owner.account === account;
    if (!isIts) await notFound(of, value);
  }
  return input;
}
