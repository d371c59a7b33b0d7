/**
 * The takeovers' part of the store port: a region moves here from another server, practice by
 * practice, and where each one stands.
 */
import type { EntryUid, MessageId } from '../domain/ids.ts';
import type { Language } from '../domain/registry.ts';
import type { Instant } from '../domain/units.ts';

/**
 * Of one mailbox. `rehearsed`: the other server was asked, nothing is here yet. `importing`: begun,
 * perhaps cut short. `failed`: its import ended with an error. `moved`: all that was there is here.
 * `back`: it went back to the other server.
 */
export type MailboxStep = 'rehearsed' | 'importing' | 'failed' | 'moved' | 'back';
/** Of a practice. `importing`: some of its mailboxes are here, or on their way. */
export type PracticeState = 'not-begun' | 'rehearsed' | 'importing' | 'moved' | 'back';

export const LETTER_STEPS = ['announce', 'moved', 'reminder', 'back'] as const;
/**
 * Which letter: that the move comes, that it is done, that a program still logs in at the old
 * server, that the practice went back.
 */
export type LetterStep = (typeof LETTER_STEPS)[number];

export interface TakeoverMailbox {
  readonly login: string;
  readonly organisation: string;
  /** Login name of the mailbox at the other server. */
  readonly there: string;
  readonly state: MailboxStep;
  readonly changedAt: Instant;
  /** As the other server listed them last. */
  readonly messages: number;
  readonly octets: number;
  readonly problem?: string;
}

/** Facts about a mailbox that a takeover notes. */
export type TakeoverNote = Omit<TakeoverMailbox, 'organisation' | 'changedAt'>;

export interface Practice {
  readonly organisation: string;
  readonly title: string;
  readonly language: Language;
  readonly contact?: string;
  /** The rest is absent as long as it is not begun. */
  readonly wave?: string;
  /** Day of the wave: days since 1970-01-01. */
  readonly day?: number;
  readonly rehearsedAt?: Instant;
  /** When the letter of that step was made. */
  readonly announcedAt?: Instant;
  readonly movedToldAt?: Instant;
  readonly remindedAt?: Instant;
  readonly backToldAt?: Instant;
  /** Mail of the practice may be given back to the other server. */
  readonly goingBackAt?: Instant;
  readonly mailboxes: number;
  readonly importing: number;
  readonly failed: number;
  readonly moved: number;
  readonly back: number;
  /** Mailboxes with a problem, in any state. */
  readonly problems: number;
  readonly messages: number;
  readonly octets: number;
  /** When one of its mailboxes last changed. */
  readonly changedAt?: Instant;
}

export function stateOf({ wave, mailboxes, importing, failed, moved, back }: Practice): PracticeState {
  if (wave === undefined) return 'not-begun';
  if (mailboxes > 0 && moved === mailboxes) return 'moved';
  if (mailboxes > 0 && back === mailboxes) return 'back';
  return moved + importing + failed + back > 0 ? 'importing' : 'rehearsed';
}

/** A message on its way back to the other server. */
export interface Returning {
  readonly uid: EntryUid;
  readonly message: MessageId;
  readonly octets: number;
}
