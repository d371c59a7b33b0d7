/**
 * `npm run bench:pgp`: measures PGP/MIME as the gateway makes and opens it, in its OpenPGP thread.
 *
 *   npm run bench:pgp -- [--seconds 5] [--json]
 *
 * It gives the thread four messages at a time, which is what the thread accepts. Beside the rate,
 * it shows the effect on the gateway's main thread: its event-loop delay and its share of the
 * processor time. bench/README.md says what each figure means.
 */
import { randomBytes } from 'node:crypto';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import { Pgp } from '../src/crypto/pgp/pgp.ts';
import type { PgpKey } from '../src/crypto/pgp/protocol.ts';
import { openPgp } from '../src/crypto/pgp/unwrap.ts';
import { protectPgp } from '../src/crypto/pgp/wrap.ts';
import type { Message, Source } from '../src/crypto/smime/message.ts';
import { readMessage } from '../src/crypto/smime/message.ts';
import { letter, makeKey, must, secretOf } from '../test/crypto/pgp/support.ts';

const { values: options } = parseArgs({
  options: { seconds: { type: 'string', default: '5' }, json: { type: 'boolean', default: false } },
});
const AT_ONCE = 4;
/** Octets of a slice, as the store delivers bodies. */
const STORE_SLICE = 256 * 1024;
const pgp = new Pgp();
const [anna, bert] = await Promise.all([makeKey(pgp, 'anna'), makeKey(pgp, 'bert')]);
const rsa = await makeKey(pgp, 'carl', 'rsa3072');

const sourceOf = (octets: Buffer): Source => ({
  octets: octets.length,
  slices: async function* () {
    for (let at = 0; at < octets.length; at += STORE_SLICE) yield octets.subarray(at, at + STORE_SLICE);
  },
});
const messageOf = async (octets: Buffer): Promise<Message> => must(await readMessage(sourceOf(octets)));
const contentOf = (octets: number): Buffer =>
  letter(
    Buffer.from(
      `${randomBytes(Math.ceil(octets * 0.72))
        .toString('base64')
        .replace(/.{76}/g, '$&\r\n')}\r\n`,
    ),
  );

const protection = (to: PgpKey, from: PgpKey) =>
  ({ secretKeys: [secretOf(from)], publicKeys: [to.publicKey], profile: 'interop' }) as const;
const made = (message: Message, to: PgpKey, from: PgpKey) =>
  protectPgp(message, protection(to, from), { pgp, random: randomBytes, eightBit: false });

async function drain(slices: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const slice of slices) if (slice.length === 0) throw new Error('an empty slice');
}
async function gather(slices: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const held: Uint8Array[] = [];
  for await (const slice of slices) held.push(slice);
  return Buffer.concat(held);
}

/** What was opened is kept as it comes and is read back once, as from a disk that costs nothing. */
const stage = () => {
  const held: Uint8Array[] = [];
  const source: Source = {
    get octets() {
      return held.reduce((sum, { length }) => sum + length, 0);
    },
    slices: async function* () {
      yield* held;
    },
  };
  return {
    write: (slice: Uint8Array): void => void held.push(slice),
    seal: (): Promise<Source> => Promise.resolve(source),
    abort: (): Promise<void> => Promise.resolve(),
  };
};
async function open(message: Message, key: PgpKey, from: PgpKey): Promise<void> {
  const opened = must(
    await openPgp(message, {
      ...{ pgp, secretKeys: [secretOf(key)], publicKeys: [from.publicKey], stage, maxContent: 50_000_000 },
    }),
  );
  if (opened?.signatures?.[0]?.state !== 'valid') throw new Error('not valid');
}

interface Row {
  readonly text: string;
  readonly perSecond: number;
  readonly megabytes: number;
  readonly p99: number;
  readonly max: number;
}

async function measure(text: string, octets: number, one: () => Promise<void>): Promise<Row> {
  for (let i = 0; i < AT_ONCE; i += 1) await one();
  const delay = monitorEventLoopDelay({ resolution: 1 });
  const begin = performance.now();
  const end = begin + Number(options.seconds) * 1000;
  let messages = 0;
  const work = async (): Promise<void> => {
    while (performance.now() < end) {
      await one();
      messages += 1;
    }
  };
  delay.enable();
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  delay.disable();
  const took = (performance.now() - begin) / 1000;
  const row = {
    text,
    perSecond: messages / took,
    megabytes: (messages * octets) / took / 1e6,
    // The delay is measured from timer to timer, so every value contains the resolution.
    p99: Math.max(0, delay.percentile(99) / 1e6 - 1),
    max: Math.max(0, delay.max / 1e6 - 1),
  };
  console.error(
    `${row.perSecond.toFixed(1).padStart(8)} messages/s ${row.megabytes.toFixed(1).padStart(6)} MB/s  event loop p99 ${row.p99.toFixed(1)} ms, max ${row.max.toFixed(1)} ms  ${text}`,
  );
  return row;
}

const rows: Row[] = [];
for (const [name, size] of [
  ['10 KB', 10_240],
  ['5 MB', 5_000_000],
] as const) {
  const plain = contentOf(size);
  const message = await messageOf(plain);
  rows.push(await measure(`sign and encrypt ${name}, curve25519`, size, () => drain(made(message, bert, anna))));
  const sealed = await messageOf(await gather(made(message, bert, anna)));
  rows.push(await measure(`decrypt and verify ${name}, curve25519`, size, () => open(sealed, bert, anna)));
  if (size < 100_000)
    rows.push(await measure(`sign and encrypt ${name}, RSA 3072`, size, () => drain(made(message, rsa, rsa))));
}
await pgp.close();
if (options.json) console.log(JSON.stringify({ rows }));
