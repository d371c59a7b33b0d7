/** The mailboxes that a file names, by practice: each is known by its account here. */
import { CommandError } from '../../cli/exit.ts';
import { defined } from '../../domain/defined.ts';
import { type Values, need } from '../core/params.ts';
import type { Here } from '../core/row.ts';
import { file } from '../core/files.ts';
import { type Takeover, SOURCE, takeoversOf } from '../mailbox/import-source.ts';
import { MOST_LOOKED, ready } from './parts.ts';

const { pop3, rule, uidlFormat, stls, ca, pin } = SOURCE;

/** Source of the mail of many mailboxes. */
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
  /** As it is registered here; as the file has it where there is no such account. */
  readonly login: string;
  readonly there: string;
  /** Why it cannot move, or its programs could not log in. */
  readonly problem?: string;
}

export interface Planned {
  readonly byPractice: ReadonlyMap<string, readonly PlannedMailbox[]>;
  /** Mailboxes without a practice: there is no such account. */
  readonly strangers: readonly PlannedMailbox[];
  /** Octets that the store can take. */
  readonly free: number;
}

/**
 * What the file names, before anybody is asked about it. Throws CommandError for a file that cannot
 * be read.
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

/** In the order of the file. `wanted`: only those of these practices; empty: all. */
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
