/**
 * How the writer takes each change: what it must forget and write first, whose turn the change
 * takes, and what it may share a transaction with. Every method of MAIL_CHANGES stands here. All
 * methods of CHANGES have one manner, `REGISTRY`. Changes that SQLite's writer makes in its own way
 * have theirs in sqlite/manners.ts.
 */
import type { MAIL_CHANGES } from '../changes/table.ts';
import type { Step } from '../sql/sql.ts';
import type { SentNotices } from '../changes/accept-work.ts';
import type { Reach } from './reach.ts';

/** A message that is filed, with what is filed behind it. */
interface Filed {
  /** Null: the body is in the store already, in chunks. */
  readonly body: Uint8Array | null;
  readonly copies: readonly Filed[];
  readonly notices: readonly Filed[];
}

export interface Manner<A extends readonly unknown[] = never> {
  readonly reach: Reach;
  /** The account whose work the change waits behind. Absent: it takes nobody's turn. */
  readonly turn?: (...args: A) => number;
  /** The change is new mail: refused while the disk is full. */
  readonly mail?: true;
  /**
   * The change takes the writer a few milliseconds: few go into a transaction, so that small
   * messages go in between.
   */
  readonly slice?: true;
  /** Nobody was told of the result yet, so its commit needs no sync. */
  readonly untold?: true;
  /** The change leaves many pages free. */
  readonly frees?: true;
  /** The change writes into no table: while the disk is full it runs outside of a transaction. */
  readonly outside?: true;
  /**
   * The messages that it files: it waits behind the chunks of each body that is in the store
   * already.
   */
  readonly files?: (...args: A) => readonly Filed[];
  /** The argument whose notices may have come ahead (sqlite/notices-in-parts.ts). */
  readonly sent?: (...args: A) => SentNotices;
  /** Memory that is transferred with the change and is no longer the caller's. */
  readonly gives?: (...args: A) => Uint8Array;
}

type MannerOf<F> = F extends (context: never, ...args: infer A) => Generator<Step, unknown> ? Manner<A> : never;
type Manners<T> = { readonly [K in keyof T]: { readonly [M in keyof T[K]]: MannerOf<T[K][M]> } };

export const REGISTRY: Manner = { reach: 'registry' };

/** The turn of a change whose first argument is the account. */
const own = (account: number): number => account;

const OF_MAIL: Manners<typeof MAIL_CHANGES> = {
  availability: { note: { reach: 'nothing' }, stopping: { reach: 'nothing' } },
  idempotency: { begin: { reach: 'nothing' }, end: { reach: 'nothing' }, forget: { reach: 'nothing' } },
  mailboxMoves: { follow: { reach: 'messages' } },
  importedMail: {
    file: {
      reach: 'messages',
      mail: true,
      turn: own,
      files: (_account, entries) => entries.map(({ message }) => message),
    },
  },
  maildrops: {
    commit: {
      reach: 'nothing',
      turn: own,
      files: (_account, _deleted, _retrieved, _audit, { notices }) => notices,
      sent: (_account, _deleted, _retrieved, _audit, sent) => sent,
    },
    release: {
      reach: 'nothing',
      turn: own,
      files: (_account, _retrieved, { notices }) => notices,
      sent: (_account, _retrieved, sent) => sent,
    },
    sent: {
      reach: 'nothing',
      turn: own,
      files: (_account, _uids, _whole, _audit, { notices }) => notices,
      sent: (_account, _uids, _whole, _audit, sent) => sent,
    },
    expire: { reach: 'nothing', turn: own, files: (_account, entries) => entries.flatMap(({ notices }) => notices) },
    setAside: {
      reach: 'nothing',
      turn: own,
      files: (_account, _uid, _held, _audit, { notices }) => notices,
    },
    restore: { reach: 'nothing', turn: own },
    noteConsumer: { reach: 'nothing', turn: own },
  },
  messageErasure: { erase: { reach: 'messages' } },
  queue: {
    claim: { reach: 'nothing' },
    claimOne: { reach: 'nothing' },
    settle: { reach: 'messages', files: (_claim, _outcome, _audit, notices) => notices },
    hold: { reach: 'nothing' },
    release: { reach: 'messages' },
    retry: { reach: 'nothing' },
    refile: { reach: 'messages' },
    withdraw: { reach: 'messages', files: (_copies, _audit, notices) => notices },
  },
  quirks: { note: { reach: 'nothing' } },
  sweeps: {
    step: { reach: 'mailboxes', slice: true, frees: true },
    trim: { reach: 'mailboxes', slice: true, frees: true, turn: own },
    giveUp: { reach: 'nothing', slice: true, untold: true, frees: true },
    dayErased: { reach: 'nothing' },
  },
  takeovers: {
    rehearsed: { reach: 'nothing' },
    note: { reach: 'nothing' },
    goingBack: { reach: 'nothing' },
    told: { reach: 'nothing' },
    giveBackImported: { reach: 'nothing', turn: own },
    giveBackWaiting: { reach: 'nothing', turn: own },
    forget: { reach: 'nothing', turn: own },
    written: { reach: 'nothing', turn: own },
  },
  uses: {
    password: { reach: 'nothing', turn: own },
    appPassword: { reach: 'nothing' },
    certificate: { reach: 'nothing' },
    network: { reach: 'nothing', turn: own },
  },
  webhookProgress: { advance: { reach: 'nothing' }, failed: { reach: 'nothing' } },
};

const ALL: Readonly<Record<string, Readonly<Record<string, Manner>>>> = OF_MAIL;

/** The manner of a change. */
export const mannerOfChange = (object: string, method: string): Manner => ALL[object]?.[method] ?? REGISTRY;

/** True if the change waits behind the chunks of a body. */
export const isStreamed = ({ body, copies, notices }: Filed): boolean =>
  body === null || copies.some(isStreamed) || notices.some(isStreamed);
