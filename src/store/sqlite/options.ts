/** Options with which a SQLite store is opened. */
import type { Octets } from '../../domain/units.ts';
import type { CoreCreateOptions, CoreOpenOptions } from '../core/options.ts';
import type { Synchronous } from './database.ts';

export interface CreateOptions extends CoreCreateOptions {
  /** Holds `sluis.db`, its log, the reserve and the lock. Made with mode 0700 when missing. */
  readonly dataFolder: string;
}

export interface OpenOptions extends CoreOpenOptions, CreateOptions {
  /**
   * Size of the preallocated file that is given back when the disk is full. 0: none, for tests.
   * Default 64 MiB.
   */
  readonly reserve?: Octets;
  /** Whether a copy of the database is made and compared before its form changes. Default true. */
  readonly copyBeforeUpgrade?: boolean;
  readonly testing?: Testing;
}

/** Seams for tests; never set in service. */
export interface Testing {
  /** NORMAL loses what was acknowledged when the power fails: the control of the power test. */
  readonly synchronous?: Synchronous;
  /**
   * Largest number of database pages before SQLITE_FULL; the reserve is then `reserve` octets of
   * further pages.
   */
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
  /**
   * The mark of counted usage is written in a transaction after that of the figures: another
   * mutant.
   */
  readonly countsApart?: boolean;
  /**
   * Milliseconds between the two halves that such a mutant tears apart: a cut falls there, however
   * fast the disk is.
   */
  readonly apartFor?: number;
  /**
   * Each change that is called runs, is rolled back, and runs again: one with an effect beside its
   * steps is found.
   */
  readonly changesTwice?: boolean;
  /** Milliseconds after which figures of acceptances are written. */
  readonly countEvery?: number;
  /** Octets free on the disk. */
  readonly freeOctets?: () => number;
}
