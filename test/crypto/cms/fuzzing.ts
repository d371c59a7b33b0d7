/**
 * Seeded fuzz of everything that reads CMS: changed, cut, doubled and random octets end in a value
 * or in a typed error, soon, and never in a wrong *valid*.
 */
import assert from 'node:assert/strict';
import { decrypt, describeEnvelope } from '../../../src/crypto/cms/decrypt.ts';
import { encrypt } from '../../../src/crypto/cms/encrypt.ts';
import { kindOf } from '../../../src/crypto/cms/content-info.ts';
import { signDetached, signOpaque } from '../../../src/crypto/cms/sign.ts';
import type { Slices } from '../../../src/crypto/cms/slices.ts';
import { failures, isValid } from '../../../src/crypto/cms/verdict.ts';
import { verifyDetached, verifyOpaque } from '../../../src/crypto/cms/verify.ts';
import type { Result } from '../../../src/domain/result.ts';
import { mutate } from '../mutate.ts';
import { NOW, seeded } from '../support.ts';
import { bucket, collect, person, random, signerOf, sliced, trust } from './support.ts';

/** No round takes longer; the slowest ones that are legal check a few signatures. */
const PATIENCE = 2000;

export interface Fuzzed {
  readonly rounds: number;
  /** Messages that could still be read, and those among them that were valid or opened. */
  readonly read: number;
  readonly good: number;
}

type Target = (octets: Buffer, next: () => number) => Promise<'unreadable' | 'read' | 'good'>;

function settled<T>(result: Result<T, { readonly kind: string; readonly text: string }>): T | undefined {
  if (result.ok) return result.value;
  assert.match(result.error.kind, /^(malformed|limit|unsupported|no-key|damaged)$/);
  assert.match(result.error.text, /^[^\r\n]{10,600}$/);
  return undefined;
}

const cut = (octets: Buffer, next: () => number): Slices => sliced(octets, 1 + Math.floor(next() * 4000));

async function targets(): Promise<readonly (readonly [Buffer, Target])[]> {
  const [anna, boris] = [await person('rsa2048'), await person('p256')];
  const content = Buffer.from('Content-Type: text/plain\r\n\r\nkalium 4,1 mmol/l\n'.repeat(20));
  const signing = { signers: [signerOf(anna), signerOf(boris)], signingTime: NOW };
  const trusted = await trust(anna.address);
  const opaque: Target = async (octets, next) => {
    const into = bucket();
    const verdict = settled(await verifyOpaque(() => cut(octets, next), into.take, trusted));
    verdict?.signers.forEach(failures);
    if (!verdict || !isValid(verdict)) return verdict ? 'read' : 'unreadable';
    assert.ok(into.octets().equals(content), 'only what was signed is valid');
    return 'good';
  };
  const detached: Target = async (octets, next) => {
    const verdict = settled(await verifyDetached(cut(octets, next), () => [content], trusted));
    return verdict ? (isValid(verdict) ? 'good' : 'read') : 'unreadable';
  };
  const opens =
    (authenticated: boolean): Target =>
    async (octets, next) => {
      await kindOf(cut(octets, next));
      settled(await describeEnvelope(cut(octets, next)));
      const into = bucket();
      const opened = settled(await decrypt(cut(octets, next), into.take, { keys: [anna, boris] }));
      if (opened && authenticated && opened.authenticated)
        assert.ok(into.octets().equals(content), 'only what was encrypted opens');
      return opened ? 'good' : 'unreadable';
    };
  const recipients = [
    { certificate: anna.certificate, transport: 'pkcs1' as const },
    { certificate: boris.certificate, identifyBy: 'key-id' as const },
  ];
  const encrypted = (cipher: 'aes-256-gcm' | 'aes-128-cbc', to: typeof recipients): Promise<Buffer> =>
    collect(encrypt([content], { recipients: to, cipher, random }));
  // In parts of unknown length, as openssl writes them: the same message above 256 KB is too slow
  // to fuzz.
  const stream = Buffer.concat([
    Buffer.from('3080', 'hex'),
    ...(await collect(signOpaque([content], signing)).then((der) => [der.subarray(4), Buffer.alloc(2)])),
  ]);
  return [
    [await collect(signOpaque([content], signing)), opaque],
    [stream, opaque],
    [await signDetached([content], signing), detached],
    [await encrypted('aes-256-gcm', recipients), opens(true)],
    [await encrypted('aes-256-gcm', recipients.slice(1)), opens(true)],
    [await encrypted('aes-128-cbc', recipients), opens(false)],
  ];
}

/**
 * Goes on for so many milliseconds. Every sixteenth round is of random octets behind a plausible
 * beginning.
 */
export async function fuzzCms(milliseconds: number, seed: number): Promise<Fuzzed> {
  const next = seeded(seed);
  const all = await targets();
  const end = performance.now() + milliseconds;
  let [rounds, read, good] = [0, 0, 0];
  while (performance.now() < end) {
    const [sound, target] = all[rounds % all.length]!;
    const octets = Math.floor(next() * 16) === 0 ? noise(sound, next) : mutate(sound, next);
    const begin = performance.now();
    const answer = await target(octets, next);
    assert.ok(performance.now() - begin < PATIENCE, `seed ${seed}, round ${rounds} is slow: ${octets.toString('hex')}`);
    rounds++;
    if (answer !== 'unreadable') read++;
    if (answer === 'good') good++;
  }
  return { rounds, read, good };
}

function noise(sound: Buffer, next: () => number): Buffer {
  const kept = Math.floor(next() * 60);
  return Buffer.from(
    sound.subarray(0, kept + Math.floor(next() * 900)).map((octet, i) => (i < kept ? octet : next() * 256)),
  );
}
