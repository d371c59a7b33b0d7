/** What the sender of a test reads, as golden files, and what the look at its message may cost. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import type { AccountId, OrganisationId } from '../../src/domain/ids.ts';
import type { Language } from '../../src/domain/registry.ts';
import { SAMPLE, type TestedMessage } from '../../src/domain/tested-message.ts';
import { instant, milliseconds, octets, seconds } from '../../src/domain/units.ts';
import { EdiCollector } from '../../src/edi/collector.ts';
import { writeLetter } from '../../src/letters/letter.ts';
import { MAX_REMARKS, remarksOn } from '../../src/lint/remarks.ts';
import { TestReporter } from '../../src/lint/test-reports.ts';
import { ViewThread } from '../../src/lint/view-thread.ts';
import type { View } from '../../src/lint/view.ts';
import { MimeWalk } from '../../src/mime/walk.ts';
import { matchesGolden } from '../support/region.ts';
import { address } from '../support/store.ts';

function tested(content: string, more: Partial<TestedMessage> = {}): TestedMessage {
  const octetsOf = Buffer.from(content.replaceAll(/\r?\n/g, '\r\n'), 'latin1');
  const edi = new EdiCollector();
  const walk = new MimeWalk(edi.observe);
  walk.write(octetsOf);
  const { leaves, limits } = walk.end();
  return {
    at: instant(Date.parse('2026-11-25T08:05:00Z')),
    account: {
      ...{
        id: 1 as AccountId,
        login: 'hap@brug.test',
        organisation: 1 as OrganisationId,
        kind: 'edi',
        state: 'active',
      },
      settings: {},
    },
    organisation: { id: 1 as OrganisationId, name: 'brug', title: 'De Brug', language: 'nl', settings: {} },
    sender: address('hap@brug.test'),
    addressee: address('test@mail.test'),
    session: { tls: 'TLSv1.3', cipher: 'TLS_AES_256_GCM_SHA384', mechanism: 'PLAIN', helo: 'client.brug.test' },
    body: '8BITMIME',
    quirks: [],
    messageId: '1@brug.test',
    removed: [],
    encrypted: false,
    parts: { leaves, limits, interchanges: edi.interchanges(new Set(leaves.map((leaf) => leaf.path))) },
    octets: octets(octetsOf.length),
    sha256: createHash('sha256').update(octetsOf).digest('hex'),
    sample: octetsOf.subarray(0, SAMPLE),
    ...more,
  };
}

async function report(message: TestedMessage, language: Language, reporter = new TestReporter()): Promise<string> {
  const letters = await reporter.lettersOn(message);
  const { subject, lines } = writeLetter(letters, language, { address: 'postmaster@mail.test' });
  return [`Subject: ${subject}`, '', ...lines, ''].join('\r\n');
}

const OLD = `From: hap@brug.test
To: test@mail.test
Subject: Uitslag caf\xe9
Content-Type: multipart/mixed; boundary=x

--x
Content-Type: text/plain

Beste collega, de uitslag van Zo\xeb.
begin 644 uitslag.txt
#86)C
\x60
end
--x
Content-Type: text/plain; charset=utf-8

na\xefef
--x
Content-Type: application/edifact; name=lab.edi
Content-Transfer-Encoding: 8bit

UNA:+.? '
UNB+UNOA:1+500012345+500054321+261125:0905+4711'
UNH+1+MEDLAB:1'
BGM+LAB'
UNT+9+2'
UNZ+1+4711'
--x--
`;

const CLEAN = `From: Lab <lab@lab.test>
To: test@mail.test
Subject: =?utf-8?Q?Caf=C3=A9?=
Date: Wed, 25 Nov 2026 09:00:00 +0100
Message-ID: <2@lab.test>
MIME-Version: 1.0
Content-Type: multipart/signed; protocol="application/pkcs7-signature"; micalg=sha-256; boundary=s

--s
Content-Type: multipart/mixed; boundary=x

--x
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: quoted-printable

Zo=C3=AB
--x
Content-Type: application/edifact; name=lab.edi
Content-Transfer-Encoding: base64

VU5CK1VOT0M6MyszMDAwMTIzNDUrMzAwMDU0MzIxKzI2MTEyNTowOTA1KzQ3MTInVU5IKzErTUVE
RVVSOjEnQkdNK0xBQidVTlQrMysxJ1VOWisxKzQ3MTIn
--x--
--s
Content-Type: application/pkcs7-signature; name=smime.p7s
Content-Transfer-Encoding: base64

AAAA
--s--
`;

test('an old system reads what is wrong, in Dutch first, each with the section that says so', async () => {
  const message = tested(OLD, {
    session: { tls: 'TLSv1.2', cipher: 'TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256', mechanism: 'LOGIN', helo: 'HAP-PC' },
    body: '7BIT',
    quirks: [
      { quirk: 'helo', count: 1, allowed: false },
      { quirk: 'no-brackets', count: 1, allowed: false },
      { quirk: 'login-initial', count: 1, allowed: true },
      { quirk: 'line-ends', count: 412, allowed: true },
      { quirk: 'nul', count: 2, allowed: false },
      { quirk: 'no-date', count: 1, allowed: true },
      { quirk: 'no-message-id', count: 1, allowed: true },
    ],
    messageId: '',
    removed: ['bcc'],
  });
  matchesGolden('test-report-old.eml', await report(message, 'nl'));
});

test('a good message has nothing remarked, and its sender reads what would arrive', async () => {
  const text = await report(tested(CLEAN), 'en');
  assert.match(text, /^Subject: Test report: no errors, 0 remarks\r\n/);
  matchesGolden('test-report-clean.eml', text);
});

test('a message that cannot be looked at in time has a report all the same', async () => {
  const slow = new ViewThread({ time: milliseconds(0), waiting: 1 });
  assert.match(await report(tested(OLD), 'en', new TestReporter(slow)), /could not be looked at this time/);
});

test('no more than a few looks wait, and the others go without', async () => {
  const thread = new ViewThread({ time: seconds(20), waiting: 2 });
  const sample = Buffer.from(CLEAN);
  const views = await Promise.all([thread.look(sample), thread.look(sample), thread.look(sample)]);
  assert.deepEqual(
    views.map((view) => view !== undefined),
    [true, true, false],
  );
  assert.ok((await thread.look(sample)) !== undefined);
});

test('hostile messages cost their thread, not the loop: it ends in time and no turn is held', async () => {
  const thread = new ViewThread({ time: seconds(20), waiting: 8 });
  const nested = Array.from(
    { length: 9000 },
    (_, i) => `Content-Type: multipart/mixed; boundary=b${i}\r\n\r\n--b${i}\r\n`,
  );
  const samples = [
    nested.join(''),
    `X: ${'a'.repeat(SAMPLE)}`,
    'X: a\r\n'.repeat(SAMPLE / 6),
    `Content-Type: text/html\r\n\r\n${'<div>'.repeat(SAMPLE / 5)}`,
    `To: ${'<a@b>,'.repeat(SAMPLE / 6)}\r\n\r\n`,
    `To: ${'('.repeat(SAMPLE / 2)}\r\n\r\n`,
    `Subject: ${'=?utf-8?Q?a?= '.repeat(SAMPLE / 14)}\r\n\r\n`,
  ];
  let longest = 0;
  let last = performance.now();
  const watch = setInterval(() => {
    longest = Math.max(longest, performance.now() - last);
    last = performance.now();
  }, 1);
  for (const sample of samples) {
    const view: View | undefined = await thread.look(Buffer.from(sample, 'latin1').subarray(0, SAMPLE));
    if (view !== undefined) assert.ok(JSON.stringify(view).length < 100_000);
  }
  clearInterval(watch);
  // Two shared cores: the bound is for a loop that is held, not for a thread that starts.
  assert.ok(longest < 500, `${longest} ms`);
});

test('the remarks are bounded', () => {
  const quirks = Array.from({ length: 500 }, () => ({ quirk: 'nul', count: 1, allowed: false }) as const);
  assert.equal(remarksOn(tested(CLEAN, { quirks }), undefined).length, MAX_REMARKS);
});
