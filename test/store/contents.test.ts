/** Reading ahead: few hops for a client that fetches all, and a bound for all clients together. */
import assert from 'node:assert/strict';
import test from 'node:test';
import type { AccountId, EntryUid } from '../../src/domain/ids.ts';
import { Contents, type ReadAhead } from '../../src/store/core/contents.ts';
import type { EntriesData } from '../../src/store/core/engine.ts';
import type { StoredContent } from '../../src/store/body.ts';
import { MemoryLog } from '../support/log.ts';

const SIZE = 10_000;
const nothing = (): Promise<never> => Promise.reject(new Error('only entries are read'));

/** What the reader has for a maildrop whose entries all have 10,000 octets. */
class Entries {
  readonly asked: { readonly uid: number; readonly ahead: number }[] = [];
  /** What it gave away; of no length once it was freed. */
  readonly blocks: Uint8Array[] = [];
  readonly message = nothing;
  readonly submittedHeader = nothing;
  readonly slice = nothing;
  readonly release = nothing;

  readonly entries = async (_account: number, uid: number, below: number, ahead: number): Promise<EntriesData> => {
    this.asked.push({ uid, ahead });
    const count = Math.max(1, Math.min(below - uid, Math.floor(ahead / SIZE)));
    const octets = new Uint8Array(count * SIZE);
    this.blocks.push(octets);
    const entries = Array.from({ length: count }, (_, i) => ({
      ...{ uid: uid + i, message: BigInt(uid + i), size: SIZE, at: i * SIZE, chunks: 1 },
    }));
    return await Promise.resolve({ entries, octets });
  };
}

const open = async (contents: Contents, ahead: ReadAhead, uid: number): Promise<StoredContent> =>
  contents.open(1 as AccountId, uid as EntryUid, 1_000_000, ahead);

test('a client that fetches all needs a request for every dozen messages', async () => {
  const reader = new Entries();
  const contents = new Contents(reader, new MemoryLog());
  const ahead = contents.readAhead();
  for (let uid = 1; uid <= 120; uid += 1) await open(contents, ahead, uid);
  assert(reader.asked.length <= 12, `${reader.asked.length} requests`);
  // The first request may be the only one of its session: it reads less far.
  assert.equal(reader.asked[0]?.ahead, 32 * 1024);
  assert.equal(reader.asked[1]?.ahead, 128 * 1024);
});

test('what is held for all sessions together stays near 16 MiB, and goes with its session', async () => {
  const contents = new Contents(new Entries(), new MemoryLog());
  const sessions = Array.from({ length: 500 }, () => contents.readAhead());
  for (const uid of [1, 4]) for (const ahead of sessions) await open(contents, ahead, uid);
  assert(contents.held > 10 * 1024 * 1024);
  assert(contents.held <= 16 * 1024 * 1024 + 128 * 1024, `${contents.held}`);
  for (const ahead of sessions) contents.drop(ahead);
  assert.equal(contents.held, 0);
});

const readAndRelease = async (content: StoredContent): Promise<number> => {
  let seen = 0;
  for await (const slice of content.slices()) {
    seen += slice.length;
    content.release?.(slice);
  }
  return seen;
};

test('memory goes with the last content that was in it, and not before', async () => {
  const reader = new Entries();
  const contents = new Contents(reader, new MemoryLog());
  const ahead = contents.readAhead();
  const lengths = (): number[] => reader.blocks.map(({ length }) => length);
  for (let uid = 1; uid <= 3; uid += 1) assert.equal(await readAndRelease(await open(contents, ahead, uid)), SIZE);
  // The first block is below what is worth the trouble.
  assert.deepEqual(lengths(), [3 * SIZE]);
  for (let uid = 4; uid <= 15; uid += 1) {
    const content = await open(contents, ahead, uid);
    assert.equal(await readAndRelease(content), SIZE);
    content.release?.(new Uint8Array(0));
    assert.deepEqual(lengths(), [3 * SIZE, 13 * SIZE], 'once is once');
  }
  await readAndRelease(await open(contents, ahead, 16));
  assert.deepEqual(lengths(), [3 * SIZE, 0]);
});

test('what is still being read is kept when its session ends, and what was not fetched is not waited for', async () => {
  const reader = new Entries();
  const contents = new Contents(reader, new MemoryLog());
  const ahead = contents.readAhead();
  await readAndRelease(await open(contents, ahead, 1));
  const reading = await open(contents, ahead, 4);
  contents.drop(ahead);
  contents.drop(ahead);
  const lengthOf = (): number | undefined => reader.blocks.at(1)?.length;
  assert.equal(lengthOf(), 13 * SIZE);
  assert.equal(await readAndRelease(reading), SIZE);
  assert.equal(lengthOf(), 0);
  await assert.rejects(readAndRelease(reading), /was released/);
});

test('what nobody releases is left alone', async () => {
  const reader = new Entries();
  const contents = new Contents(reader, new MemoryLog());
  const ahead = contents.readAhead();
  const held = [];
  for (let uid = 1; uid <= 40; uid += 1) held.push(await open(contents, ahead, uid));
  contents.drop(ahead);
  for (const content of held) for await (const slice of content.slices()) assert.equal(slice.length, SIZE);
});
