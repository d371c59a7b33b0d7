/**
 * Stores for tests: a fresh SQLite store in a folder of its own, which is removed at the end of the
 * test.
 */
import { randomBytes } from 'node:crypto';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { type Address, addressKey, parseAddress } from '../../src/domain/address.ts';
import type { AccountId, MessageId } from '../../src/domain/ids.ts';
import { octets } from '../../src/domain/units.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { type OpenOptions, createSqliteStore, openSqliteStore } from '../../src/store/sqlite/open.ts';
import { DATABASE_FILE } from '../../src/store/sqlite/writer-files.ts';
import { type AcceptOutcome, type Acceptance, OPERATOR } from '../../src/store/acceptance.ts';
import type { SealedBody, StoredContent } from '../../src/store/body.ts';
import type { Store } from '../../src/store/port/store.ts';
import { FakeClock } from './clock.ts';
import { MemoryLog } from './log.ts';
import { madeOnce } from './made-once.ts';

/** The same in every process, so that a store made in one can be opened in another. */
export const TEST_KEY: Uint8Array = Buffer.alloc(32, 'the master key of tests');

/**
 * For tests outside `store/` that open a store themselves. They need not know which engine it is.
 */
export type StoreOptions = OpenOptions;
export const openStoreAt = (options: StoreOptions): Promise<Store> => openSqliteStore(options);
export const createStoreAt = (options: StoreOptions): Promise<void> => createSqliteStore(options);

export interface TestStore {
  readonly store: Store;
  readonly clock: FakeClock;
  readonly log: MemoryLog;
  readonly options: OpenOptions;
  /** Closes the store and opens it again. */
  reopen(changes?: Partial<OpenOptions>): Promise<TestStore>;
  close(): Promise<void>;
}

/** Cleans up after a test, as the context of `node:test` does. */
export interface Cleanup {
  after(run: () => Promise<void> | void): void;
}

export function testOptions(
  t: Cleanup,
  changes: Partial<OpenOptions> = {},
): OpenOptions & { clock: FakeClock; log: MemoryLog } {
  const folder = mkdtempSync(join(tmpdir(), 'sluis-store-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return {
    dataFolder: join(folder, 'data'),
    keyFolder: join(folder, 'keys'),
    masterKey: TEST_KEY,
    hostname: 'mail.test',
    reserve: octets(0),
    ...changes,
    clock: new FakeClock(),
    log: new MemoryLog(),
  };
}

/** The shape of the database file. */
type Shape = 'new' | 'old';

async function createShape(shape: Shape, options: OpenOptions): Promise<void> {
  await createSqliteStore(options);
  if (shape === 'old') giveOldShape(options);
}

/**
 * The same as `createSqliteStore`, but faster. Making a store takes three syncs and all migrations,
 * 0.1 s of processor time, and an old file takes a VACUUM; unit tests make two thousand stores. So
 * each is a copy of one that was made once, if nothing in it would differ.
 */
export async function createFrom(shape: Shape, options: OpenOptions): Promise<void> {
  const { masterKey, hostname, clock } = options;
  const plain = clock instanceof FakeClock || clock === systemClock;
  const ours = Buffer.compare(masterKey, TEST_KEY) === 0 && hostname === 'mail.test';
  if (!ours || !plain) return await createShape(shape, options);
  const time = clock instanceof FakeClock ? String(clock.now()) : 'now';
  const made = await madeOnce(`store-${shape}-${time}`, (folder) =>
    createShape(shape, { ...options, dataFolder: join(folder, 'data'), keyFolder: join(folder, 'keys') }),
  );
  cpSync(join(made, 'data'), options.dataFolder, { recursive: true });
  cpSync(join(made, 'keys'), options.keyFolder, { recursive: true });
}

/**
 * Gives the file the shape that older versions gave it: pages of 8 KB, and free pages go back to
 * the file system.
 */
export function giveOldShape({ dataFolder }: Pick<OpenOptions, 'dataFolder'>): void {
  const db = new Database(join(dataFolder, DATABASE_FILE));
  // The page size cannot be changed with a write-ahead log.
  db.pragma('journal_mode = DELETE');
  db.pragma('page_size = 8192');
  db.pragma('auto_vacuum = INCREMENTAL');
  db.exec('VACUUM');
  db.pragma('journal_mode = WAL');
  db.close();
}

export async function openTestStore(
  t: Cleanup,
  changes: Partial<OpenOptions> = {},
  shape: Shape = 'new',
): Promise<TestStore> {
  const closers: (() => Promise<void>)[] = [];
  t.after(async () => {
    for (const close of closers) await close();
  });
  const options = testOptions(t, changes);
  await createFrom(shape, options);
  const open = async (now: OpenOptions & { clock: FakeClock; log: MemoryLog }): Promise<TestStore> => {
    const store = await openSqliteStore(now);
    closers.push(() => store.close());
    return {
      store,
      clock: now.clock,
      log: now.log,
      options: now,
      reopen: async (more = {}) => {
        await store.close();
        return await open({ ...now, ...more, clock: now.clock, log: now.log });
      },
      close: () => store.close(),
    };
  };
  return await open(options);
}

export const address = (text: string): Address => {
  const parsed = parseAddress(text);
  if (!parsed.ok) throw new Error(parsed.error);
  return parsed.value;
};

const actor = { name: 'test' };

/** Registers an account with one address NAME@group.test, and once the organisation `practice`. */
export async function addAccount(store: Store, name: string, settings = {}): Promise<AccountId> {
  if ((await store.registry.findOrganisation('practice')) === undefined)
    await store.registry.addOrganisation({ name: 'practice', title: 'Practice', language: 'nl' }, actor);
  return await store.registry.addAccount(
    { login: name, organisation: 'practice', kind: 'edi', addresses: [address(`${name}@group.test`)], settings },
    actor,
  );
}

export async function sealBody(store: Store, content: Uint8Array, piece = 64 * 1024): Promise<SealedBody> {
  const writer = store.openBody(octets(content.length));
  for (let at = 0; at < content.length; at += piece) await writer.write(content.subarray(at, at + piece));
  return await writer.seal();
}

export async function acceptanceOf(
  store: Store,
  body: SealedBody,
  recipients: readonly string[],
  more: Partial<Acceptance> = {},
): Promise<Acceptance> {
  const found = await Promise.all(recipients.map((r) => store.registry.findRecipient(addressKey(address(r)))));
  return {
    body,
    receivedAt: Date.UTC(2026, 10, 25, 12) as Acceptance['receivedAt'],
    submitter: found[0]?.account.id ?? OPERATOR,
    sender: address('sender@group.test'),
    messageIdField: 'a@b',
    envelope: { body: '8BITMIME', smtpUtf8: false },
    recipients: found.map((f, i) => ({
      address: address(recipients[i]!),
      ...(f!.partner === undefined ? { mailbox: f!.account.id } : { partner: f!.partner.id }),
    })),
    audit: [
      { event: 'message.accepted', outcome: 'success', facts: { octets: body.octets }, personal: { sender: 's' } },
    ],
    ...more,
  };
}

/**
 * A notice from the gateway itself. Its body is sealed; the store tells nobody whether it was
 * filed.
 */
export async function noticeTo(
  store: Store,
  recipient: string,
  more: Partial<Acceptance> = {},
  size = 500,
): Promise<Acceptance> {
  const body = await sealBody(store, randomBytes(size));
  return await acceptanceOf(store, body, [recipient], {
    submitter: OPERATOR,
    sender: '',
    system: true,
    audit: [{ event: 'notice.filed', outcome: 'success' }],
    ...more,
  });
}

/** The messages in a maildrop, oldest first. */
export async function messagesIn(store: Store, account: AccountId): Promise<MessageId[]> {
  const lock = await store.lockMaildrop(account, { session: 'look', network: 'look' });
  if (lock === 'in-use') throw new Error('the maildrop is in use');
  const listing = await store.listMaildrop(lock);
  const ids: MessageId[] = [];
  for (let i = 0; i < listing.count; i += 1) ids.push((await store.openEntry(lock, listing.uidOf(i))).id);
  await store.releaseMaildrop(lock);
  return ids;
}

/** Files `content` for `recipients`. */
export async function deliver(
  store: Store,
  content: Uint8Array,
  ...recipients: string[]
): Promise<{ id: MessageId; outcome: AcceptOutcome }> {
  const body = await sealBody(store, content);
  return { id: body.id, outcome: await store.accept(await acceptanceOf(store, body, recipients)) };
}

export async function readAll(content: StoredContent): Promise<Buffer> {
  const slices: Uint8Array[] = [];
  for await (const slice of content.slices()) slices.push(slice);
  return Buffer.concat(slices);
}
