/**
 * What becomes of the addresses of an organisation that becomes part of another one. A file can
 * give a rule for each address, and there is one rule for all others.
 *
 *   old,new,mailbox
 *   info@a.nl,info@b.nl,            works until the date, and info@b.nl leads to the same mailbox;
 *                                   after it, senders are told of info@b.nl
 *   balie@a.nl,desk@b.nl,desk@b.nl  its mail is filed for desk@b.nl from now on
 *   lab@a.nl,,                      stays as it is, without an end
 */
import { type Address, addressKey } from '../../domain/address.ts';
import type { Instant } from '../../domain/units.ts';
import { AdminError } from '../../admin/error.ts';
import { recordsOf } from '../core/csv.ts';
import { address, login } from '../core/kinds.ts';
import { arg, opt } from '../core/params.ts';

/** Most lines of one file. */
const MAX_SUCCESSORS = 50_000;

export interface Rule {
  readonly successor?: Address | undefined;
  /** Login name of the account that gets the mail. */
  readonly mailbox?: string | undefined;
}

export interface FileRule extends Rule {
  readonly line: number;
  readonly address: Address;
}

export interface Rules {
  /** Rules by the key of the old address. */
  readonly byAddress: ReadonlyMap<string, FileRule>;
  /** The rule for addresses that the file does not name. It may be without a successor. */
  readonly others: Rule;
}

const line = {
  old: arg(address, 'the address that ends'),
  new: opt(address, 'what succeeds it'),
  mailbox: opt(login, 'whose mailbox takes its mail from now on'),
};

export async function rulesFrom(
  upload: AsyncIterable<string> | undefined,
  others: Rule,
  now: () => Instant,
): Promise<Rules> {
  const byAddress = new Map<string, FileRule>();
  if (upload === undefined) return { byAddress, others };
  await recordsOf(upload, {
    action: 'use the file of successors',
    columns: line,
    most: MAX_SUCCESSORS,
    now,
    check: ({ old, new: successor, mailbox, line: at }) => {
      const before = byAddress.get(addressKey(old));
      if (before !== undefined) throw new AdminError('invalid', `"${old}" is in line ${before.line} as well`);
      byAddress.set(addressKey(old), { line: at, address: old, successor, mailbox });
    },
  });
  return { byAddress, others };
}
