/**
 * What the reader does for each call: one or a few statements, none kept open, no transaction
 * around them.
 */
import type { KeyFolder } from '../../crypto/keys/key-folder.ts';
import { instant } from '../../domain/units.ts';
import { READS } from '../reads/table.ts';
import { checkCrossing } from '../sql/remote.ts';
import { Callables } from './callables.ts';
import type { Db } from './database.ts';
import { ownReads } from './own-reads.ts';
import { type Outgoing } from './outgoing.ts';
import type { ReaderCall } from './reader-protocol.ts';
import { SqliteRunner } from './runner.ts';

export class ReaderWorker {
  readonly #runner: SqliteRunner;
  readonly #reads = new Callables(READS);
  readonly #own: Callables<unknown>;

  constructor(db: Db, keys: KeyFolder) {
    this.#runner = new SqliteRunner(db);
    this.#own = new Callables(ownReads(db, keys));
  }

  run(call: ReaderCall, out: Outgoing): unknown {
    const { at, args } = call;
    const value =
      at === undefined
        ? this.#own.of(call)(out, ...args)
        : this.#runner.run(this.#reads.of(call)({ at: instant(at) }, ...args));
    checkCrossing(value);
    return value;
  }
}
