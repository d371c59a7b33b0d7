// @beside
/**
 * DANE with Debian's unbound and zones signed here: every downgrade that RFC 7672 warns of, tried
 * on the way that a delivery takes.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, test } from 'node:test';
import { issue, makeKeyPair, makeRoot } from '../../src/crypto/certificates/authority.ts';
import { certificatePem } from '../../src/crypto/certificates/certificate.ts';
import { makeName } from '../../src/crypto/certificates/distinguished-name.ts';
import type { Answer } from '../../src/push/courier.ts';
import { Resolver } from '../../src/dns/resolver.ts';
import { tlsaOf } from '../../src/dns/tlsa.ts';
import { newTlsaCounts } from '../../src/dns/tlsa-counts.ts';
import { RememberedTlsa } from '../../src/dns/tlsa-source.ts';
import type { PartnerId } from '../../src/domain/ids.ts';
import { days, instant } from '../../src/domain/units.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { createCourier } from '../../src/smtp/courier.ts';
import { sluisHere } from '../support/command-line.ts';
import { addressOf, loginOf } from '../support/gateway.ts';
import { MemoryLog } from '../support/log.ts';
import { startMailGateway } from '../support/mail-people.ts';
import { ScriptedPartner, parcel } from '../support/partner.ts';
import { hasProgram, present } from '../support/require.ts';
import { SmtpClient } from '../support/smtp-client.ts';
import type { Cleanup } from '../support/store.ts';
import { type Unbound, startUnbound } from '../support/unbound.ts';
import { until } from '../support/until.ts';

process.env.PATH = `${process.env.PATH ?? ''}:/usr/sbin`;
const options = {
  skip:
    present('the program unbound', hasProgram('unbound'), 'install it with "apt-get install unbound"') ||
    present('the program ldns-signzone', hasProgram('ldns-signzone'), 'install it with "apt-get install ldnsutils"'),
};

interface Shown {
  readonly key: string;
  readonly certificate: string;
  readonly own: Buffer;
  readonly above: Buffer;
}
const now = systemClock.now();
async function server(host: string): Promise<Shown> {
  const context = { now, random: randomBytes };
  const subject = makeName({ commonName: `authority of ${host}` });
  const by = await makeRoot({ subject, keys: await makeKeyPair('p256'), lifetime: days(9) }, context);
  const { privateKey, publicKey } = await makeKeyPair('p256');
  const wanted = {
    use: 'server',
    subject: makeName({ commonName: host }),
    publicKey,
    emails: [],
    hosts: [host],
  } as const;
  const made = await issue(by, { ...wanted, notAfter: instant(now + days(5)) }, context);
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    certificate: `${certificatePem(made)}${certificatePem(by.certificate)}`,
    own: made.der,
    above: by.certificate.der,
  };
}

const ends: (() => void | Promise<void>)[] = [];
const whole: Cleanup = { after: (end: () => void | Promise<void>) => void ends.push(end) };
let unbound: Unbound;
let honest: ScriptedPartner;
/**
 * Sits on the way and shows a certificate of its own, for which its own signed zone has a record.
 */
let evil: ScriptedPartner;
let honestShown: Shown;
let evilShown: Shown;

before(async () => {
  if (options.skip !== false) return;
  [honestShown, evilShown] = await Promise.all([server('mx.signed.test'), server('mx.evil.test')]);
  honest = await ScriptedPartner.start({ ...honestShown, tls: 'starttls' });
  evil = await ScriptedPartner.start({ ...evilShown, tls: 'starttls' });
  ends.push(
    () => honest.stop(),
    () => evil.stop(),
  );
  const own = tlsa(tlsaOf(honestShown.own, 3, 1, 1));
  const above = tlsa(tlsaOf(honestShown.above, 2, 0, 1));
  const theirs = tlsa(tlsaOf(evilShown.own, 3, 1, 1));
  const stranger = tlsa({ usage: 3, selector: 1, matching: 1, data: randomBytes(32) });
  const at = (name: string, data: string, port = honest.port): string => `_${port}._tcp.${name} IN TLSA ${data}`;
  unbound = await startUnbound(whole, {
    'signed.test': {
      records: [
        ...['mx IN A 127.0.0.1', at('mx', own), 'ta IN A 127.0.0.1', at('ta', above)],
        ...['alias IN CNAME mx', 'elsewhere IN CNAME mx.unsigned.test.', at('elsewhere', own)],
        ...['away IN CNAME mx.unsigned.test.', 'without IN A 127.0.0.1', 'six IN AAAA ::1', at('six', own)],
        ...['unusable IN A 127.0.0.1', at('unusable', own.replace(/^3/, '1'))],
        ...['other IN A 127.0.0.1', at('other', stranger), 'many IN A 127.0.0.1', at('many', own)],
        ...Array.from({ length: 60 }, () =>
          at('many', tlsa({ usage: 3, selector: 1, matching: 1, data: randomBytes(32) })),
        ),
        ...['shared IN A 127.0.0.1', `_${honest.port}._tcp.shared IN CNAME _dane`, `_dane IN TLSA ${own}`],
      ],
    },
    'unsigned.test': {
      kind: 'unsigned',
      // What somebody on the way makes of it: an alias into a zone of theirs, or a record.
      records: ['mx IN A 127.0.0.1', at('mx', own), 'forged IN CNAME mx.evil.test.', `plain IN A 127.0.0.1`],
    },
    'evil.test': { records: ['mx IN A 127.0.0.1', at('mx', theirs, evil.port)] },
    'bogus.test': {
      records: ['mx IN A 127.0.0.1', at('mx', own, evil.port), 'host IN A 127.0.0.1', at('host', own)],
      // Its signature is that of another record; and one address is another one.
      alter: (lines) =>
        lines.map((line) =>
          /\sTLSA\s/.test(line) && line.includes('_tcp.mx') && !line.includes('RRSIG')
            ? `_${evil.port}._tcp.mx.bogus.test. 60 IN TLSA ${theirs}`
            : line.replace(/^(host\.bogus\.test\.\s+60\s+IN\s+A\s+)127\.0\.0\.1/, '$1127.0.0.2'),
        ),
    },
    'stripped.test': {
      records: ['mx IN A 127.0.0.1'],
      // "There is no TLSA record", without the proof.
      alter: (lines) => lines.filter((line) => !/\s(?:NSEC|NSEC3)\s/.test(line)),
    },
    'old.test': {
      records: ['mx IN A 127.0.0.1', at('mx', own)],
      sign: ['-i', '20200101000000', '-e', '20200201000000'],
    },
    'hashed.test': { records: ['mx IN A 127.0.0.1', at('mx', own), 'without IN A 127.0.0.1'], sign: ['-n'] },
  });
});
after(async () => {
  for (const end of ends.reverse()) await end();
});

const tlsa = ({
  usage,
  selector,
  matching,
  data,
}: {
  usage: number;
  selector: number;
  matching: number;
  data: Buffer;
}): string => `${usage} ${selector} ${matching} ${data.toString('hex')}`;

interface Tried {
  readonly answer: Answer;
  readonly outcome: string;
  readonly serverName: string | undefined;
}

/**
 * One delivery to `host`, which leads to `partner` whatever the DNS says of addresses: the worst
 * case.
 */
async function deliver(host: string, partner: ScriptedPartner, authorities?: readonly string[]): Promise<Tried> {
  const counts = newTlsaCounts();
  const before = Object.fromEntries(counts.lookups.read().map(({ labels, value }) => [labels.outcome, value]));
  const tlsaSource = new RememberedTlsa({
    dns: new Resolver({ at: unbound.at, clock: systemClock }),
    clock: systemClock,
    log: new MemoryLog(),
    counts,
  });
  const courier = createCourier({
    clock: systemClock,
    tlsa: tlsaSource,
    lookup: (_host, how, done) =>
      how.all === true ? done(null, [{ address: '127.0.0.1', family: 4 }]) : done(null, '127.0.0.1', 4),
  });
  const destination = {
    ...{
      partner: 1 as PartnerId,
      host,
      port: partner.port,
      tls: 'starttls' as const,
      helo: 'gateway.test',
      connections: 1,
    },
    ...(authorities === undefined ? {} : { authorities }),
  };
  const messages = partner.taken.length;
  const answer = await courier.deliver(destination, parcel, new AbortController().signal);
  await courier.close();
  const changed = counts.lookups.read().filter(({ labels, value }) => value !== before[labels.outcome]);
  assert.equal(partner.taken.length - messages, answer.kind === 'taken' ? 1 : 0);
  return {
    answer,
    outcome: changed.map(({ labels }) => labels.outcome).join(' '),
    serverName: partner.serverNames.at(-1),
  };
}
const met = ({ answer }: Tried): string | undefined =>
  answer.kind === 'taken' ? answer.session.tlsa : assert.fail(JSON.stringify(answer));
const lost = ({ answer }: Tried): string =>
  answer.kind === 'lost' ? `${answer.why} at ${answer.at}` : assert.fail(JSON.stringify(answer));

test('a signed record verifies a server that no public authority knows', options, async () => {
  const tried = await deliver('mx.signed.test', honest);
  assert.equal(met(tried), '3 1 1');
  assert.equal(tried.serverName, 'mx.signed.test');
  assert.equal(met(await deliver('mx.hashed.test', honest)), '3 1 1');
  assert.equal(met(await deliver('six.signed.test', honest)), '3 1 1');
  assert.equal(met(await deliver('shared.signed.test', honest)), '3 1 1');
  // Usage 2 asks for the name as well, and the certificate has another one.
  assert.equal(lost(await deliver('ta.signed.test', honest)), 'certificate at session');
});

test('a set of records too large for a datagram is fetched by TCP', options, async () => {
  assert.equal(met(await deliver('many.signed.test', honest)), '3 1 1');
});

test(
  'whoever shows something else than the record says is refused, also where an authority vouches for it',
  options,
  async () => {
    assert.equal(lost(await deliver('other.signed.test', honest)), 'certificate at session');
    const trusted = [honestShown.certificate];
    assert.equal(lost(await deliver('other.signed.test', honest, trusted)), 'certificate at session');
  },
);

test('a record in a zone that is not signed counts for nothing', options, async () => {
  const tried = await deliver('mx.unsigned.test', honest);
  assert.equal(tried.outcome, 'insecure');
  assert.equal(lost(tried), 'certificate at session');
});

test(
  'insecure CNAME: a forged alias into a signed zone of somebody else does not make them the partner',
  options,
  async () => {
    // The control: asked for by its own name its record does hold.
    assert.equal(met(await deliver('mx.evil.test', evil)), '3 1 1');
    const tried = await deliver('forged.unsigned.test', evil);
    assert.equal(tried.outcome, 'insecure');
    assert.equal(lost(tried), 'certificate at session');
  },
);

test(
  'name after CNAME: a signed alias leads to the name that has the record, and that is the name for SNI',
  options,
  async () => {
    const tried = await deliver('alias.signed.test', honest);
    assert.equal(met(tried), '3 1 1');
    assert.equal(tried.serverName, 'mx.signed.test');
  },
);

test('a signed alias to a name that is not signed has the records of its own name', options, async () => {
  const tried = await deliver('elsewhere.signed.test', honest);
  assert.equal(met(tried), '3 1 1');
  assert.equal(tried.serverName, 'elsewhere.signed.test');
  assert.equal(
    lost(await deliver('away.signed.test', honest)),
    'certificate at session',
    'the record of mx.unsigned.test',
  );
});

test('missing denial: "there is no record" without a proof is no answer, and nothing is sent', options, async () => {
  const tried = await deliver('mx.stripped.test', honest, [honestShown.certificate]);
  assert.equal(tried.outcome, 'failed');
  assert.equal(lost(tried), 'lookup at session');
});

test(
  'SERVFAIL: a record that was changed, an address that was changed, and signatures that ended',
  options,
  async () => {
    for (const host of ['mx.bogus.test', 'host.bogus.test', 'mx.old.test']) {
      const tried = await deliver(host, evil, [evilShown.certificate]);
      assert.equal(tried.outcome, 'failed', host);
      assert.equal(lost(tried), 'lookup at session', host);
    }
  },
);

test(
  'empty set: where it is proved that there is none, or none that can be used, the authority decides',
  options,
  async () => {
    for (const [host, outcome] of [
      ['without.signed.test', 'absent'],
      ['without.hashed.test', 'absent'],
      ['unusable.signed.test', 'unusable'],
      ['nobody.signed.test', 'no-host'],
    ] as const) {
      const tried = await deliver(host, honest);
      assert.equal(tried.outcome, outcome, host);
      assert.equal(lost(tried), 'certificate at session', host);
    }
  },
);

test('a whole gateway pushes by a TLSA record alone, and by nothing where its resolver is away', options, async (t) => {
  const shown = await server('localhost');
  const partner = await ScriptedPartner.start({ ...shown, tls: 'starttls' });
  t.after(() => partner.stop());
  const record = `_${partner.port}._tcp IN TLSA ${tlsa(tlsaOf(shown.own, 3, 1, 1))}`;
  const { at } = await startUnbound(t, { localhost: { records: ['@ IN A 127.0.0.1', record] } });
  const pushed = async (configuration: string): Promise<readonly string[]> => {
    const gateway = await startMailGateway({ accounts: ['anna'], configuration });
    t.after(() => gateway.remove());
    const { registry } = gateway.store;
    const place = { host: 'localhost', port: partner.port, tls: 'starttls', connections: 1 } as const;
    const actor = { name: 'test' };
    await registry.addOrganisation({ name: 'umc', title: 'UMC', language: 'nl' }, actor);
    await registry.addPartner({ name: 'umc', organisation: 'umc', login: 'mta-umc', server: place }, actor);
    await registry.setPartnerDomain('umc', 'umc.test', 'add', actor);
    const client = await SmtpClient.open(gateway.target('submission'), loginOf('anna'));
    await client.submit(addressOf('anna'), ['ward@umc.test'], Buffer.from(`From: <${addressOf('anna')}>\r\n\r\nx\r\n`));
    client.wire.destroy();
    const relayed = async (): Promise<readonly string[]> =>
      (await gateway.store.audit.read({ limit: 1000 }))
        .filter(({ event }) => event === 'delivery.relayed')
        .map(
          ({ facts }) =>
            `relayed by ${/"tlsa":"([^"]+)"/.exec(JSON.stringify(facts).replaceAll('\\', ''))?.[1] ?? 'nothing'}`,
        );
    const ended = /^(?:partner\.(?:untrusted|down)|delivery\.relayed)$/;
    await until('it was tried', () => gateway.log.names.some((name) => ended.test(name)));
    const { stdout } = await sluisHere(['partner', 'test', 'umc', '--json', '--config', gateway.config.file]);
    const tested = /verified by its TLSA record \d \d \d/.exec(stdout)?.[0];
    return [
      ...(await relayed()),
      ...(tested === undefined ? [] : [tested]),
      ...gateway.log.names.filter((name) => name.startsWith('partner.')),
    ];
  };
  assert.deepEqual(await pushed(`[delivery]\ndane-resolver = "127.0.0.1:${at.port}"`), [
    'relayed by 3 1 1',
    'verified by its TLSA record 3 1 1',
  ]);
  assert.deepEqual(await pushed(''), ['partner.untrusted'], 'without DANE nobody vouches for it');
  assert.deepEqual(await pushed('[delivery]\ndane-resolver = "127.0.0.1:1"'), ['partner.down']);
  assert.equal(partner.taken.length, 1);
});
