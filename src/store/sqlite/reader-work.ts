/** What the reader does for each kind of request. Each is one or a few statements, none kept open. */
import type Database from 'better-sqlite3';
import type { KeyFolder } from '../../crypto/key-folder.ts';
import { READS } from '../objects.ts';
import { checkCrossing } from '../sql/remote.ts';
import { instant } from '../../domain/units.ts';
import { type Call, Callables } from './calls.ts';
import { ContentReader } from './content-reader.ts';
import type { Db } from './database.ts';
import { type ListingData, RECEIPT, RETRIEVED, type ReaderKind, type ReaderWork } from './reader-protocol.ts';
import { SqliteRunner } from './runner.ts';
import { UidlColumn } from '../changes/uidls.ts';

type Handlers = {
  readonly [K in ReaderKind]: (input: ReaderWork[K]['in'], transfer: ArrayBuffer[]) => ReaderWork[K]['out'];
};

export class ReaderWorker {
  readonly #handlers: Handlers;
  readonly #listing: Database.Statement<[number, number], [number, number, Buffer, number, number]>;
  readonly #runner: SqliteRunner;
  readonly #callables = new Callables(READS);

  constructor(db: Db, keys: KeyFolder) {
    this.#runner = new SqliteRunner(db);
    const content = new ContentReader(db, keys);
    this.#listing = db
      .prepare<[number, number], [number, number, Buffer, number, number]>(
        'SELECT uid, octets, uidl, retrieved, receipt FROM entry WHERE account = ? AND uid < ? ORDER BY uid',
      )
      .raw(true);
    this.#handlers = {
      listing: ({ account, below, count }, transfer) => this.#list(account, below, count, transfer),
      entry: (input, transfer) => content.entries(input, transfer),
      slice: (input, transfer) => content.slice(input, transfer),
      release: ({ content: n }) => content.release(n),
      content: (input, transfer) => content.message(input, transfer),
      submittedHeader: ({ message }) => content.submittedHeader(message),
      upload: ({ message, n }) => content.chunk(message, n),
      dataKeys: (input) => content.dataKeys(input),
      forgetDay: ({ day }) => content.forgetDay(day),
      call: (call) => this.#call(call),
    };
  }

  run<K extends ReaderKind>(kind: K, input: ReaderWork[K]['in'], transfer: ArrayBuffer[]): ReaderWork[K]['out'] {
    return this.#handlers[kind](input, transfer);
  }

  #call(call: Call): unknown {
    const value = this.#runner.run(this.#callables.of(call)({ at: instant(call.at) }, ...call.args));
    checkCrossing(value);
    return value;
  }

  #list(account: number, below: number, expected: number, transfer: ArrayBuffer[]): ListingData {
    const uids = new Float64Array(expected);
    const sizes = new Float64Array(expected);
    const column = new UidlColumn(expected);
    const flags = new Uint8Array(expected);
    let count = 0;
    for (const [uid, size, uidl, retrieved, receipt] of this.#listing.iterate(account, below)) {
      if (count === expected) break;
      uids[count] = uid;
      sizes[count] = size;
      column.add(uidl);
      flags[count] = (retrieved > 0 ? RETRIEVED : 0) | (receipt > 0 ? RECEIPT : 0);
      count += 1;
    }
    const { uidls, ends: uidlEnds } = column;
    transfer.push(uids.buffer, sizes.buffer, uidls.buffer, flags.buffer);
    if (uidlEnds !== null) transfer.push(uidlEnds.buffer);
    return { count, uids, sizes, uidls, uidlEnds, flags };
  }
}
