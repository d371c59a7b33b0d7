/**
 * The courier with TLSA records: what they stand in for, what they never take the place of, and
 * that nothing leaves before they were judged.
 */
import assert from 'node:assert/strict';
import { X509Certificate, randomBytes } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { issue, makeKeyPair, makeRoot } from '../../src/crypto/certificates/authority.ts';
import { certificatePem } from '../../src/crypto/certificates/certificate.ts';
import { makeName } from '../../src/crypto/certificates/distinguished-name.ts';
import type { Answer, Destination, TlsaAnswer } from '../../src/push/courier.ts';
import type { Tlsa } from '../../src/dns/tlsa.ts';
import { judgeTlsa, tlsaOf, tlsaText } from '../../src/dns/tlsa.ts';
import type { PartnerId } from '../../src/domain/ids.ts';
import { days, instant } from '../../src/domain/units.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { createCourier } from '../../src/smtp/courier.ts';
import { createCourierProbe } from '../../src/smtp/courier-probe.ts';
import { pinsOf } from '../../src/smtp/partner-tls.ts';
import { FakeClock } from '../support/clock.ts';
import { ScriptedPartner, parcel } from '../support/partner.ts';
import { until } from '../support/until.ts';

const HOST = 'mx.partner.test';
const now = systemClock.now();
const context = { now, random: randomBytes };
const root = async (commonName: string, from = now) =>
  await makeRoot(
    { subject: makeName({ commonName }), keys: await makeKeyPair('p256'), lifetime: days(90) },
    { ...context, now: from },
  );
const authority = await root('an authority');
const other = await root('another authority');

interface Server {
  readonly key: string;
  /** With its authority's. */
  readonly certificate: string;
  readonly own: Buffer;
  readonly above: Buffer;
}
async function server(
  by: Awaited<ReturnType<typeof root>>,
  host = HOST,
  notAfter = instant(now + days(10)),
): Promise<Server> {
  const keys = await makeKeyPair('p256');
  const made = await issue(
    by,
    {
      use: 'server',
      subject: makeName({ commonName: host }),
      publicKey: keys.publicKey,
      emails: [],
      hosts: [host],
      notAfter,
    },
    { ...context, now: instant(now - days(80)) },
  );
  const key = keys.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const certificate = `${certificatePem(made)}${certificatePem(by.certificate)}`;
  return { key, certificate, own: made.der, above: by.certificate.der };
}
const good = await server(authority);
const ended = await server(authority, HOST, instant(now - days(1)));
const misnamed = await server(authority, 'mx.stranger.test');

const records = (...found: readonly Tlsa[]): TlsaAnswer => ({
  kind: 'records',
  base: HOST,
  judge: (chain, names) => {
    const met = judgeTlsa(found, { chain, names, now: systemClock.now() });
    return met.ok ? { ok: true, value: tlsaText(met.value) } : met;
  },
});
const ownKey = (of: Server): Tlsa => tlsaOf(of.own, 3, 1, 1);

interface Tried {
  readonly answer: Answer;
  readonly partner: ScriptedPartner;
  /** Verbs of all that was said to the server. */
  readonly verbs: readonly string[];
  readonly asked: readonly string[];
}
async function deliver(
  t: TestContext,
  shown: Server,
  found: TlsaAnswer | undefined,
  to: Partial<Destination> = {},
): Promise<Tried> {
  const { key, certificate } = shown;
  const partner = await ScriptedPartner.start({
    key,
    certificate,
    tls: to.tls ?? 'starttls',
    extensions: ['AUTH PLAIN'],
  });
  const asked: string[] = [];
  const find = (host: string, port: number): Promise<TlsaAnswer> => {
    asked.push(`${host} ${port === partner.port ? 'its port' : port}`);
    return Promise.resolve(found!);
  };
  const courier = createCourier({
    clock: new FakeClock(),
    lookup: toLoopback,
    ...(found === undefined ? {} : { tlsa: { find } }),
  });
  t.after(async () => {
    await courier.close();
    await partner.stop();
  });
  const destination: Destination = {
    ...{
      partner: 1 as PartnerId,
      host: HOST,
      port: partner.port,
      tls: 'starttls',
      helo: 'gateway.test',
      connections: 2,
    },
    login: { name: 'us', password: 'secret' },
    ...to,
  };
  const answer = await courier.deliver(destination, parcel, new AbortController().signal);
  return { answer, partner, asked, verbs: partner.lines.map((line) => line.slice(0, 4)) };
}
const toLoopback = (
  _host: string,
  options: { readonly all?: boolean | undefined },
  done: (error: null, found: never, family?: number) => void,
): void =>
  options.all === true
    ? done(null, [{ address: '127.0.0.1', family: 4 }] as never)
    : done(null, '127.0.0.1' as never, 4);

function refused({ answer, partner, verbs }: Tried, why: RegExp): void {
  assert.ok(answer.kind === 'lost' && answer.why === 'certificate', JSON.stringify(answer));
  assert.match(answer.text, why);
  // Under TLS not even EHLO was said.
  assert.deepEqual(
    verbs.filter((verb) => verb !== 'STAR' && verb !== 'EHLO'),
    [],
  );
  assert.ok(verbs.filter((verb) => verb === 'EHLO').length <= 1);
  assert.equal(partner.dots, 0);
}
const met = ({ answer }: Tried): string | undefined =>
  answer.kind === 'taken' ? answer.session.tlsa : assert.fail(JSON.stringify(answer));

for (const tls of ['starttls', 'implicit'] as const)
  test(`a server that no public authority knows is verified by its TLSA record, over ${tls} TLS`, async (t) => {
    const tried = await deliver(t, good, records(ownKey(good)), { tls });
    assert.equal(met(tried), '3 1 1');
    assert.equal(tried.partner.taken.length, 1);
    assert.deepEqual(tried.asked, [`${HOST} its port`]);
    refused(await deliver(t, good, undefined, { tls }), /cannot be trusted/);
    refused(await deliver(t, good, { kind: 'none', why: 'absent' }, { tls }), /cannot be trusted/);
  });

test('a certificate that meets no record is refused, whoever issued it, and its owner hears no login', async (t) => {
  const tlsa = records(ownKey(good));
  const fake = await server(other);
  refused(await deliver(t, fake, tlsa), /meets none of its TLSA records \(3 1 1\)/);
  const trusted = { authorities: [certificatePem(other.certificate)] };
  refused(await deliver(t, fake, tlsa, trusted), /meets none of its TLSA records/);
  assert.equal(met(await deliver(t, fake, { kind: 'none', why: 'absent' }, trusted)), undefined);
});

test('every form of record is met by what it stands for, and by nothing else', async (t) => {
  const fake = await server(other);
  for (const selector of [0, 1] as const)
    for (const matching of [0, 1, 2] as const) {
      const text = `3 ${selector} ${matching}`;
      assert.equal(met(await deliver(t, good, records(tlsaOf(good.own, 3, selector, matching)))), text);
      refused(await deliver(t, fake, records(tlsaOf(good.own, 3, selector, matching))), /meets none/);
      const above = `2 ${selector} ${matching}`;
      assert.equal(met(await deliver(t, good, records(tlsaOf(good.above, 2, selector, matching)))), above);
      refused(await deliver(t, fake, records(tlsaOf(good.above, 2, selector, matching))), /TLSA record/);
    }
});

test('by its own key neither name nor dates count (RFC 7672 section 3.1.1); by its authority both do', async (t) => {
  for (const [shown, why] of [
    [ended, /expired/],
    [misnamed, /for another name than mx\.partner\.test/],
  ] as const) {
    assert.equal(met(await deliver(t, shown, records(ownKey(shown)))), '3 1 1');
    refused(await deliver(t, shown, records(tlsaOf(shown.above, 2, 0, 1))), why);
  }
});

test('an authority that is sent along and named in a record vouches for nothing that it did not issue', async (t) => {
  const fake = await server(other);
  const certificate = fake.certificate + certificatePem(authority.certificate);
  refused(await deliver(t, { ...fake, certificate }, records(tlsaOf(good.above, 2, 1, 1))), /meets none|TLSA record/);
});

test('its own certificate is no authority: usage 2 does not hold for it', async (t) => {
  refused(await deliver(t, good, records(tlsaOf(good.own, 2, 0, 1))), /meets none/);
});

test("what a partner's record demands holds besides: authorities, pins, name", async (t) => {
  const tlsa = records(ownKey(good));
  const [whole, key] = pinsOf(new X509Certificate(good.own));
  const [stranger] = pinsOf(new X509Certificate(misnamed.own));
  refused(await deliver(t, good, tlsa, { authorities: [certificatePem(other.certificate)] }), /cannot be trusted/);
  assert.equal(met(await deliver(t, good, tlsa, { authorities: [certificatePem(authority.certificate)] })), '3 1 1');
  refused(await deliver(t, good, tlsa, { pins: [stranger] }), /not pinned/);
  for (const pin of [whole, key]) assert.equal(met(await deliver(t, good, tlsa, { pins: [stranger, pin] })), '3 1 1');
  refused(await deliver(t, good, tlsa, { certificateName: 'mx.stranger.test' }), /is not for mx\.stranger\.test/);
  assert.equal(
    met(await deliver(t, misnamed, records(ownKey(misnamed)), { certificateName: 'mx.stranger.test' })),
    '3 1 1',
  );
  const inTime = { authorities: [certificatePem(authority.certificate)] };
  refused(await deliver(t, ended, records(ownKey(ended)), inTime), /expired/);
});

test('where nobody can say whether there are records nothing is connected to', async (t) => {
  const { answer, partner } = await deliver(t, good, {
    kind: 'failed',
    text: 'its TLSA records cannot be looked up: x',
  });
  assert.ok(answer.kind === 'lost' && answer.why === 'lookup' && answer.at === 'session', JSON.stringify(answer));
  assert.equal(partner.connections, 0);
});

test('a partner that must be known by records is not reached without', async (t) => {
  const required = { dane: 'required', authorities: [certificatePem(authority.certificate)] } as const;
  for (const [found, why] of [
    [undefined, /not looked up here \(delivery\.dane-resolver\)/],
    [{ kind: 'none', why: 'insecure' }, /the zone of its host is not signed/],
    [{ kind: 'none', why: 'unusable' }, /none of usage 2 or 3/],
  ] as const) {
    const tried = await deliver(t, good, found, required);
    refused(tried, why);
    assert.equal(tried.partner.connections, 0);
  }
  refused(await deliver(t, good, records(ownKey(good)), { ...required, host: '127.0.0.1' }), /no name in the DNS/);
  assert.equal(met(await deliver(t, good, records(ownKey(good)), required)), '3 1 1');
});

test('where they are off nobody is asked', async (t) => {
  const off = { dane: 'off', authorities: [certificatePem(authority.certificate)] } as const;
  const tried = await deliver(t, good, records(ownKey(misnamed)), off);
  assert.equal(met(tried), undefined);
  assert.deepEqual(tried.asked, []);
});

test('a look-up that never ends costs a minute, and what comes of it later opens no connection', async (t) => {
  const clock = new FakeClock();
  const partner = await ScriptedPartner.start({ key: good.key, certificate: good.certificate });
  let tell: (found: TlsaAnswer) => void = () => undefined;
  const find = (): Promise<TlsaAnswer> => new Promise((resolve) => (tell = resolve));
  let connects = 0;
  const lookup: typeof toLoopback = (...asked) => {
    connects++;
    toLoopback(...asked);
  };
  const courier = createCourier({ clock, lookup, tlsa: { find } });
  t.after(async () => {
    await courier.close();
    await partner.stop();
  });
  const to = {
    partner: 1 as PartnerId,
    host: HOST,
    port: partner.port,
    tls: 'implicit',
    helo: 'x',
    connections: 1,
  } as const;
  const delivered = courier.deliver(to, parcel, new AbortController().signal);
  clock.advance(61_000);
  const answer = await delivered;
  assert.ok(answer.kind === 'lost' && answer.why === 'timeout', JSON.stringify(answer));
  tell(records(ownKey(good)));
  await new Promise(setImmediate);
  assert.deepEqual([connects, partner.connections], [0, 0]);
});

test('partner test shows the record that was met', async (t) => {
  const partner = await ScriptedPartner.start({ key: good.key, certificate: good.certificate, tls: 'starttls' });
  t.after(() => partner.stop());
  const find = (): Promise<TlsaAnswer> => Promise.resolve(records(ownKey(good)));
  const probe = createCourierProbe({ clock: new FakeClock(), tlsa: { find } });
  // A name that the system itself knows.
  const to = {
    partner: 1 as PartnerId,
    host: 'localhost',
    port: partner.port,
    tls: 'starttls',
    helo: 'x',
    connections: 1,
  } as const;
  const report = await probe.probe(to);
  assert.deepEqual([report.ok, report.tlsa, report.problem], [true, '3 1 1', undefined]);
  await until('it said QUIT', () => partner.lines.at(-1) === 'QUIT');
});
