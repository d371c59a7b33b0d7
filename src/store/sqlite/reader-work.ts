/** What the reader does for each kind of request. Each is one or a few statements, none kept open. */
import type Database from 'better-sqlite3';
import type { KeyFolder } from '../../crypto/key-folder.ts';
import { AccountMoveReader } from './account-move-reader.ts';
import { followOn, isBroken } from '../../crypto/audit-chain.ts';
import { type ChainHead, type ChainRow, toldErased } from '../../domain/audit-row.ts';
import { LATEST_EVENTS } from '../audit.ts';
import { READS } from '../objects.ts';
import { checkCrossing } from '../sql/remote.ts';
import { instant } from '../../domain/units.ts';
import { type Call, Callables } from './calls.ts';
import { ContentReader } from './content-reader.ts';
import type { Db } from './database.ts';
import { DeliveryReader } from './delivery-reader.ts';
import { HoldingsReader } from './holdings-reader.ts';
import { MailboxReader } from './mailbox-reader.ts';
import {
  type AuditStored,
  type ListingData,
  type MailboxState,
  RECEIPT,
  RETRIEVED,
  type ReaderKind,
  type ReaderWork,
  type VerifyStep,
} from './reader-protocol.ts';
import { MergeReader } from './merge-reader.ts';
import { RegistryReader } from './registry-reader.ts';
import { SqliteRunner } from './runner.ts';
import { TRAIL, TrailReader, type TrailRow } from './trail-reader.ts';
import { UidlColumn } from './uidl.ts';
import { UsageReader } from './usage-reader.ts';

type Handlers = {
  readonly [K in ReaderKind]: (input: ReaderWork[K]['in'], transfer: ArrayBuffer[]) => ReaderWork[K]['out'];
};

export class ReaderWorker {
  readonly #handlers: Handlers;
  readonly #mailbox: Database.Statement<[number], MailboxState>;
  readonly #listing: Database.Statement<[number, number], [number, number, Buffer, number, number]>;
  readonly #trail: TrailReader;
  readonly #runner: SqliteRunner;
  readonly #callables = new Callables(READS);

  constructor(db: Db, keys: KeyFolder) {
    this.#runner = new SqliteRunner(db);
    const registry = new RegistryReader(db);
    const content = new ContentReader(db, keys);
    const deliveries = new DeliveryReader(db);
    const mailboxes = new MailboxReader(db);
    const holdings = new HoldingsReader(db);
    const merges = new MergeReader(db);
    const usage = new UsageReader(db);
    const moves = new AccountMoveReader(db);
    this.#mailbox = db.prepare('SELECT octets, messages, next_uid AS nextUid, changes FROM mailbox WHERE account = ?');
    const parts = db
      .prepare<[bigint], string | null>(
        'SELECT coalesce(m.parts, o.parts) FROM message m LEFT JOIN message o ON o.id = m.copy_of WHERE m.id = ?',
      )
      .pluck();
    const imported = db
      .prepare<[number, string, number], string>(
        'SELECT uidl FROM imported WHERE account = ? AND uidl > ? ORDER BY uidl LIMIT ?',
      )
      .pluck();
    this.#listing = db
      .prepare<[number, number], [number, number, Buffer, number, number]>(
        'SELECT uid, octets, uidl, retrieved, receipt FROM entry WHERE account = ? AND uid < ? ORDER BY uid',
      )
      .raw(true);
    this.#trail = new TrailReader(db);
    // The list makes the partial index usable: SQLite compares it with the index's own.
    const listed = LATEST_EVENTS.map((event) => `'${event}'`).join(', ');
    const newest = `${TRAIL} INDEXED BY audit_latest WHERE account IS ? AND event = ? AND event IN (${listed}) ORDER BY seq DESC LIMIT ?`;
    const latest = db.prepare<unknown[], TrailRow>(newest).safeIntegers(true);
    const refused = db
      .prepare<unknown[], TrailRow>(
        `${TRAIL} INDEXED BY audit_refused WHERE event = 'message.refused' AND seq < ? ORDER BY seq DESC LIMIT ?`,
      )
      .safeIntegers(true);
    const head = db.prepare<[], ChainHead>('SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1');
    const marks = db.prepare<[], { name: string; value: number }>(
      "SELECT name, value FROM fact WHERE name >= 'audit.' AND name < 'audit/'",
    );
    this.#handlers = {
      login: ({ login }) => registry.login(login),
      scramSaltKey: () => registry.scramSaltKey(),
      knownNetworks: (query) => registry.knownNetworks(query),
      recipient: ({ key, at }) => registry.recipient(key, at),
      hasAddressesIn: ({ domain }) => registry.hasAddressesIn(domain),
      sendAs: ({ account, key }) => registry.sendAs(account, key),
      parts: ({ message }) => parts.get(message) ?? undefined,
      mailbox: ({ account }) => this.#mailbox.get(account),
      listing: ({ account, below, count }, transfer) => this.#list(account, below, count, transfer),
      entry: (input, transfer) => content.entries(input, transfer),
      slice: (input, transfer) => content.slice(input, transfer),
      release: ({ content: n }) => content.release(n),
      content: (input, transfer) => content.message(input, transfer),
      submittedHeader: ({ message }) => content.submittedHeader(message),
      upload: ({ message, n }) => content.chunk(message, n),
      dataKeys: (input) => content.dataKeys(input),
      forgetDay: ({ day }) => content.forgetDay(day),
      message: ({ id }) => deliveries.message(id),
      messages: (input) => deliveries.search(input),
      whereabouts: ({ message, accounts }) => ({
        ...mailboxes.copies(message, accounts),
        deliveries: deliveries.ofMessage(message),
      }),
      queues: () => deliveries.queues(),
      delivery: ({ id }) => deliveries.delivery(id),
      deliveries: (input) => deliveries.list(input),
      overdue: (input) => mailboxes.overdue(input),
      overdueEntries: (input) => mailboxes.overdueEntries(input),
      holdings: ({ after }) => holdings.step(after),
      usedKeys: ({ keys }) => deliveries.usedKeys(keys),
      moveShare: (input) => moves.share(input),
      pendingMoves: () => moves.pending(),
      imported: ({ account, after, limit }) => imported.all(account, after, limit),
      consumers: ({ account }) => mailboxes.consumers(account),
      accountsAt: ({ network, limit }) => mailboxes.accountsAt(network, limit),
      audit: (input) => this.#readAudit(input),
      auditLatest: ({ event, account, limit }) => latest.all(account, event, limit).map(storedRowOf),
      auditRefused: ({ before, limit }) => refused.all(before, limit).map(storedRowOf),
      verify: (input) => this.#verify(input),
      chain: ({ from, limit }) => this.#trail.from(from, limit).map(chainRowOf),
      auditHead: () => head.get(),
      auditMarks: () => marks.all(),
      organisations: ({ after, limit }) => registry.organisations(after, limit),
      organisation: ({ name }) => registry.organisation(name),
      accounts: ({ after, limit, organisation }) => registry.accounts(after, limit, organisation),
      formerAccounts: (input) => merges.former(input),
      formerOrganisations: ({ account }) => merges.organisations(account),
      trailFrom: ({ account }) => merges.trailFrom(account),
      account: ({ login }) => registry.account(login),
      isSetAnywhere: ({ text }) => registry.isSetAnywhere(text),
      ownSettings: ({ scope, names }) => registry.ownSettings(scope, names),
      accountById: ({ id }) => registry.accountById(id),
      addresses: ({ after, limit, login }) => registry.addresses(after, limit, login),
      call: (call) => this.#call(call),
      usage: (input) => usage.of(input),
      usageMonths: () => usage.months(),
      idle: (input) => usage.idle(input),
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

  #readAudit(query: ReaderWork['audit']['in']): readonly AuditStored[] {
    const { message, account, from, limit } = query;
    const rows =
      message !== null
        ? this.#trail.ofMessage(message, from, limit)
        : account !== null
          ? this.#trail.ofAccount(account, from, limit)
          : this.#trail.from(from, limit);
    return rows.filter((row) => account === null || row.account === BigInt(account)).map(storedRowOf);
  }

  #verify({ from, previous, rows }: ReaderWork['verify']['in']): VerifyStep {
    let head: ChainHead = { seq: from - 1, hash: previous };
    const found = this.#trail.from(from, rows);
    let [erased, told] = [0, 0];
    for (const row of found) {
      const checked = followOn(head, chainRowOf(row));
      if (isBroken(checked)) return { kind: 'broken', ...checked };
      head = checked;
      if (row.commitment !== null && row.personal === null) erased += 1;
      told += toldErased(row.event, row.facts);
    }
    return {
      kind: 'ok',
      ...{ rows: found.length, erased, told },
      head: head.hash,
      next: head.seq + 1,
      end: found.length < rows,
    };
  }
}

const storedRowOf = ({ seq, at, account, commitment, personal, ...row }: TrailRow): AuditStored => ({
  ...{ seq: Number(seq), at: Number(at), event: row.event, outcome: row.outcome, message: row.message },
  account: account === null ? null : Number(account),
  ...{ facts: row.facts, personal, erased: commitment !== null && personal === null },
});

const chainRowOf = ({ seq, at, account, ...row }: TrailRow): ChainRow => ({
  ...row,
  seq: Number(seq),
  at: Number(at),
  account: account === null ? null : Number(account),
});
