/**
 * `npm run bench:crypto`: compares our CMS with the bare operations of node:crypto that it cannot
 * do without, in one run.
 *
 *   npm run bench:crypto -- [--rounds 7] [--json]
 *
 * Every figure is processor time of this process, all threads, because the machine may be busy. The
 * bare operations ("limit") and ours take turns; a ratio is the median of the rounds.
 * bench/README.md says what each figure means.
 */
import {
  constants,
  createCipheriv,
  createDecipheriv,
  createHash,
  privateDecrypt,
  publicEncrypt,
  randomBytes,
  sign,
  verify,
} from 'node:crypto';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setImmediate as turn } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { CertificateCache } from '../src/crypto/certificates/certificate-cache.ts';
import { decrypt } from '../src/crypto/cms/decrypt.ts';
import { type Recipient, encrypt } from '../src/crypto/cms/encrypt.ts';
import { type SigningOptions, signDetached, signOpaque } from '../src/crypto/cms/sign.ts';
import type { Slices } from '../src/crypto/cms/slices.ts';
import { isValid } from '../src/crypto/cms/verdict.ts';
import { verifyOpaque } from '../src/crypto/cms/verify.ts';
import { instant } from '../src/domain/units.ts';
import { type Person, makeCircle, makePerson, signerOf, sliced, trust } from '../test/crypto/cms/support.ts';

const { values: options } = parseArgs({
  options: { rounds: { type: 'string', default: '7' }, json: { type: 'boolean', default: false } },
});
const rounds = Number(options.rounds);
const random = (length: number): Uint8Array => randomBytes(length);

const circle = await makeCircle(instant(Date.now()));
const { rsa2048: anna, p256: boris } = circle.people;
const rsaTen: Person[] = [];
for (let i = 0; i < 10; i++) rsaTen.push(await makePerson(`r${i}`, 'rsa2048', circle.authority, circle.now));
const ecTen: Person[] = [];
for (let i = 0; i < 10; i++) ecTen.push(await makePerson(`e${i}`, 'p256', circle.authority, circle.now));

/** Octets of a slice, as the store delivers bodies. */
const STORE_SLICE = 256 * 1024;
const SIZES = [
  ['10 KB', 10_240],
  ['5 MB', 5_000_000],
] as const;

interface Variant {
  readonly id: string;
  readonly text: string;
  readonly octets: number;
  readonly limit: () => void | Promise<void>;
  readonly ours: () => Promise<void>;
}

async function drain(slices: Slices): Promise<number> {
  let octets = 0;
  for await (const slice of slices) octets += slice.length;
  return octets;
}

// --- the bare operations

const digest = (content: readonly Uint8Array[]): void => {
  const hash = createHash('sha256');
  for (const slice of content) hash.update(slice);
  hash.digest();
};
const ATTRIBUTES = randomBytes(300);
const pss = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 };
const bareSign = (how: 'pss' | 'pkcs1' | 'ecdsa'): void => {
  const key = how === 'ecdsa' ? boris.privateKey : anna.privateKey;
  sign('sha256', ATTRIBUTES, how === 'pss' ? { key, ...pss } : key);
};
const bareEncrypt = (
  content: readonly Uint8Array[],
  cipherName: string,
  to: readonly Person[],
  padding: number,
): void => {
  const key = randomBytes(32);
  for (const { certificate } of to)
    publicEncrypt(
      {
        key: certificate.publicKey,
        padding,
        ...(padding === constants.RSA_PKCS1_OAEP_PADDING && { oaepHash: 'sha256' }),
      },
      key,
    );
  const cipher = createCipheriv(cipherName, key, randomBytes(cipherName.endsWith('gcm') ? 12 : 16));
  for (const slice of content) cipher.update(slice);
  cipher.final();
};

// --- ours

const signing = (who: Person, rsa: 'pkcs1' | 'pss' = 'pkcs1'): SigningOptions => ({
  signers: [{ ...signerOf(who), rsa }],
  signingTime: circle.now,
});
const rsaRecipients = (to: readonly Person[], transport: 'oaep' | 'pkcs1'): readonly Recipient[] =>
  to.map(({ certificate }) => ({ certificate, transport }));

/** multipart/signed: the content passes unchanged, and the signature follows. */
async function* clearSigned(content: readonly Uint8Array[], how: SigningOptions): AsyncGenerator<Uint8Array> {
  yield* content;
  yield await signDetached(content, how);
}

async function variants(): Promise<readonly Variant[]> {
  const all: Variant[] = [];
  for (const [name, size] of SIZES) {
    const content = sliced(randomBytes(size), STORE_SLICE);
    for (const count of [1, 10]) {
      const to = rsaTen.slice(0, count);
      const people = `${count} ${count === 1 ? 'recipient' : 'recipients'}`;
      all.push({
        id: `strong-${name}-${count}`,
        text: `sign (PSS) and encrypt (OAEP, AES-256-GCM) ${name}, ${people}`,
        octets: size,
        limit: () => {
          digest(content);
          bareSign('pss');
          bareEncrypt(content, 'aes-256-gcm', to, constants.RSA_PKCS1_OAEP_PADDING);
        },
        ours: async () => {
          const recipients = rsaRecipients(to, 'oaep');
          await drain(
            encrypt(signOpaque(content, signing(anna, 'pss')), { recipients, cipher: 'aes-256-gcm', random }),
          );
        },
      });
      all.push({
        id: `interop-${name}-${count}`,
        text: `clear-sign (PKCS #1) and encrypt (PKCS #1, AES-256-CBC) ${name}, ${people}`,
        octets: size,
        limit: () => {
          digest(content);
          bareSign('pkcs1');
          bareEncrypt(content, 'aes-256-cbc', to, constants.RSA_PKCS1_PADDING);
        },
        ours: async () => {
          const recipients = rsaRecipients(to, 'pkcs1');
          await drain(encrypt(clearSigned(content, signing(anna)), { recipients, cipher: 'aes-256-cbc', random }));
        },
      });
    }
    await receiving(all, name, size, content);
  }
  return all;
}

async function receiving(all: Variant[], name: string, size: number, content: readonly Uint8Array[]): Promise<void> {
  const collect = async (slices: Slices): Promise<Buffer> => {
    const held: Uint8Array[] = [];
    for await (const slice of slices) held.push(slice);
    return Buffer.concat(held);
  };
  const signed = sliced(await collect(signOpaque(content, signing(anna))), STORE_SLICE);
  // As in the gateway, the certificates of senders are read once.
  const readCertificate = new CertificateCache().read;
  const trusted = await trust(anna.address, { readCertificate }, circle);
  const signature = sign('sha256', ATTRIBUTES, anna.privateKey);
  all.push({
    id: `verify-${name}`,
    text: `verify ${name} (PKCS #1), chain and all checks`,
    octets: size,
    limit: () => {
      digest(content);
      verify('sha256', ATTRIBUTES, anna.certificate.publicKey, signature);
    },
    ours: async () => {
      const verdict = await verifyOpaque(
        () => signed,
        () => undefined,
        trusted,
      );
      if (!verdict.ok || !isValid(verdict.value)) throw new Error('not valid');
    },
  });
  for (const [cipher, transport] of [
    ['aes-256-gcm', 'oaep'],
    ['aes-256-cbc', 'pkcs1'],
  ] as const) {
    const message = sliced(
      await collect(encrypt(content, { recipients: rsaRecipients([anna], transport), cipher, random })),
      STORE_SLICE,
    );
    const gcm = cipher === 'aes-256-gcm';
    const wrapped = publicEncrypt(
      { key: anna.certificate.publicKey, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' },
      randomBytes(32),
    );
    all.push({
      id: `decrypt-${transport}-${name}`,
      text: `decrypt ${name} (${gcm ? 'OAEP, AES-256-GCM' : 'PKCS #1, AES-256-CBC'})`,
      octets: size,
      limit: () => {
        const padding = gcm ? constants.RSA_PKCS1_OAEP_PADDING : constants.RSA_NO_PADDING;
        privateDecrypt({ key: anna.privateKey, padding, ...(gcm && { oaepHash: 'sha256' }) }, wrapped);
        const decipher = createDecipheriv(cipher, randomBytes(32), randomBytes(gcm ? 12 : 16));
        for (const slice of content) decipher.update(slice);
      },
      ours: async () => {
        const opened = await decrypt(message, () => undefined, { keys: [anna] });
        if (!opened.ok) throw new Error(opened.error.text);
      },
    });
  }
}

// --- measuring

const cpu = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};
/** Milliseconds of processor time for one operation. */
async function cost(work: () => void | Promise<void>, times: number): Promise<number> {
  const begin = cpu();
  for (let i = 0; i < times; i++) await work();
  return (cpu() - begin) / times;
}
const median = (numbers: readonly number[]): number => [...numbers].sort((a, b) => a - b)[numbers.length >> 1] ?? NaN;

interface Row {
  readonly id: string;
  readonly text: string;
  readonly limit: number;
  readonly ours: number;
  readonly percent: number;
  readonly megabytes: number;
}

async function measure(variant: Variant): Promise<Row> {
  const times = variant.octets > 1_000_000 ? 16 : 250;
  // A warm-up: the threads of the compiler count as well, so it should be done.
  await cost(variant.ours, 6 * times);
  await cost(variant.limit, times);
  const both: (readonly [number, number])[] = [];
  for (let i = 0; i < rounds; i++) {
    await turn();
    const limit = await cost(variant.limit, times);
    both.push([limit, await cost(variant.ours, times)]);
  }
  const ours = median(both.map(([, o]) => o));
  const { id, text } = variant;
  return {
    id,
    text,
    limit: median(both.map(([l]) => l)),
    ours,
    percent: median(both.map(([l, o]) => (100 * l) / o)),
    megabytes: variant.octets / ours / 1000,
  };
}

/**
 * Delay of the event loop while large messages are protected without a pause, several at the same
 * time.
 */
async function loopDelay(): Promise<{ readonly p99: number; readonly max: number; readonly messages: number }> {
  const content = sliced(randomBytes(5_000_000), STORE_SLICE);
  const delay = monitorEventLoopDelay({ resolution: 1 });
  const end = performance.now() + 4000;
  let messages = 0;
  const one = async (): Promise<void> => {
    while (performance.now() < end) {
      const recipients = rsaRecipients(rsaTen.slice(0, 1), 'oaep');
      await drain(encrypt(signOpaque(content, signing(anna, 'pss')), { recipients, cipher: 'aes-256-gcm', random }));
      messages++;
    }
  };
  delay.enable();
  await Promise.all([one(), one(), one(), one()]);
  delay.disable();
  return { p99: delay.percentile(99) / 1e6, max: delay.max / 1e6, messages };
}

const rows: Row[] = [];
for (const variant of await variants()) {
  const row = await measure(variant);
  rows.push(row);
  console.error(
    `${row.percent.toFixed(0).padStart(4)} % of the limit  ${row.ours.toFixed(3).padStart(8)} ms, limit ${row.limit.toFixed(3).padStart(8)} ms, ${row.megabytes.toFixed(0).padStart(5)} MB/s  ${row.text}`,
  );
}
const loop = await loopDelay();
console.error(
  `event loop: p99 ${loop.p99.toFixed(1)} ms, max ${loop.max.toFixed(1)} ms, ${loop.messages} messages of 5 MB, 4 at a time`,
);
if (options.json) console.log(JSON.stringify({ rows, loop }));
