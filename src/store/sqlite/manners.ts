/**
 * How the writer takes what it is asked: what it must forget and write before it, and whose turn it is. Every method of MAIL_CHANGES stands here.
 * Those of CHANGES have one manner, `REGISTRY`.
 */
import type { MAIL_CHANGES } from '../objects.ts';
import type { Step } from '../sql/sql.ts';
import type { Call } from './calls.ts';

/**
 * How far a change reaches into what the writer remembers; each further word holds for those before it as well.
 *
 * - `nothing`: everything that is remembered stays true. It may file, collect and delete mail through `MailboxCounters`, and leave rows in the trail.
 * - `messages`: messages that were accepted, or their envelopes, become others or go. Acceptances are counted again from these after a crash, so the
 *   figures that wait are written first (usage-changes.ts).
 * - `mailboxes`: counters of mailboxes change beside `MailboxCounters`: what filings remember is forgotten, before it and before what follows it
 *   (standing.ts).
 * - `registry`: accounts, addresses or organisations change, or who belongs to which: forgotten is to whom figures belong, too.
 */
export type Reach = 'nothing' | 'messages' | 'mailboxes' | 'registry';

export interface Manner<A extends readonly unknown[] = never> {
  readonly reach: Reach;
  /** The account that waits behind its own work alone. Left out: nobody's turn. */
  readonly turn?: (...args: A) => number;
}

type MannerOf<F> = F extends (ground: never, ...args: infer A) => Generator<Step, unknown> ? Manner<A> : never;
type Manners<T> = { readonly [K in keyof T]: { readonly [M in keyof T[K]]: MannerOf<T[K][M]> } };

const REGISTRY: Manner = { reach: 'registry' };

/** That of changes whose first argument is the account. */
const own = (account: number): number => account;

const MANNERS: Manners<typeof MAIL_CHANGES> = {
  mailboxMoves: { follow: { reach: 'messages' } },
  importedMail: { file: { reach: 'messages', turn: own } },
  maildrops: {
    commit: { reach: 'nothing', turn: own },
    release: { reach: 'nothing', turn: own },
    expire: { reach: 'nothing', turn: own },
    restore: { reach: 'nothing', turn: own },
    noteConsumer: { reach: 'nothing', turn: own },
  },
  messageErasure: { erase: { reach: 'messages' } },
  queue: {
    claim: { reach: 'nothing' },
    claimOne: { reach: 'nothing' },
    settle: { reach: 'messages' },
    hold: { reach: 'nothing' },
    release: { reach: 'messages' },
    retry: { reach: 'nothing' },
    refile: { reach: 'messages' },
    withdraw: { reach: 'messages' },
  },
  quirks: { note: { reach: 'nothing' } },
  uses: {
    password: { reach: 'nothing', turn: (account) => account },
    certificate: { reach: 'nothing' },
    network: { reach: 'nothing', turn: (account) => account },
  },
};

const BY_NAME: ReadonlyMap<string, Manner> = new Map(
  Object.entries<Readonly<Record<string, Manner>>>(MANNERS).flatMap(([object, methods]) =>
    Object.entries(methods).map(([method, manner]): [string, Manner] => [`${object}.${method}`, manner]),
  ),
);

/** What is not named is taken to change the registry. */
export const mannerOf = ({ object, method }: Pick<Call, 'object' | 'method'>): Manner =>
  BY_NAME.get(`${object}.${method}`) ?? REGISTRY;
