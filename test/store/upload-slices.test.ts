/**
 * A body that is read before it was filed: each slice by its tag, and the whole by its hash while
 * the sender can still be told.
 */
import assert from 'node:assert/strict';
import { createHash, createSecretKey, randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { CHUNK_OCTETS, type Sealed, sealChunk, sealWhole } from '../../src/crypto/keys/sealing.ts';
import { ContentDamaged, StoreFailed } from '../../src/store/store.ts';
import { type UploadParts, uploadSlices } from '../../src/store/core/upload-slices.ts';

const ID = 77n;
const key = createSecretKey(randomBytes(32));
const sha256 = (content: Uint8Array): Buffer => createHash('sha256').update(content).digest();

/**
 * `hashed`: of what the hash is; `sealed`: what stands in the chunks. They differ where memory went
 * wrong between the two.
 */
function upload(
  sealed: Buffer,
  hashed = sealed,
  form: 'whole' | 'chunks' = 'chunks',
): UploadParts & { chunksOf: Sealed[] } {
  const pieces = Math.max(1, Math.ceil(sealed.length / CHUNK_OCTETS));
  const chunksOf = Array.from({ length: form === 'whole' ? 0 : pieces }, (_, n) =>
    sealChunk(key, ID, n, n === pieces - 1, sealed.subarray(n * CHUNK_OCTETS, (n + 1) * CHUNK_OCTETS)),
  );
  return {
    id: ID,
    key,
    chunksOf,
    sealed: {
      ...{ octets: sealed.length, sha256: sha256(hashed), dataKey: randomBytes(60), day: '2026-11-25' },
      chunks: chunksOf.length,
      body: form === 'whole' ? sealWhole(key, ID, sealed) : null,
    },
    chunk: (n) => Promise.resolve(chunksOf[n]),
    readable: () => true,
  };
}
async function read(parts: UploadParts): Promise<Buffer> {
  const slices: Uint8Array[] = [];
  for await (const slice of uploadSlices(parts)) slices.push(slice);
  return Buffer.concat(slices);
}

const CONTENT = randomBytes(2 * CHUNK_OCTETS + 1000);
const damaged = (text: RegExp) => (error: unknown) => error instanceof ContentDamaged && text.test(error.message);

test('a body comes back as it was written, in one piece and in chunks', async () => {
  assert.deepEqual(await read(upload(CONTENT)), CONTENT);
  assert.deepEqual(await read(upload(CONTENT.subarray(0, 500), undefined, 'whole')), CONTENT.subarray(0, 500));
  assert.equal((await read(upload(Buffer.alloc(0), undefined, 'whole'))).length, 0);
});

test('octets that changed between hashing and sealing are found by the hash alone, before the last slice', async () => {
  for (const [form, size] of [
    ['whole', 500],
    ['chunks', CONTENT.length],
  ] as const) {
    const meant = CONTENT.subarray(0, size);
    const other = Buffer.from(meant);
    other[size - 1]! ^= 1;
    const parts = upload(other, meant, form);
    const seen: Uint8Array[] = [];
    await assert.rejects(
      async () => {
        for await (const slice of uploadSlices(parts)) seen.push(slice);
      },
      damaged(/^The body of message 77 is damaged before it was filed: .*hash/),
    );
    assert.equal(seen.length, form === 'whole' ? 0 : 2, 'the last slice is not given out');
  }
});

test('chunks that are missing, swapped or changed are found by their tags', async () => {
  const whole = upload(CONTENT);
  const missing: UploadParts = { ...whole, chunk: (n) => Promise.resolve(n === 1 ? undefined : whole.chunksOf[n]) };
  await assert.rejects(read(missing), damaged(/chunk 1 is missing/));
  const swapped = upload(CONTENT);
  swapped.chunksOf.splice(0, 2, swapped.chunksOf[1]!, swapped.chunksOf[0]!);
  await assert.rejects(read(swapped), damaged(/damaged before it was filed/));
  const changed = upload(CONTENT);
  changed.chunksOf[2]!.octets[10]! ^= 1;
  await assert.rejects(read(changed), damaged(/damaged before it was filed/));
});

test('a body that was filed or given up meanwhile is not read on', async () => {
  let readable = true;
  const parts = { ...upload(CONTENT), readable: () => readable };
  const slices = uploadSlices(parts);
  assert.equal((await slices.next()).done, false);
  readable = false;
  await assert.rejects(slices.next(), StoreFailed);
});
