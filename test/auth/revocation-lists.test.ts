/**
 * Revocation lists of foreign issuers: which one counts, for how long, and what a list cannot do.
 */
import assert from 'node:assert/strict';
import test from 'node:test';
import { readAuthorities } from '../../src/auth/authorities.ts';
import { RevocationLists } from '../../src/auth/revocation-lists.ts';
import type { Authority } from '../../src/crypto/certificates/authority.ts';
import { certificatePem } from '../../src/crypto/certificates/certificate.ts';
import { makeCrl } from '../../src/crypto/certificates/crl-issue.ts';
import { DEFAULT_CRL_POLICY } from '../../src/crypto/certificates/crl-policy.ts';
import { encodePem } from '../../src/crypto/certificates/pem.ts';
import { days, hours, instant } from '../../src/domain/units.ts';
import { makeClientAuthority } from '../support/client-certificates.ts';
import { FakeClock } from '../support/clock.ts';
import { MemoryLog } from '../support/log.ts';

const NOW = new FakeClock().now();
const authority = await makeClientAuthority('Lists', NOW);
const stranger = await makeClientAuthority('Lists of strangers', NOW);
const issuer = authority.issuing.certificate;
const trusted = readAuthorities([{ file: 'ca.pem', pem: certificatePem(issuer) }]);
const { leaf } = await authority.issue('anna');

const listOf = (by: Authority, at: number, revoked: readonly string[] = []): Promise<Buffer> =>
  makeCrl(by, {
    number: 1,
    thisUpdate: instant(at),
    nextUpdate: instant(at + days(1)),
    revoked: revoked.map((serial) => ({ serial, at: instant(at) })),
  });

function lists(): { lists: RevocationLists; clock: FakeClock; log: MemoryLog; verdict: () => string } {
  const clock = new FakeClock();
  const log = new MemoryLog();
  const made = new RevocationLists(DEFAULT_CRL_POLICY, clock, log);
  return { lists: made, clock, log, verdict: () => made.check(leaf, issuer).kind };
}

test('a list counts once it is loaded, and a revoked certificate is found in it', async () => {
  const { lists: made, log, verdict } = lists();
  assert.equal(verdict(), 'unknown');
  await made.load([{ file: 'a.crl', octets: await listOf(authority.issuing, NOW) }], trusted);
  assert.equal(verdict(), 'good');
  await made.load([{ file: 'a.crl', octets: await listOf(authority.issuing, NOW + 1000, [leaf.serial]) }], trusted);
  assert.equal(verdict(), 'revoked');
  assert.deepEqual(log.names, ['crl.loaded', 'crl.loaded']);
  assert.equal(log.events[1]?.fields.revoked, 1);
});

test('an older list never takes the place of a newer one, nor a broken file that of a good one', async () => {
  const { lists: made, log, verdict } = lists();
  const revoked = { file: 'a.crl', octets: await listOf(authority.issuing, NOW, [leaf.serial]) };
  await made.load([revoked], trusted);
  const wrong = [
    { file: 'a.crl', octets: await listOf(authority.issuing, NOW - hours(2)) },
    { file: 'a.crl', octets: Buffer.from('rubbish') },
    { file: 'a.crl', error: 'it does not exist' },
    { file: 'b.crl', octets: await listOf(stranger.issuing, NOW) },
    // Our issuer's name, a stranger's signature.
    { file: 'c.crl', octets: await listOf({ ...authority.issuing, privateKey: stranger.issuing.privateKey }, NOW + 1) },
  ];
  for (const file of wrong) {
    await made.load([file], trusted);
    assert.equal(log.events.at(-1)?.event, 'crl.refused', JSON.stringify(file).slice(0, 80));
    assert.equal(verdict(), 'revoked');
  }
  assert.match(
    JSON.stringify(log.events),
    /a newer list.*it does not exist.*not in tls\.client-authorities.*was not signed by/,
  );
});

test('an overdue list counts for the grace, with a warning, and then nobody can tell', async () => {
  const { lists: made, clock, log, verdict } = lists();
  await made.load([{ file: 'a.crl', octets: await listOf(authority.issuing, NOW) }], trusted);
  clock.advance(days(2));
  made.report();
  assert.equal(verdict(), 'good');
  clock.advance(days(7));
  made.report();
  assert.equal(verdict(), 'unknown');
  assert.deepEqual(
    log.events.slice(1).map((e) => [e.level, e.event, e.fields.state]),
    [
      ['warn', 'crl.overdue', 'grace'],
      ['error', 'crl.overdue', 'overdue'],
    ],
  );
});

test('a PEM file with several lists counts as all of them, also where one of them cannot be used', async () => {
  const { lists: made, log, verdict } = lists();
  const pem = async (by: Authority, at = NOW): Promise<string> => encodePem('X509 CRL', await listOf(by, at));
  const file = (text: string) => [{ file: 'both.pem', octets: Buffer.from(text) }];
  const both = readAuthorities([
    { file: 'ca.pem', pem: certificatePem(issuer) + certificatePem(stranger.issuing.certificate) },
  ]);
  assert.deepEqual(await made.load(file((await pem(stranger.issuing)) + (await pem(authority.issuing))), both), []);
  assert.equal(verdict(), 'good');
  assert.deepEqual(log.names, ['crl.loaded', 'crl.loaded']);
  assert.equal(made.has(stranger.issuing.certificate), true);
  const { lists: other, verdict: its } = lists();
  const refused = await other.load(
    file(
      encodePem('X509 CRL', Buffer.from('rubbish')) + (await pem(stranger.issuing)) + (await pem(authority.issuing)),
    ),
    trusted,
  );
  assert.deepEqual(
    refused.map(({ foreign }) => foreign),
    [false, true],
  );
  assert.match(refused[0]?.why ?? '', /^list 1 of 3: /);
  assert.equal(its(), 'good', 'what can be used counts');
});
