/** What a SQLite store is opened with. */
import type { Clock, Log, RandomBytes } from '../../domain/effects.ts';
import type { Milliseconds, Octets } from '../../domain/units.ts';
import { days, octets, seconds, MiB } from '../../domain/units.ts';
import type { MaildropLocks } from '../maildrop-locks.ts';
import type { Synchronous } from './database.ts';
import type { LocksParts } from './memory-locks.ts';

export interface CreateOptions {
  /** Holds `sluis.db`, its log, the reserve and the lock. Made with mode 0700 when missing. */
  readonly dataFolder: string;
  /** Holds the day keys. Outside the data folder, and never in a backup of the database. Made with mode 0700 when missing. */
  readonly keyFolder: string;
  /** 32 octets that wrap the day keys. */
  readonly masterKey: Uint8Array;
  /** The gateway's own name; `postmaster@hostname` is registered. */
  readonly hostname: string;
  readonly clock: Clock;
  /** Default: the operating system's. */
  readonly random?: RandomBytes;
}

export interface OpenOptions extends CreateOptions {
  readonly log: Log;
  /** A maildrop's holder that made no progress for this long loses it to a session of the same network. Default 30 s. */
  readonly takeoverAfter?: Milliseconds;
  readonly retention?: {
    /** How long an entry that was deleted by its owner can be handed out again. Default 14 days. */
    readonly hidden?: Milliseconds;
    /** How long the facts of a message can be traced after its content went. Default 90 days. */
    readonly trace?: Milliseconds;
    /** How long after a month its figures of usage are kept. Default 2557 days, seven years. */
    readonly usage?: Milliseconds;
    /** How long a network that an account logged in from is known after the last time. Default 30 days. */
    readonly networks?: Milliseconds;
  };
  /** Size of the preallocated file that is given back when the disk is full. 0: none, for tests. Default 64 MiB. */
  readonly reserve?: Octets;
  /** Whether a copy of the database is made and compared before its form changes. Default true. */
  readonly copyBeforeUpgrade?: boolean;
  /** Largest body, checked here as the last line; the protocols refuse earlier and nicer. Default 1 GiB. */
  readonly maxBody?: Octets;
  readonly testing?: Testing;
}

/** Seams for tests; never set in service. */
export interface Testing {
  /** NORMAL loses what was acknowledged when the power fails: the control of the power test. */
  readonly synchronous?: Synchronous;
  /** Largest number of database pages before SQLITE_FULL; the reserve is then `reserve` octets of further pages. */
  readonly maxPages?: number;
  /** Octets of a database of which a start always reads every page; 256 MiB in service. */
  readonly checkedAtStart?: number;
  /** URL of another program than the one that reads every page beside the work. */
  readonly pageCheck?: string;
  /** Pages in the log at which it is copied into the database; 32 MB of them in service. */
  readonly logPages?: number;
  /** Rows that the tables of a search are filled with at a time; 1,000 in service. */
  readonly searchStep?: number;
  /** The nth commit of this start fails as a failed sync would (SQLITE_IOERR_FSYNC). */
  readonly failCommit?: number;
  /** Answers before COMMIT: the mutant that the crash tests must catch. */
  readonly answerBeforeCommit?: boolean;
  /** Up to where figures of usage are written goes in a transaction after that of the figures: another mutant. */
  readonly countsApart?: boolean;
  /** Each change that is called runs, is rolled back, and runs again: one with an effect beside its steps is found. */
  readonly changesTwice?: boolean;
  /** Milliseconds after which figures of acceptances are written. */
  readonly countEvery?: number;
  /** Octets free on the disk. */
  readonly freeOctets?: () => number;
  /** In place of those in memory. */
  readonly maildropLocks?: (parts: LocksParts) => MaildropLocks;
}

export interface Settled {
  readonly takeoverAfter: Milliseconds;
  readonly hiddenFor: Milliseconds;
  readonly tracedFor: Milliseconds;
  readonly countedFor: Milliseconds;
  readonly networksFor: Milliseconds;
  readonly reserve: Octets;
  readonly copyBeforeUpgrade: boolean;
  readonly maxBody: Octets;
  readonly testing: Testing;
}

export const settled = (options: OpenOptions): Settled => ({
  takeoverAfter: options.takeoverAfter ?? seconds(30),
  hiddenFor: options.retention?.hidden ?? days(14),
  tracedFor: options.retention?.trace ?? days(90),
  countedFor: options.retention?.usage ?? days(2557),
  networksFor: options.retention?.networks ?? days(30),
  reserve: options.reserve ?? octets(64 * MiB),
  copyBeforeUpgrade: options.copyBeforeUpgrade ?? true,
  maxBody: options.maxBody ?? octets(1024 * MiB),
  testing: options.testing ?? {},
});
