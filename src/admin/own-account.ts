/**
 * What an account may do for itself on its own pages, and with which inputs. It can touch only what
 * it owns; whatever another account owns does not exist for it.
 *
 * Each operation is listed with the inputs that the account may set. A substitute must be of the
 * same organisation, so that somebody with a stolen login cannot send mail elsewhere.
 */
import { AdminError } from './error.ts';
import type { Input } from './input.ts';
import type { Owned } from './operation.ts';

interface Own {
  /** Inputs that the account may set. */
  readonly inputs: readonly string[];
  /** The one input that may name things of other accounts in the same organisation. */
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
  // An account agrees to stand in for somebody else.
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
  /** Input fields that name things which somebody owns. */
  readonly fields: Readonly<Record<string, Owned>>;
  /** Login of the account. */
  readonly account: string;
  /** The organisation of which the account is the contact. */
  readonly organisation?: string | undefined;
}

/**
 * Checks the input of an account that acts for itself. Throws AdminError: `forbidden` for an input
 * that it may not set; `unknown` for what another account owns, as for what does not exist.
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
