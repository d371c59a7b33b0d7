import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { armoured, unarmoured } from '../../../src/crypto/pgp/armour.ts';
import { Pgp } from '../../../src/crypto/pgp/pgp.ts';
import type { PgpKey } from '../../../src/crypto/pgp/protocol.ts';
import { type PgpOpened, openPgp } from '../../../src/crypto/pgp/unwrap.ts';
import { NEUTRAL_SUBJECT } from '../../../src/crypto/smime/protect.ts';
import { memoryStage } from '../smime/support.ts';
import { BODY, CONTENT, gathered, letter, makeKey, messageOf, protectedBy, secretOf } from './support.ts';
import { seeded } from '../../support/seeded.ts';

const pgp = new Pgp();
after(() => pgp.close());
const [anna, bert] = await Promise.all([makeKey(pgp, 'anna'), makeKey(pgp, 'bert')]);

async function open(
  octets: Buffer,
  keys: readonly PgpKey[] = [bert],
  maxContent = 10_000_000,
): Promise<PgpOpened | undefined | string> {
  const staging = memoryStage();
  const result = await openPgp(await messageOf(octets), {
    ...{ pgp, maxContent, stage: staging.stage },
    secretKeys: keys.map(secretOf),
    publicKeys: [anna.publicKey],
  });
  assert.equal(staging.aborted, result.ok ? 0 : staging.aborted);
  return result.ok ? result.value : result.error.kind;
}

const openedOf = async (octets: Buffer): Promise<PgpOpened> => {
  const opened = await open(octets);
  assert(typeof opened === 'object');
  return opened;
};
const states = ({ signatures }: PgpOpened): string => (signatures ?? []).map(({ state }) => state).join();

test('a signed message keeps its content octet for octet, and its signature holds', async () => {
  const signed = await protectedBy(pgp, letter(), { secretKeys: [secretOf(anna)] });
  assert(signed.includes(Buffer.concat([Buffer.from(`${CONTENT}\r\n`), BODY])));
  assert.match(
    signed.toString('latin1'),
    /multipart\/signed; protocol="application\/pgp-signature";\r\n\tmicalg=pgp-sha512/,
  );
  const opened = await openedOf(signed);
  assert.deepEqual([states(opened), opened.encrypted], ['valid', false]);
  const changed = Buffer.from(signed.toString('latin1').replace('UNZ+1', 'UNZ+2'), 'latin1');
  assert.equal(states(await openedOf(changed)), 'wrong');
});

test('both profiles open to the same octets, and strong shows no subject', async () => {
  for (const profile of ['interop', 'strong'] as const) {
    const sent = letter();
    const sealed = await protectedBy(pgp, sent, {
      secretKeys: [secretOf(anna)],
      publicKeys: [bert.publicKey],
      profile,
    });
    const outside = sealed.toString('latin1');
    assert(!outside.includes('UNZ'));
    assert.match(
      outside,
      profile === 'strong' ? new RegExp(`Subject: ${NEUTRAL_SUBJECT.replace(/[()]/g, '.')}`) : /Subject: Uitslag/,
    );
    const opened = await openedOf(sealed);
    assert.deepEqual([states(opened), opened.encrypted, opened.differs], ['valid', true, []]);
    const inside = (await gathered(opened.message.source.slices())).toString('latin1');
    assert(inside.endsWith(`\r\n\r\n${BODY.toString('latin1')}`));
    assert.match(inside, /^Subject: Uitslag\r$/m);
    assert.equal(inside.match(/^Subject:/gm)?.length, 1);
    assert.equal(inside.match(/^From:/gm)?.length, 1);
    assert.match(inside, /^Content-Transfer-Encoding: 8bit\r$/m);
  }
});

test('a message without a Content-Type and one whose type ends in a semicolon take the marks', async () => {
  for (const content of ['', 'Content-Type: text/plain;\r\n', 'Content-Type: text/plain;\r\n\tcharset=utf-8\r\n']) {
    const sent = letter(Buffer.from('hello\r\n'), content);
    const sealed = await protectedBy(pgp, sent, { publicKeys: [bert.publicKey], profile: 'strong' });
    const opened = await openedOf(sealed);
    const inside = (await gathered(opened.message.source.slices())).toString('latin1');
    assert.match(inside, /protected-headers="v1"; hp="cipher"\r\n/);
    assert(inside.endsWith('\r\n\r\nhello\r\n'));
    assert.equal(opened.signatures, undefined);
  }
});

test('large content goes through in slices', async () => {
  const body = Buffer.from(`${seeded(127).octets(3_000_000).toString('base64').replace(/.{76}/g, '$&\r\n')}\r\n`);
  const opened = await openedOf(await protectedBy(pgp, letter(body), { publicKeys: [bert.publicKey] }));
  assert((await gathered(opened.message.source.slices())).subarray(-body.length).equals(body));
});

test('what cannot be opened says why and keeps nothing', async () => {
  const sealed = await protectedBy(pgp, letter(), { secretKeys: [secretOf(anna)], publicKeys: [bert.publicKey] });
  assert.equal(await open(sealed, [anna]), 'no-key');
  assert.equal(await open(sealed, [bert], 10), 'limit');
  const lines = sealed.toString('latin1').split('\r\n');
  const at = lines.findIndex((line) => line.startsWith('-----BEGIN')) + 4;
  const swapped = [...lines.slice(0, at), lines[at]!.split('').reverse().join(''), ...lines.slice(at + 1)];
  assert.equal(await open(Buffer.from(swapped.join('\r\n'), 'latin1')), 'damaged');
  const third = sealed.toString('latin1').replace(/\r\n--(sluis-\w+)--\r\n$/, '\r\n--$1\r\n\r\nmore\r\n--$1--\r\n');
  assert.equal(await open(Buffer.from(third, 'latin1')), 'malformed');
  const cut = sealed.toString('latin1').replace(/-----END PGP MESSAGE-----\r\n/, '');
  assert.equal(await open(Buffer.from(cut, 'latin1')), 'malformed');
  assert.equal(await open(letter()), undefined);
  // Without a key nothing is tried: the message goes to its addressee as it is.
  assert.equal(await open(sealed, []), undefined);
});

test('an inner header that names somebody else is told of, and not believed', async () => {
  const sealed = await protectedBy(pgp, letter(), {
    secretKeys: [secretOf(anna)],
    publicKeys: [bert.publicKey],
    profile: 'strong',
  });
  const other = Buffer.from(
    sealed.toString('latin1').replace('From: Anna <anna@group.test>', 'From: <eve@group.test>'),
    'latin1',
  );
  const opened = await openedOf(other);
  assert.deepEqual(opened.differs, ['from']);
  assert.match((await gathered(opened.message.source.slices())).toString('latin1'), /^From: <eve@group.test>\r$/m);
});

test('armour is read in pieces of any size, with headers, a checksum and text around it', async () => {
  const packets = seeded(89).octets(1000);
  const block = (await gathered(armoured('MESSAGE', [packets]))).toString('latin1');
  const dressed = `preface\r\n${block.replace('\r\n\r\n', '\r\nComment: x\r\n\r\n').replace('-----END', '=abcd\r\n-----END')}after\r\n`;
  for (const size of [1, 7, 64, 5000]) {
    const slices = Array.from({ length: Math.ceil(dressed.length / size) }, (_, i) =>
      Buffer.from(dressed.slice(i * size, (i + 1) * size), 'latin1'),
    );
    assert((await gathered(unarmoured('MESSAGE', slices))).equals(packets), `pieces of ${size}`);
  }
  await assert.rejects(gathered(unarmoured('MESSAGE', [Buffer.from('x'.repeat(5000))])), /longer than/);
  await assert.rejects(gathered(unarmoured('SIGNATURE', [Buffer.from(dressed)])), /no whole block/);
});
