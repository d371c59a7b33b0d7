/**
 * Makes and opens a SQLite store.
 *
 *   DATA/sluis.db, -wal, -shm   the database
 *   DATA/reserve                real blocks, given back when the disk is full
 *   DATA/lock                   held while a process has the store open
 *   KEYS/                       see crypto/key-folder.ts
 */
import { randomBytes } from 'node:crypto';
import { closeSync, existsSync, mkdirSync, openSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { KeyFolder, KeyFolderRefused } from '../../crypto/key-folder.ts';
import type { Address } from '../../domain/address.ts';
import { Distribution } from '../../domain/counts.ts';
import { instant } from '../../domain/units.ts';
import { syncFolder } from '../../platform/lasting-files.ts';
import type { MaildropLocks } from '../maildrop-locks.ts';
import { MessageIds, idTime } from '../message-ids.ts';
import { Ground } from '../changes/ground.ts';
import type { Told } from '../changes/changed.ts';
import { CHANGES } from '../changes/table.ts';
import type { PgpKeys } from '../port/certificates.ts';
import { StoreRefused } from '../store.ts';
import type { Store } from '../port/store.ts';
import { SqliteAccountMoves } from './account-moves.ts';
import { SqliteAudit } from './audit.ts';
import { AuditWriter } from './audit-writer.ts';
import { Bodies } from './bodies.ts';
import { ownCallsOf, ownReadCallsOf, subjectsOf } from './calls.ts';
import { CertificateMemory } from './certificate-memory.ts';
import { setFact } from './check-database.ts';
import { openWriting } from './database.ts';
import { SqliteDeliveries } from './deliveries.ts';
import { Erasures } from './erasures.ts';
import { FolderLock } from './folder-lock.ts';
import { Mailboxes } from './mailboxes.ts';
import { Maildrops } from './maildrops.ts';
import { type LocksParts, MemoryLocks } from './memory-locks.ts';
import { knownMigrations, migrate } from './migrate.ts';
import { type CreateOptions, type OpenOptions, settled } from './options.ts';
import { pooled } from './random-pool.ts';
import { Reader } from './reader.ts';
import { RememberedPgpKeys } from './pgp.ts';
import { SqliteQuirks } from './quirks.ts';
import { SqliteRegistry } from './registry.ts';
import { freeOctetsOf } from './reserve.ts';
import { SqliteRunner } from './runner.ts';
import { Space } from './space.ts';
import { StoreTime } from './store-time.ts';
import { SqliteStore } from './store.ts';
import { UnreadPages } from './unread-pages.ts';
import { Writer } from './writer.ts';
import { dataFolderMissing } from './start-files.ts';
import { DATABASE_FILE } from './writer-files.ts';

export type { CreateOptions, OpenOptions } from './options.ts';

const newMemoryLocks = (parts: LocksParts): MaildropLocks => new MemoryLocks(parts);

const keyFolderOf = (options: CreateOptions): KeyFolder => {
  try {
    return new KeyFolder(options.keyFolder, options.masterKey);
  } catch (error) {
    if (error instanceof KeyFolderRefused) throw new StoreRefused(error.message);
    throw error;
  }
};

/**
 * Makes the database, the key folder's mark and the organisation `system` with the account `postmaster` (no password: nobody logs in with
 * it until somebody gives it one) and the address postmaster@HOSTNAME. Rejects with StoreRefused when any of it is there already.
 */
export async function createSqliteStore(options: CreateOptions): Promise<void> {
  await Promise.resolve();
  const keys = keyFolderOf(options);
  const path = join(options.dataFolder, DATABASE_FILE);
  if (existsSync(path))
    throw new StoreRefused(
      `There is a database "${path}" already; it is kept as it is. Start the gateway, or choose another data folder`,
    );
  if (keys.storeId !== undefined)
    throw new StoreRefused(
      `The key folder "${options.keyFolder}" belongs to a store whose database is missing; restore that database, or choose an empty key folder for a new store`,
    );
  mkdirSync(options.dataFolder, { recursive: true, mode: 0o700 });
  const lock = FolderLock.take(options.dataFolder);
  const draft = `${path}.new`;
  try {
    for (const left of [draft, `${draft}-wal`, `${draft}-shm`]) rmSync(left, { force: true });
    closeSync(openSync(draft, 'wx', 0o600));
    const random = options.random ?? randomBytes;
    const storeId = Buffer.from(random(16)).toString('hex');
    fill(draft, options, storeId, keys.check);
    keys.adopt(storeId);
    renameSync(draft, path);
    syncFolder(options.dataFolder);
  } finally {
    lock.release();
  }
}

function fill(path: string, options: CreateOptions, storeId: string, check: Uint8Array): void {
  const at = options.clock.now();
  // Nothing of a draft need last before it has its name: one sync of the log and one of the file, in the checkpoint, in place of one at each commit.
  const db = openWriting(path, 'NORMAL', true);
  try {
    migrate(db, knownMigrations(), at, true);
    db.exec('BEGIN IMMEDIATE');
    setFact(db, 'store_id', storeId);
    setFact(db, 'key_check', check);
    setFact(db, 'epoch', 0);
    setFact(db, 'clean', 1);
    const audit = new AuditWriter(db);
    const runner = new SqliteRunner(db, (item) => audit.append(item));
    const ground = new Ground(instant(at), (options.random ?? randomBytes)(32));
    const actor = { name: 'sluis init' };
    const operator = { name: 'system', title: 'Operator of this gateway', language: 'en' } as const;
    runner.run(CHANGES.organisations.addOrganisation(ground, operator, actor));
    // RFC 5321 section 4.5.1: always deliverable.
    const addresses = [`postmaster@${options.hostname}` as Address];
    const postmaster = { login: 'postmaster', organisation: 'system', kind: 'mail', addresses } as const;
    runner.run(CHANGES.accounts.addAccount(ground, postmaster, actor));
    db.exec('COMMIT');
    db.pragma('wal_checkpoint(TRUNCATE)');
  } finally {
    db.close();
  }
}

/** Rejects with StoreRefused, and has changed nothing, when the store may not be served; the text says what is wrong and what to do. */
export async function openSqliteStore(options: OpenOptions): Promise<Store> {
  const set = settled(options);
  const keys = keyFolderOf(options);
  const path = join(options.dataFolder, DATABASE_FILE);
  if (!existsSync(options.dataFolder)) throw dataFolderMissing(options.dataFolder);
  const lock = FolderLock.take(options.dataFolder);
  let store: SqliteStore | undefined;
  try {
    if (!existsSync(path))
      throw new StoreRefused(
        keys.storeId === undefined
          ? `There is no database "${path}"; run "sluis init" for a new gateway`
          : `The database "${path}" is missing, although this gateway was initialised; restore it from a backup (nothing was made in its place)`,
      );
    const { freeOctets, maildropLocks, pageCheck, ...testing } = set.testing;
    const space = new Space({
      freeOctets: freeOctets ?? (() => freeOctetsOf(options.dataFolder)),
      logOctets: () => statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0,
      lost: (error) => options.log.error('store.disk-lost', { why: String(error) }),
      reserve: set.reserve,
      monotonic: () => options.clock.monotonic(),
      maxPages: testing.maxPages,
    });
    const parts: {
      mailboxes?: Mailboxes;
      registry?: SqliteRegistry;
      certificates?: CertificateMemory;
      pgpKeys?: RememberedPgpKeys;
      bodies?: Bodies;
      deliveries?: SqliteDeliveries;
    } = {};
    const tell = ({ accounts, scope, mail, trust }: Told): void => {
      if (accounts.length > 0) parts.registry?.told({ accounts, scope });
      if (mail.length === 0 && !trust) return;
      parts.certificates?.told({ mail, trust });
      parts.pgpKeys?.told({ mail });
    };
    const commits = {
      commits: new Distribution([0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1]),
      groups: new Distribution([1, 2, 4, 8, 16, 32, 64]),
    };
    const { writer, ready } = await Writer.start(
      {
        dataFolder: options.dataFolder,
        keyFolder: options.keyFolder,
        masterKey: options.masterKey,
        reserve: set.reserve,
        copyBeforeUpgrade: set.copyBeforeUpgrade,
        at: options.clock.now(),
        testing,
      },
      {
        onUpgrade: ({ copy, ...upgrade }) => options.log.info('store.upgrading', { ...upgrade, copy: copy ?? 'none' }),
        onCommit: ({ answers, pages, freePages, reserved, took }) => {
          if (took !== undefined) {
            commits.commits.add(took / 1000);
            commits.groups.add(answers.length);
          }
          space.told(pages, freePages);
          if (reserved !== space.reserved) {
            space.reserved = reserved;
            space.forget();
            if (space.full) options.log.error('store.full', { free: space.free });
          }
          const due = new Set<number>();
          const crowded = new Set<number>();
          for (const { answer } of answers) {
            if (answer.kind !== 'done' || answer.effects === undefined) continue;
            const { effects } = answer;
            if (effects.told !== undefined) tell(effects.told);
            if (effects.mailboxes !== undefined) parts.mailboxes?.told(effects.mailboxes);
            if (effects.filed !== undefined) parts.bodies?.filed(effects.filed);
            for (const partner of effects.due ?? []) due.add(partner);
            for (const account of effects.crowded ?? []) crowded.add(account);
          }
          parts.deliveries?.told(due);
          store?.crowded(crowded);
        },
        onFailed: (error) => store?.failed(error),
      },
    );
    space.opened(ready);
    const reader = await Reader.start({ path, keyFolder: options.keyFolder, masterKey: options.masterKey }, (error) =>
      store?.failed(error),
    ).catch(async (error: unknown) => {
      await writer.close();
      throw error;
    });
    const { clock, log } = options;
    const random = pooled(options.random ?? randomBytes);
    const floor = Math.max(ready.latest, idTime(ready.highest));
    const time = new StoreTime(clock, instant(floor));
    const own = ownCallsOf(writer);
    const subjects = subjectsOf({ writer, reader, time, random });
    const reads = ownReadCallsOf(reader);
    const mailboxes = (parts.mailboxes = new Mailboxes(subjects.roads.mailbox));
    parts.registry = new SqliteRegistry({ subjects, mailboxes, time, random });
    const registry = Object.assign(parts.registry, {
      ...subjects.absences,
      ...subjects.accounts,
      ...subjects.appPasswords,
      ...subjects.addresses,
      ...subjects.clientCertificates,
      ...subjects.edi,
      ...subjects.formerOrganisations,
      ...subjects.endings,
      ...subjects.merges,
      ...subjects.networks,
      ...subjects.organisationErasure,
      ...subjects.organisations,
      ...subjects.passwords,
      ...subjects.settings,
      ...subjects.partners,
      ...subjects.ties,
    });
    parts.certificates = new CertificateMemory(subjects.trust);
    const certificates = Object.assign(parts.certificates, {
      ...subjects.authorities,
      ...subjects.certificates,
      ...subjects.enrolments,
      ...subjects.mailKeys,
    });
    const remembered = (parts.pgpKeys = new RememberedPgpKeys(subjects.pgpKeys));
    const pgpKeys: PgpKeys = { ...subjects.pgpKeys, findMail: (key) => remembered.findMail(key) };
    const rows = new SqliteAudit({ writer, own, trail: subjects.trail, clock, time, random, log });
    const audit = Object.assign(rows, rows.reads);
    const ids = new MessageIds(ready.highest);
    const days = new Set(ready.days);
    const { maxBody } = set;
    const bodies = (parts.bodies = new Bodies({
      writer,
      own,
      contents: reads.contents,
      audit,
      space,
      keys,
      days,
      ids,
      time,
      random,
      maxBody,
      sweeps: subjects.sweeps,
    }));
    const { epoch } = ready;
    const { takeoverAfter } = set;
    const locks = (maildropLocks ?? newMemoryLocks)({ clock, epoch, takeoverAfter });
    const maildrops = new Maildrops({ changes: subjects.maildrops, reads, mailboxes, clock, log, locks });
    const erasures = new Erasures({
      messageErasure: subjects.messageErasure,
      contents: reads.contents,
      audit,
      bodies,
      maildrops,
      keys,
      time,
      random,
      log,
    });
    parts.deliveries = new SqliteDeliveries({
      subjects,
      audit,
      bodies,
      erasures,
      maildrops,
      states: mailboxes,
      random,
      log,
    });
    const { messages, mailboxes: contents } = subjects;
    const deliveries = Object.assign(parts.deliveries, messages, subjects.deliveries, contents);
    const accountMoves = new SqliteAccountMoves({
      maildrops,
      mailboxes,
      clock,
      log,
      subject: subjects.movingAccount,
      mail: subjects.mailboxMoves,
    });
    // Before anybody can open a mailbox of which a part is still to come.
    await accountMoves.resume();
    const pages = new UnreadPages({
      path,
      own,
      clock,
      log,
      failed: (error) => store?.failed(error),
      ...(pageCheck === undefined ? {} : { program: new URL(pageCheck) }),
    });
    store = new SqliteStore({
      writer,
      own,
      reader,
      contents: reads.contents,
      registry,
      accountMoves,
      certificates,
      pgpKeys,
      ediMemory: subjects.ediMemory,
      subjects,
      audit,
      deliveries,
      erasures,
      quirks: new SqliteQuirks({ writer, subject: subjects.quirks, clock, time, log }),
      maildrops,
      bodies,
      space,
      pages,
      keys,
      days,
      ids,
      time,
      random,
      clock,
      log,
      settled: set,
      lock,
      version: `SQLite ${ready.version}`,
      path,
      commits,
    });
    if (space.full) log.error('store.full', { free: space.free });
    log.info('store.opened', { version: ready.version, start: ready.epoch, unclean: ready.unclean });
    if (ready.unchecked) pages.read();
    return store;
  } catch (error) {
    lock.release();
    throw error;
  }
}
