/**
 * Time stamps of a real authority's program (`openssl ts`): asked for, checked, kept, and checked
 * again by openssl and offline.
 */
import assert from 'node:assert/strict';
import { hash, randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { readCertificates } from '../../src/crypto/certificates/certificate.ts';
import {
  readTimeStampResponse,
  timeStampNonce,
  timeStampRequest,
  verifyTimeStamp,
} from '../../src/crypto/trail/time-stamp.ts';
import { days, hours, milliseconds, minutes } from '../../src/domain/units.ts';
import { type Anchors, startAnchors } from '../../src/trail/anchors.ts';
import { auditKeys } from '../../src/crypto/keys/audit-keys.ts';
import { type TimeStampPlace, stampAnchor } from '../../src/trail/time-stamps.ts';
import { sluisHere } from '../support/command-line.ts';
import { FakeClock } from '../support/clock.ts';
import { MemoryLog } from '../support/log.ts';
import { openTestStore } from '../support/store.ts';
import { type TimeAuthority, startTimeAuthority } from '../support/time-authority.ts';

const place = (authority: TimeAuthority, more: Partial<TimeStampPlace> = {}): TimeStampPlace => ({
  url: authority.url,
  random: randomBytes,
  patience: milliseconds(5000),
  authorities: () => {
    const read = readCertificates(readFileSync(authority.root, 'utf8'));
    assert(read.ok);
    return read.value;
  },
  ...more,
});

test('a request is what openssl reads, with nonce and the wish for the certificate', async (t) => {
  const authority = await startTimeAuthority(t);
  writeFileSync(
    join(authority.folder, 'q.tsq'),
    timeStampRequest(hash('sha256', 'x', 'buffer'), timeStampNonce(randomBytes)),
  );
  const { text } = authority.openssl('ts', '-query', '-in', 'q.tsq', '-text');
  assert.match(text, /Hash Algorithm: sha256[\s\S]*Nonce: 0x[4-7][0-9A-F]{15}[\s\S]*Certificate required: yes/);
});

test('a good stamp is taken; one over another hash, for another request or by a wrong certificate is not', async (t) => {
  const authority = await startTimeAuthority(t);
  // Before the stamp: a certificate counts as of its time.
  authority.issue('mail', 'critical,emailProtection');
  authority.issue('loose', 'timeStamping');
  authority.issue('both', 'critical,timeStamping,emailProtection');
  const asked = place(authority);
  const good = await stampAnchor(asked, 'a line', 7);
  assert(good.ok, good.ok ? '' : good.error);
  assert.equal(good.value.anchor, hash('sha256', 'a line'));
  assert(Math.abs(good.value.at - Date.now()) < 60_000);
  const authorities = asked.authorities();
  const wrong = async (told: RegExp, token: Buffer, of = 'a line', nonce?: Uint8Array): Promise<void> => {
    const found = await verifyTimeStamp(token, {
      hash: hash('sha256', of, 'buffer'),
      authorities,
      ...(nonce && { nonce }),
    });
    assert(!found.ok);
    assert.match(found.error, told);
  };
  const { token } = good.value;
  await wrong(/over another hash/, token, 'another line');
  await wrong(/the nonce is not ours/, token, 'a line', timeStampNonce(randomBytes));
  const alone = await verifyTimeStamp(token, { hash: hash('sha256', 'a line', 'buffer'), authorities: [] });
  assert(!alone.ok);
  // openssl's authority does not sign with the wrong certificate, so the same TSTInfo is signed
  // again, once with the right one as a control.
  const { openssl, folder } = authority;
  writeFileSync(join(folder, 'token.der'), token);
  openssl('cms', '-verify', '-noverify', '-inform', 'DER', '-in', 'token.der', '-out', 'tst.der');
  const signed = (name: string, ...more: string[]): Buffer => {
    const type = ['-econtent_type', '1.2.840.113549.1.9.16.1.4'];
    const by = ['-signer', `${name}.pem`, '-inkey', `${name}.key`, '-outform', 'DER', '-out', 'signed.der'];
    const ran = openssl('cms', '-sign', '-binary', '-nodetach', ...type, '-in', 'tst.der', ...by, ...more);
    assert.equal(ran.code, 0, ran.text);
    return readFileSync(join(folder, 'signed.der'));
  };
  const control = await verifyTimeStamp(signed('tsa', '-cades'), {
    hash: hash('sha256', 'a line', 'buffer'),
    authorities,
  });
  assert(control.ok, control.ok ? '' : control.error);
  await wrong(/does not name the certificate of its signer/, signed('tsa'));
  await wrong(/its extended key usage lacks timeStamping/, signed('mail', '-cades'));
  await wrong(/not for time stamping alone \(extended key usage, critical\)/, signed('loose', '-cades'));
  await wrong(/not for time stamping alone/, signed('both', '-cades'));
});

test('no single octet of a token can be changed', async (t) => {
  const authority = await startTimeAuthority(t);
  const good = await stampAnchor(place(authority), 'a line', 7);
  assert(good.ok);
  const trust = { hash: hash('sha256', 'a line', 'buffer'), authorities: place(authority).authorities() };
  const passed: number[] = [];
  for (let i = 0; i < good.value.token.length; i += 3) {
    const changed = Buffer.from(good.value.token);
    changed[i]! ^= 1;
    if ((await verifyTimeStamp(changed, trust)).ok) passed.push(i);
  }
  // Bits that nothing signs: the version numbers and announced digests outside, and what is not
  // looked at of the certificate bag.
  assert(passed.length < 12, passed.join(' '));
});

test('an authority that refuses, is out of order or says too much is told of in words', async (t) => {
  const authority = await startTimeAuthority(t);
  const asked = place(authority);
  const told = async (how: Parameters<TimeAuthority['answer']>[0], text: RegExp): Promise<void> => {
    authority.answer(how);
    const refused = await stampAnchor(asked, 'a line', 7);
    assert(!refused.ok);
    assert.match(refused.error, text);
  };
  await told(503, /HTTP 503/);
  await told(() => Buffer.from([0x30, 0x05, 0x30, 0x03, 0x02, 0x01, 0x02]), /answered rejection/);
  await told(() => Buffer.from([0x30, 0x05, 0x30, 0x03, 0x02, 0x01, 0x00]), /sent no token/);
  await told(() => Buffer.from('no'), /time stamp response/);
  await told(() => Buffer.alloc(65 * 1024), /more than 65536 octets/);
  const nobody = await stampAnchor(place(authority, { url: 'http://127.0.0.1:1/' }), 'a line', 7);
  assert(!nobody.ok && nobody.error.includes('ECONNREFUSED'));
  assert.equal(readTimeStampResponse(Buffer.alloc(0)).ok, false);
});

interface Running {
  readonly anchors: Anchors;
  readonly clock: FakeClock;
  readonly log: MemoryLog;
  readonly folder: string;
  readonly key: string;
  readonly grow: () => Promise<void>;
}

async function run(t: TestContext, authority: TimeAuthority): Promise<Running> {
  const { store, clock, log } = await openTestStore(t);
  const folder = mkdtempSync(join(tmpdir(), 'sluis-stamps-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const master = randomBytes(32);
  const anchors = startAnchors({
    ...{ audit: store.audit, clock, log, hostname: 'mail.test', every: minutes(1), folder: join(folder, 'anchors') },
    keys: () => auditKeys(join(folder, 'keys'), () => Promise.resolve(master), randomBytes),
    stamps: { ...place(authority), every: hours(1) },
  });
  const grow = async (): Promise<void> => {
    store.audit.note({ event: 'login.granted', outcome: 'success' });
    await anchors.now();
    await anchors.settled();
  };
  return {
    anchors,
    clock,
    log,
    grow,
    folder: join(folder, 'anchors'),
    key: join(folder, 'keys', 'audit', 'anchor.pem'),
  };
}

test('heads are stamped once an hour, kept beside the anchors, checked by openssl and offline; failures wait longer each time', async (t) => {
  const authority = await startTimeAuthority(t);
  const r = await run(t, authority);
  await r.grow();
  assert.equal(authority.asked(), 1);
  await r.grow();
  assert.equal(authority.asked(), 1, 'once an hour');
  r.clock.advance(hours(1));
  authority.answer(503);
  await r.grow();
  assert.equal(authority.asked(), 2);
  assert.match(String(r.log.events.find(({ event }) => event === 'audit.timestamp-failed')?.fields.why), /HTTP 503/);
  await r.grow();
  assert.equal(authority.asked(), 2, 'not at once');
  r.clock.advance(minutes(1));
  await r.grow();
  assert.equal(authority.asked(), 3);
  r.clock.advance(minutes(1));
  await r.grow();
  assert.equal(authority.asked(), 3, 'twice as long');
  authority.answer('good');
  r.clock.advance(minutes(1));
  await r.grow();
  assert.equal(authority.asked(), 4);
  assert.deepEqual([r.anchors.counts.stamped, r.anchors.counts.failed], [2, 2]);
  await r.anchors.stop();

  const stamps = readdirSync(r.folder).filter((name) => name.endsWith('.timestamps'));
  assert.equal(stamps.length, 1);
  const file = join(r.folder, stamps[0]!);
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
  const first = JSON.parse(lines[0]!) as { anchor: string; token: string };
  const anchorLines = readdirSync(r.folder)
    .filter((n) => n.endsWith('.jsonl'))
    .flatMap((n) => readFileSync(join(r.folder, n), 'utf8').split('\n'));
  const line = anchorLines.find((each) => hash('sha256', each) === first.anchor);
  assert(line !== undefined);
  writeFileSync(join(authority.folder, 'anchor'), line);
  writeFileSync(join(authority.folder, 'token.der'), Buffer.from(first.token, 'base64'));
  const checked = authority.openssl(
    'ts',
    '-verify',
    '-data',
    'anchor',
    '-in',
    'token.der',
    '-token_in',
    '-CAfile',
    'root.pem',
  );
  assert.match(checked.text, /Verification: OK/);
});

test('audit verify checks the stamps offline, and names the one that does not hold', async (t) => {
  const authority = await startTimeAuthority(t);
  const r = await run(t, authority);
  await r.grow();
  await r.anchors.stop();
  const trail = join(r.folder, '..', 'trail.jsonl');
  writeFileSync(
    trail,
    `${JSON.stringify({ format: 'sluis audit 1', hostname: 'mail.test', made: 'now', after: { seq: 1_000_000, hash: '00'.repeat(32) } })}\n`,
  );
  const verify = (...more: string[]): ReturnType<typeof sluisHere> =>
    sluisHere([
      'audit',
      'verify',
      trail,
      '--config',
      join(r.folder, 'none.toml'),
      '--anchors',
      r.folder,
      '--anchor-key',
      r.key,
      ...more,
    ]);
  const good = await verify('--timestamp-authority', authority.root);
  // The stamp holds; no row of this export is one that the anchors tell of.
  assert.equal(good.code, 9, good.stderr);
  assert.match(good.stdout, /1 time stamp holds, the newest of 20\d\d-/);
  assert.match((await verify()).stderr, /add --timestamp-authority PEM/);
  const [name] = readdirSync(r.folder).filter((each) => each.endsWith('.timestamps'));
  const file = join(r.folder, name!);
  const text = readFileSync(file, 'utf8');
  const record = JSON.parse(text) as Record<string, string>;
  const bad = async (changed: Record<string, unknown>, told: RegExp): Promise<void> => {
    writeFileSync(file, `${JSON.stringify({ ...record, ...changed })}\n`);
    const ran = await verify('--timestamp-authority', authority.root);
    assert.notEqual(ran.code, 0);
    assert.match(ran.stderr, told);
  };
  await bad(
    { at: new Date(Date.parse(record.at!) - days(1)).toISOString() },
    /Cannot use line 1 of ".*" as a time stamp: it says .*, and its token/,
  );
  await bad({ anchor: '00'.repeat(32) }, /is not among those given/);
  await bad({ token: 'AAAA' }, /as a time stamp/);
  await bad({ seq: 77 }, /as a time stamp: its anchor is of another row/);
  await bad({ sha256: '00'.repeat(32) }, /as a time stamp: its token is not as it was written/);
  writeFileSync(file, `${JSON.stringify({ ...record, sha256: undefined })}\n`);
  const older = await verify('--timestamp-authority', authority.root);
  assert.match(older.stdout, /1 time stamp holds/, 'lines of before have no hash of the token');
});
