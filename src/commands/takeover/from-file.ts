/** The mailboxes that a file names, sorted by practice. The account here tells the practice. */
import { CommandError } from '../../cli/exit.ts';
import { defined } from '../../domain/defined.ts';
import { type Values, need } from '../core/params.ts';
import type { Here } from '../core/row.ts';
import { file } from '../core/files.ts';
import { type Takeover, SOURCE, takeoversOf } from '../mailbox/import-source.ts';
import { MOST_LOOKED, ready } from './parts.ts';

const { pop3, rule, uidlFormat, stls, ca, pin } = SOURCE;

/** Options for the source of many mailboxes. */
export const MANY = {
  from: need(
    file,
    'CSV of the mailboxes: "account,maildir,user", or with --pop3 "account,user,password"; - for standard input',
  ),
  pop3,
  rule,
  uidlFormat,
  stls,
  ca,
  pin,
};

export interface PlannedMailbox {
  readonly takeover: Takeover;
  /** The login name as it is registered here. If there is no such account, as the file has it. */
  readonly login: string;
  readonly there: string;
  /** Why it cannot move, or why its programs could not log in afterwards. */
  readonly problem?: string;
}

export interface Planned {
  readonly byPractice: ReadonlyMap<string, readonly PlannedMailbox[]>;
  /** Mailboxes without a practice, because there is no such account. */
  readonly strangers: readonly PlannedMailbox[];
  /** Octets that the store can still take. */
  readonly free: number;
}

/**
 * The mailboxes that the file names, before the gateway is asked about them. Throws CommandError if
 * the file cannot be read.
 */
export async function namedIn(here: Here, options: Values<typeof MANY>): Promise<readonly Takeover[]> {
  const all = await takeoversOf(here.terminal, undefined, {
    maildir: undefined,
    user: undefined,
    passwordFile: undefined,
    uidlFile: undefined,
    ...options,
  });
  const lines = new Set<string>();
  for (const { login } of all)
    if (lines.size === lines.add(login).size)
      throw new CommandError('usage', `Cannot use "${options.from}": "${login}" is in it twice; a mailbox moves once`);
  return all;
}

/**
 * Sorts the mailboxes by practice, each practice in the order of the file. `wanted`: names of the
 * practices to keep; empty: all.
 */
export async function plannedFrom(here: Here, all: readonly Takeover[], wanted: readonly string[]): Promise<Planned> {
  const byPractice = new Map<string, PlannedMailbox[]>();
  const strangers: PlannedMailbox[] = [];
  let room = Number.MAX_SAFE_INTEGER;
  for (let at = 0; at < all.length; at += MOST_LOOKED) {
    const some = all.slice(at, at + MOST_LOOKED);
    const found = await here.call(ready, { login: some.map(({ login }) => login) });
    for (const [i, { login, organisation, problem, free }] of found.entries()) {
      const takeover = some[i];
      if (takeover === undefined) continue;
      room = free;
      const planned = { takeover, login, there: takeover.there, ...defined({ problem }) };
      if (organisation === undefined) strangers.push(planned);
      else if (wanted.length === 0 || wanted.includes(organisation))
        byPractice.set(organisation, [...(byPractice.get(organisation) ?? []), planned]);
    }
  }
  return { byPractice, strangers, free: room };
}
