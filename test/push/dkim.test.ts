/**
 * What is pushed to partners who want it is signed, or it waits: nothing leaves unsigned, and what
 * was stored stays as it is.
 */
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import type { DkimAlgorithm, DkimKey } from '../../src/crypto/dkim/dkim.ts';
import type { Dispatcher } from '../../src/push/dispatcher.ts';
import { DkimSigner, SigningEnded } from '../../src/push/dkim.ts';
import { partnerDestinations } from '../../src/push/partner-destinations.ts';
import type { Partner } from '../../src/domain/partner.ts';
import { ok } from '../../src/domain/result.ts';
import { milliseconds, octets } from '../../src/domain/units.ts';
import { FakeClock } from '../support/clock.ts';
import { testCertificates } from '../support/certificates.ts';
import { ScriptedPartner } from '../support/partner.ts';
import { addTestPartner, queueFor, startTestPush } from '../support/push.ts';
import { addAccount, openTestStore } from '../support/store.ts';
import { until } from '../support/until.ts';

const { privateKey } = generateKeyPairSync('ed25519');
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
const key = (domain: string, algorithm: DkimAlgorithm = 'ed25519-sha256'): DkimKey => ({
  ...{ domain, selector: 's', algorithm },
  privateKey: algorithm === 'rsa-sha256' ? rsa : privateKey,
});
const never = new AbortController().signal;
const signer = (...keys: readonly DkimKey[]): DkimSigner => new DkimSigner(keys, 'mail.group.test', new FakeClock());

const contentOf = (text: string, size = 256 * 1024) => {
  const all = Buffer.from(text, 'latin1');
  return {
    octets: octets(all.length),
    slices: async function* () {
      for (let at = 0; at < all.length; at += size) yield all.subarray(at, at + size);
    },
  };
};
const SMALL = 'From: <a@noord.test>\r\nSubject: x\r\n\r\nUitslag \r\n\r\n';

async function signed(
  by: DkimSigner,
  text: string,
  size?: number,
): Promise<{ readonly front: string; readonly domain: string }> {
  const copy = await by.sign(contentOf(text, size), never);
  const pieces: Uint8Array[] = [];
  for await (const piece of copy.slices()) pieces.push(piece);
  const whole = Buffer.concat(pieces).toString('latin1');
  assert.equal(whole.length, copy.octets);
  assert.ok(whole.endsWith(text), 'what was stored is changed in no octet');
  return { front: whole.slice(0, whole.length - text.length), domain: copy.domain };
}
const tags = (front: string, name: string): readonly string[] =>
  front
    .split(/^DKIM-Signature:/m)
    .slice(1)
    .map((one) => new RegExp(`[ \\t;]${name}=([^;]+);`).exec(one)?.[1]?.replace(/\s/g, '') ?? '');

test('each key of the domain signs, the content follows octet for octet', async () => {
  const by = signer(key('group.test'), key('group.test', 'rsa-sha256'));
  for (const size of [1, 7, 1000]) {
    const { front, domain } = await signed(by, SMALL, size);
    assert.equal(domain, 'group.test');
    assert.deepEqual(tags(front, 'a'), ['ed25519-sha256', 'rsa-sha256']);
    assert.deepEqual(tags(front, 'bh'), tags((await signed(by, SMALL)).front, 'bh'), `by ${size}`);
  }
  const large = `From: <a@noord.test>\r\n\r\n${'a line of the body\r\n'.repeat(40_000)}`;
  assert.deepEqual(tags((await signed(by, large)).front, 'bh'), tags((await signed(by, large, 1000)).front, 'bh'));
  assert.deepEqual(
    by.made.read().map(({ value }) => value),
    [8, 8],
  );
});

test('the domain is that of From or above it, else that of the gateway', async () => {
  const by = signer(key('group.test'), key('noord.test'), key('xn--caf-dma.test'));
  const domainOf = async (from: string): Promise<string> => (await signed(by, `${from}\r\n\r\n`)).domain;
  assert.equal(await domainOf('From: Lab <a@NOORD.test>'), 'noord.test');
  assert.equal(await domainOf('From: a@post.noord.test'), 'noord.test');
  assert.equal(await domainOf('From: a@zuid.test'), 'group.test');
  assert.equal(await domainOf('From: "x@noord.test" <a@zuid.test>'), 'group.test');
  assert.equal(await domainOf('From: no address'), 'group.test');
  assert.equal(await domainOf('Subject: no From'), 'group.test');
  assert.equal(await domainOf(`From: a@${Buffer.from('café.test').toString('latin1')}`), 'xn--caf-dma.test');
});

test('a signer without a key for the gateway itself is not ready, and signs for nobody else by another key', async () => {
  assert.equal(signer().ready, false);
  const by = signer(key('noord.test'));
  assert.equal(by.ready, false);
  await assert.rejects(by.sign(contentOf('From: a@zuid.test\r\n\r\n'), never), /no DKIM key/);
  assert.equal(signer(key('mail.group.test')).ready, true);
});

test('signing ends with the attempt, and with a header that does not end', async () => {
  const stopped = new AbortController();
  stopped.abort();
  await assert.rejects(signer(key('group.test')).sign(contentOf(SMALL), stopped.signal), SigningEnded);
  const endless = contentOf(`From: a@noord.test\r\n${'X: y\r\n'.repeat(100_000)}`);
  await assert.rejects(signer(key('group.test')).sign(endless, never), /its header does not end/);
});

test('a place that wants signed mail is paused where not every message could be signed', async () => {
  const server = { host: 'mx.test', port: 25, tls: 'starttls', connections: 1, dkim: true } as const;
  const partner = { id: 1, name: 'umc', state: 'active', server, domains: [] } as unknown as Partner;
  const placeIf = async (signs: boolean) =>
    await partnerDestinations({
      findPartner: () => Promise.resolve(partner),
      openSecrets: () => Promise.resolve(ok({})),
      hostname: 'mail.test',
      signs,
    })(partner.id);
  const without = await placeIf(false);
  assert.ok(without.kind === 'paused' && without.why.includes('delivery.dkim-keys'), JSON.stringify(without));
  const place = await placeIf(true);
  assert.ok(place.kind === 'push' && place.destination.dkim === true);
});

test('a delivery is signed for a partner who wants it and for nobody else, and the trail says by which domain', async (t) => {
  const certificates = await testCertificates();
  const partner = await ScriptedPartner.start(certificates.server);
  t.after(() => partner.stop());
  const pushes: Dispatcher[] = [];
  // Before the store closes: hooks run in the order in which they were set.
  t.after(() => pushes[0]?.stop(milliseconds(0)));
  const { store, clock, log } = await openTestStore(t);
  await addAccount(store, 'sender');
  const server = {
    ...{ host: '127.0.0.1', port: partner.port, tls: 'implicit' as const, connections: 1 },
    authorities: certificates.ca.certificate,
  };
  const umc = await addTestPartner(store, 'umc', { ...server, dkim: true });
  const lab = await addTestPartner(store, 'lab', server);
  await queueFor(store, clock, umc, Buffer.from(SMALL), 'ward@umc.test');
  await queueFor(store, clock, lab, Buffer.from(SMALL), 'desk@lab.test');
  pushes.push(startTestPush(store, { clock, log, dkim: signer(key('group.test')) }));
  await until('both were taken', () => partner.taken.length === 2);
  const contents = new Map(partner.taken.map(({ rcpt, content }) => [/<([^>]+)>/.exec(rcpt)?.[1], content.toString()]));
  assert.equal(contents.get('desk@lab.test'), SMALL);
  assert.match(
    contents.get('ward@umc.test') ?? '',
    /^DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed\/relaxed; d=group\.test;/,
  );
  const relayed = async () =>
    (await store.audit.read({ limit: 100 })).filter(({ event }) => event === 'delivery.relayed');
  await until('both are in the trail', async () => (await relayed()).length === 2);
  const domains = (await relayed()).map(
    ({ facts }) => /"dkim":"([^"]+)"/.exec(JSON.stringify(facts).replaceAll('\\', ''))?.[1],
  );
  assert.deepEqual(domains.sort(), ['group.test', undefined]);
});
