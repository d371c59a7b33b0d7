import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import * as openpgp from 'openpgp';
import { Pgp } from '../../../src/crypto/pgp/pgp.ts';
import type { PgpKey, PgpKeyType, PgpSignature } from '../../../src/crypto/pgp/protocol.ts';
import { seconds } from '../../../src/domain/units.ts';
import { seeded } from '../../support/seeded.ts';
import { YEAR, gathered, makeKey as makeKeyIn, must, secretOf, withoutIntegrity } from './support.ts';

const pgp = new Pgp();
after(() => pgp.close());
const makeKey = (name: string, type?: PgpKeyType): Promise<PgpKey> => makeKeyIn(pgp, name, type);

async function collect(run: (output: (slice: Uint8Array) => void) => Promise<unknown>): Promise<Buffer> {
  const slices: Uint8Array[] = [];
  await run((slice) => void slices.push(slice));
  return Buffer.concat(slices);
}
const sliced = function* (octets: Uint8Array, size = 100_000): Generator<Uint8Array> {
  for (let at = 0; at < octets.length; at += size) yield octets.subarray(at, at + size);
};

const [anna, bert] = await Promise.all([makeKey('anna'), makeKey('bert')]);
const encrypted = (content: Uint8Array, to: PgpKey, from: PgpKey = anna): Promise<Buffer> =>
  collect(async (output) =>
    must(
      await pgp.run(
        { kind: 'encrypt', publicKeys: [to.publicKey], secretKeys: [secretOf(from)] },
        { input: sliced(content), output },
      ),
    ),
  );
const decrypted = async (
  message: Uint8Array,
  key: PgpKey = bert,
  maxContent = 100_000_000,
): Promise<{ content: Buffer; outcome: { signatures: readonly PgpSignature[] } | string }> => {
  let outcome: { signatures: readonly PgpSignature[] } | string = '';
  const content = await collect(async (output) => {
    const result = await pgp.run(
      { kind: 'decrypt', secretKeys: [secretOf(key)], publicKeys: [anna.publicKey], maxContent },
      { input: sliced(message), output },
    );
    outcome = result.ok ? result.value : result.error.kind;
  });
  return { content, outcome };
};

test('content of any size comes back octet for octet, its signature valid', async () => {
  for (const size of [0, 1, 100_000, 5_000_000]) {
    const content = seeded(size).octets(size);
    const { content: back, outcome } = await decrypted(await encrypted(content, bert));
    assert(typeof outcome !== 'string');
    assert(back.equals(content));
    assert.deepEqual(
      outcome.signatures.map(({ state, fingerprint }) => [state, fingerprint]),
      [['valid', anna.fingerprint]],
    );
  }
});

test('a key tells what it is', async () => {
  const rsa = await makeKey('carl', 'rsa3072');
  assert.equal(rsa.algorithm, 'rsa3072');
  assert.equal(anna.algorithm, 'ed25519legacy');
  for (const key of [anna, rsa]) {
    assert.match(key.fingerprint, /^[0-9a-f]{40}$/);
    assert.equal(Math.round((key.expiresAt! - key.createdAt) / 1000), YEAR);
    assert.deepEqual([key.canEncrypt, key.canSign, key.revoked, key.secret?.locked], [true, true, false, false]);
  }
  const [again] = must(await pgp.run({ kind: 'read-keys', octets: anna.publicKey }));
  assert(again !== undefined);
  const { secret: _, ...shown } = anna;
  assert.deepEqual(again, shown);
  assert.deepEqual(again.emails, ['anna@group.test']);
  assert.deepEqual((await makeKey('"dora"')).emails, ['dora@group.test'], 'quotes that it does not need');
  const none = await pgp.run({ kind: 'read-keys', octets: Buffer.from('no key at all') });
  assert.equal(!none.ok && none.error.kind, 'malformed');
});

test('a detached signature holds for its octets alone', async () => {
  const content = seeded(82).octets(300_000);
  const { signature, hash } = must(
    await pgp.run({ kind: 'sign', secretKeys: [secretOf(anna)] }, { input: sliced(content) }),
  );
  const verify = async (octets: Uint8Array, ...keys: PgpKey[]): Promise<string> => {
    const result = await pgp.run(
      { kind: 'verify', signature, publicKeys: keys.map((key) => key.publicKey) },
      { input: sliced(octets, 7777) },
    );
    return must(result)
      .map((s) => `${s.state} ${s.hash}`)
      .join();
  };
  assert.equal(await verify(content, bert, anna), `valid ${hash}`);
  assert.equal(await verify(content.subarray(1), anna), `wrong ${hash}`);
  assert.equal(await verify(content, bert), `unknown-key ${hash}`);
});

test('a revoked key proves nothing any more, and nothing is encrypted to it', async () => {
  const key = await makeKey('dora');
  const content = Buffer.from('content');
  const { signature } = must(await pgp.run({ kind: 'sign', secretKeys: [secretOf(key)] }, { input: [content] }));
  const revoked = must(await pgp.run({ kind: 'revoke-key', secretKey: secretOf(key), reason: 'lost' }));
  assert.deepEqual([revoked.revoked, revoked.canEncrypt], [true, false]);
  const [found] = must(
    await pgp.run({ kind: 'verify', signature, publicKeys: [revoked.publicKey] }, { input: [content] }),
  );
  assert.equal(found?.state, 'revoked');
  const refused = await pgp.run(
    { kind: 'encrypt', publicKeys: [revoked.publicKey], secretKeys: [] },
    { input: [content] },
  );
  assert.equal(refused.ok, false);
});

test('every flipped bit, cut end and wrong key gives the same answer and no octet', async () => {
  const content = seeded(118).octets(200_000);
  const message = await encrypted(content, bert);
  for (let at = 400; at < message.length; at += Math.ceil(message.length / 12)) {
    const changed = Buffer.from(message);
    changed[at]! ^= 0x10;
    const { content: back, outcome } = await decrypted(changed);
    assert.deepEqual([back.length, outcome], [0, 'damaged'], `at ${at}`);
  }
  const cut = await decrypted(message.subarray(0, message.length - 30));
  assert.deepEqual([cut.content.length, cut.outcome], [0, 'damaged']);
  const foreign = await decrypted(await encrypted(content, anna));
  assert.deepEqual([foreign.content.length, foreign.outcome], [0, 'no-key']);
  for (let seed = 1; seed <= 20; seed += 1) {
    const nonsense = await decrypted(seeded(seed).octets(1000));
    assert.deepEqual([nonsense.content.length, typeof nonsense.outcome], [0, 'string'], `seed ${seed}`);
  }
});

test('content has a limit', async () => {
  const message = await encrypted(Buffer.alloc(3_000_000), bert);
  assert.equal((await decrypted(message, bert, 2_999_999)).outcome, 'limit');
  assert.equal(typeof (await decrypted(message, bert, 3_000_000)).outcome, 'object');
});

test('a few jobs run, some wait, the rest is told to come again; a dead line ends', async () => {
  const small = new Pgp({ running: 1, each: 1, waiting: 1, deadline: seconds(30) });
  const job = { kind: 'sign', secretKeys: [secretOf(anna)] } as const;
  const three = await Promise.all([1, 2, 3].map(() => small.run(job, { input: [Buffer.from('x')] })));
  assert.deepEqual(
    three.map((result) => (result.ok ? 'done' : result.error.kind)),
    ['done', 'done', 'busy'],
  );
  const impatient = new Pgp({ running: 1, each: 1, waiting: 1, deadline: seconds(0.05) });
  const never = async function* (): AsyncGenerator<Uint8Array> {
    yield Buffer.from('x');
    await new Promise(() => undefined);
  };
  const late = await impatient.run(job, { input: never() });
  assert.equal(!late.ok && late.error.kind, 'busy');
  // What an input throws is thrown on, and the thread goes on.
  const broken = async function* (): AsyncGenerator<Uint8Array> {
    yield Buffer.from('x');
    throw new Error('the disk is gone');
  };
  await assert.rejects(small.run(job, { input: broken() }), /the disk is gone/);
  assert.equal((await small.run(job, { input: [Buffer.from('x')] })).ok, true);
  await Promise.all([small.close(), impatient.close()]);
});

test('content without integrity protection gives no octet, as content that was changed', async () => {
  const message = await withoutIntegrity(Buffer.from('UNB+UNOC'), bert);
  // The library itself, told to allow it, reads it: the message is well made.
  const read = await openpgp.decrypt({
    ...{ message: await openpgp.readMessage({ binaryMessage: message }), format: 'binary' },
    decryptionKeys: await openpgp.readPrivateKey({ binaryKey: secretOf(bert) }),
    config: { allowUnauthenticatedMessages: true },
  });
  assert.equal(Buffer.from(read.data).toString(), 'UNB+UNOC');
  const { content, outcome } = await decrypted(message);
  assert.deepEqual([content.length, outcome], [0, 'damaged']);
});

test('a compressed bomb is held to the limit of all content', async () => {
  const message = await openpgp.encrypt({
    message: await openpgp.createMessage({ binary: Buffer.alloc(50_000_000) }),
    encryptionKeys: await openpgp.readKey({ binaryKey: bert.publicKey }),
    format: 'binary',
    config: { preferredCompressionAlgorithm: openpgp.enums.compression.zlib },
  });
  assert(message.length < 100_000, `${message.length} octets`);
  const { content, outcome } = await decrypted(message, bert, 1_000_000);
  assert.equal(outcome, 'limit');
  assert(content.length <= 1_000_000);
});

test('one account with many jobs does not keep another from its own, and who has gone gets none', async () => {
  const own = new Pgp({ running: 2, each: 1, waiting: 40, deadline: seconds(60) });
  const job = { kind: 'sign', secretKeys: [secretOf(anna)] } as const;
  const ended: string[] = [];
  const run = async (turn: string, signal?: AbortSignal, octets = 10): Promise<void> => {
    const input = [Buffer.from('x')];
    const done = await own.run(job, { turn, input, octets, ...(signal === undefined ? {} : { signal }) });
    ended.push(done.ok ? turn : `${turn}: ${done.error.kind}`);
  };
  const gone = new AbortController();
  const greedy = Array.from({ length: 20 }, () => run('greedy'));
  const left = run('left', gone.signal).then(() => run('left', gone.signal));
  const modest = run('modest');
  gone.abort();
  await modest;
  assert.ok(ended.filter((turn) => turn === 'greedy').length < 6, ended.join(' '));
  await Promise.all([...greedy, left]);
  assert.equal(ended.filter((turn) => turn === 'greedy').length, 20);
  assert.equal(ended.filter((turn) => turn === 'left: busy').length, 2);
  // A job that is under way ends as well, and gives its place back.
  const later = new AbortController();
  const asked = new Promise<void>((resolve) => {
    const never = async function* (): AsyncGenerator<Uint8Array> {
      resolve();
      await new Promise(() => undefined);
      yield Buffer.from('x');
    };
    void own.run(job, { turn: 'greedy', input: never(), signal: later.signal }).then((done) => {
      ended.push(done.ok ? 'signed' : done.error.text);
    });
  });
  await asked;
  later.abort();
  await run('greedy');
  assert.deepEqual(ended.slice(-2), ['Whoever wanted the OpenPGP job has gone', 'greedy']);
  await own.close();
});

test('a small message that becomes a large one is opened, and a small one does not wait for large ones', async () => {
  const content = Buffer.alloc(3_000_000);
  const message = await encrypted(content, bert);
  const made: Uint8Array[] = [];
  const job = { kind: 'decrypt', secretKeys: [secretOf(bert)], publicKeys: [], maxContent: 50_000_000 } as const;
  const done = await pgp.run(job, { input: [message], octets: 1000, output: (slice) => void made.push(slice) });
  assert.ok(done.ok);
  assert.deepEqual(await gathered(from(made)), content);
  // The thread of large ones is full: a small one has its own.
  const own = new Pgp({ running: 1, each: 1, waiting: 4, deadline: seconds(30) });
  const never = async function* (): AsyncGenerator<Uint8Array> {
    await new Promise(() => undefined);
    yield Buffer.from('x');
  };
  const sign = { kind: 'sign', secretKeys: [secretOf(anna)] } as const;
  const stuck = own.run(sign, { input: never(), octets: 10_000_000 });
  assert.equal((await own.run(sign, { input: [Buffer.from('x')], octets: 10 })).ok, true);
  await own.close();
  assert.equal((await stuck).ok, false);
});

async function* from(slices: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* slices;
  await Promise.resolve();
}
