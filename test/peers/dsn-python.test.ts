/**
 * The notices that a running gateway files, read by Python's email package: every combination of
 * NOTIFY that RFC 3461 section 4.1 allows, for a mailbox, a partner whose server speaks DSN and one
 * whose server does not; success, delay and failure.
 *
 * What is owed is written down here from the RFC (section 5.2), and compared with what the sender's
 * mailbox holds in the end: no more, no less.
 */
// @beside
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { days, hours, minutes, seconds } from '../../src/domain/units.ts';
import { testCertificates } from '../support/certificates.ts';
import { FakeClock } from '../support/clock.ts';
import { type TestGateway, addressOf, loginOf, startTestGateway } from '../support/gateway.ts';
import { fetchAll, send } from '../support/mail.ts';
import { ScriptedPartner } from '../support/partner.ts';
import { addTestPartner } from '../support/push.ts';
import { withoutProgram } from '../support/require.ts';
import { until } from '../support/until.ts';
import { run } from './run.ts';

/** Reads messages as lines of base64; writes one line of JSON for each. */
const PYTHON = `
import sys, json, base64, email, email.policy
def fields(block):
    return {name.lower(): value for name, value in block.items()}
for line in sys.stdin.buffer:
    m = email.message_from_bytes(base64.b64decode(line), policy=email.policy.default)
    found = {
        'type': m.get_content_type(), 'report': m.get_param('report-type'), 'header': fields(m),
        'defects': [repr(d) for part in m.walk() for d in part.defects],
        'parts': [part.get_content_type() for part in m.iter_parts()] if m.is_multipart() else [],
        'message': {}, 'recipients': [], 'text': m.get_body(('plain',)).get_content(),
    }
    if found['report'] == 'delivery-status':
        status = list(m.iter_parts())[1]
        blocks = [fields(block) for block in status.iter_parts()]
        found['message'], found['recipients'] = blocks[0], blocks[1:]
    print(json.dumps(found))
`;

interface Parsed {
  readonly type: string;
  readonly report: string | null;
  readonly header: Readonly<Record<string, string>>;
  readonly defects: readonly string[];
  readonly parts: readonly string[];
  readonly message: Readonly<Record<string, string>>;
  readonly recipients: readonly Readonly<Record<string, string>>[];
  readonly text: string;
}

async function parse(messages: readonly string[]): Promise<Parsed[]> {
  const home = mkdtempSync(join(tmpdir(), 'sluis-peer-'));
  const input = Buffer.from(messages.map((m) => `${Buffer.from(m, 'latin1').toString('base64')}\n`).join(''));
  const out = await run('python3', ['-c', PYTHON], { home, input }).finally(() => rmSync(home, { recursive: true }));
  const lines = out.toString().trimEnd().split('\n');
  assert.equal(lines.length, messages.length);
  return lines.map((line) => JSON.parse(line) as Parsed);
}

/**
 * RFC 3461 section 4.1: absent, NEVER alone, or any of the three. Also the envelope's id, as xtext
 * has it.
 */
const COMBINATIONS = [
  '',
  'NEVER',
  'SUCCESS',
  'FAILURE',
  'DELAY',
  'SUCCESS,FAILURE',
  'SUCCESS,DELAY',
  'FAILURE,DELAY',
].concat('SUCCESS,FAILURE,DELAY');
type Told = 'SUCCESS' | 'FAILURE' | 'DELAY';
/**
 * Without NOTIFY failure and delay are told (section 4.1: a server may tell of delays; ours does).
 */
const wants = (notify: string, told: Told): boolean =>
  notify === '' ? told !== 'SUCCESS' : notify.split(',').includes(told);
const envelopeId = (notify: string): string => `n-${notify.toLowerCase().replaceAll(',', '.')}`;

const LAB = addressOf('lab');
const RECIPIENTS = [
  LAB,
  ...['dsn.test', 'plain.test'].flatMap((domain) => ['ok', 'bad', 'late'].map((name) => `${name}@${domain}`)),
];

/** What RFC 3461 owes a sender for one recipient, in the order of time: action and status. */
function owed(recipient: string, notify: string): string[] {
  const [name = '', domain] = recipient.split('@');
  const told = (what: Told, notice: string): string[] => (wants(notify, what) ? [notice] : []);
  if (domain === 'group.test')
    // Filed; never fetched. Who was told of success is not told "failed" as well: that one reads a
    // letter.
    return wants(notify, 'SUCCESS') ? ['delivered 2.0.0'] : told('FAILURE', 'failed 5.4.7');
  switch (name) {
    case 'ok':
      // Section 5.2.1: a server with DSN tells of success itself; section 5.2.2: of one without it
      // we say `relayed`.
      return domain === 'dsn.test' ? [] : told('SUCCESS', 'relayed 2.0.0');
    case 'bad':
      return told('FAILURE', 'failed 5.1.1');
    default:
      return [...told('DELAY', 'delayed 4.2.0'), ...told('FAILURE', 'failed 5.4.7')];
  }
}

interface Bench {
  readonly gateway: TestGateway;
  readonly clock: FakeClock;
  readonly dsn: ScriptedPartner;
  readonly plain: ScriptedPartner;
}

async function open(t: TestContext): Promise<Bench> {
  const clock = new FakeClock();
  const gateway = await startTestGateway({ accounts: ['anna', 'lab'], clock });
  t.after(() => gateway.remove());
  // No warnings of mailboxes: these people are here for their reports.
  await gateway.store.registry.changeSettings(
    { scope: 'organisation', name: 'group' },
    { rhythm: 0 },
    { name: 'test' },
  );
  const { server, ca } = await testCertificates();
  const partner = async (name: string, extensions: readonly string[]): Promise<ScriptedPartner> => {
    const scripted = await ScriptedPartner.start({
      ...server,
      extensions,
      act: (step, _n, line) =>
        step !== 'RCPT'
          ? undefined
          : line.includes('<bad@')
            ? '550 5.1.1 <bad> no such mailbox'
            : line.includes('<late@')
              ? '451 4.2.0 the mailbox is being moved'
              : undefined,
    });
    t.after(() => scripted.stop());
    await addTestPartner(gateway.store, name, {
      ...{ host: '127.0.0.1', port: scripted.port, tls: 'implicit', connections: 2 },
      authorities: ca.certificate,
    });
    return scripted;
  };
  const common = ['PIPELINING', '8BITMIME', 'ENHANCEDSTATUSCODES'];
  return { gateway, clock, dsn: await partner('dsn', [...common, 'DSN']), plain: await partner('plain', common) };
}

const submit = (gateway: TestGateway, notify: string, to: readonly string[], ret: 'FULL' | 'HDRS'): Promise<string> =>
  send(gateway.target('submission'), loginOf('anna'), {
    from: addressOf('anna'),
    parameters: `RET=${ret} ENVID=${envelopeId(notify)}`,
    to: to.map((address) => [
      address,
      `ORCPT=rfc822;${address.replace(/^./, (first) => first.toUpperCase())}${notify === '' ? '' : ` NOTIFY=${notify}`}`,
    ]),
    content: [
      ...[`From: ${addressOf('anna')}`, 'To: undisclosed-recipients:;', 'Subject: uitslag'],
      ...['Date: Wed, 25 Nov 2026 12:00:00 +0000', `Message-ID: <${envelopeId(notify)}@group.test>`, '', 'Body.', ''],
    ].join('\r\n'),
  });

/** Milliseconds for hundreds of attempts, on a machine that is busy with other programs. */
const PATIENCE = 60_000;

/**
 * Lets time pass in steps until it is so; each step waits for the attempts that have become due.
 */
async function pass(bench: Bench, what: string, step: number, done: () => Promise<boolean>): Promise<void> {
  const { gateway, clock } = bench;
  const { deliveries } = gateway.store;
  const idle = (): boolean => (gateway.admin.gateway?.status().partners ?? []).every(({ active }) => active === 0);
  await until(
    what,
    async () => {
      if (!idle()) return false;
      const due = (await deliveries.list({ limit: 1000 })).some(({ dueAt }) => dueAt <= clock.now());
      if (!due && (await done())) return true;
      // Something has begun meanwhile.
      if (!idle()) return false;
      // The wall alone, and then as long as the dispatcher waits before it looks: no deadline of an
      // attempt comes nearer than that.
      if (!due) clock.setWall(clock.now() + step);
      clock.advance(seconds(31));
      return false;
    },
    PATIENCE,
  );
}

const waiting = async ({ gateway }: Bench, delayed: boolean): Promise<number> =>
  (await gateway.store.deliveries.list({ limit: 1000 })).filter(
    ({ delayedAt }) => (delayedAt === undefined) !== delayed,
  ).length;

/** Action and status of every notice, by envelope id and recipient. */
function found(notices: readonly Parsed[]): Map<string, string[]> {
  const all = new Map<string, string[]>();
  for (const { message, recipients } of notices)
    for (const group of recipients) {
      const key = `${message['original-envelope-id']} ${group['final-recipient']}`;
      all.set(key, [...(all.get(key) ?? []), `${group.action} ${group.status}`]);
    }
  return all;
}

test(
  'senders get what RFC 3461 owes them, for every NOTIFY, and Python reads every field',
  { skip: withoutProgram('python3', 'python3') },
  async (t) => {
    const bench = await open(t);
    const { gateway, clock, dsn, plain } = bench;
    for (const notify of COMBINATIONS) await submit(gateway, notify, RECIPIENTS, 'FULL');
    const late = COMBINATIONS.length * 2;
    await pass(bench, 'all but the late ones are settled', 0, async () => (await waiting(bench, false)) === late);
    await pass(bench, 'the late ones are delayed', minutes(10), async () => (await waiting(bench, true)) === late);
    await pass(bench, 'the late ones are given up', hours(4), async () => (await waiting(bench, true)) === 0);
    const mail = await fetchAll(gateway.target('pop3s'), loginOf('anna'));
    clock.setWall(clock.now() + days(91));
    clock.advance(hours(1));
    await until('what nobody fetched has ended', () =>
      gateway.log.events.some(({ event, fields }) => event === 'mailbox.expired' && fields.account === LAB),
    );
    const notices = await parse([...mail, ...(await fetchAll(gateway.target('pop3s'), loginOf('anna')))]);
    const reports = notices.filter(({ report }) => report === 'delivery-status');

    for (const { defects, type, parts } of notices) {
      assert.deepEqual(defects, []);
      if (type !== 'multipart/report') continue;
      assert.deepEqual(parts.slice(0, 2), ['text/plain', 'message/delivery-status']);
    }
    const expected = new Map<string, string[]>();
    for (const notify of COMBINATIONS)
      for (const recipient of RECIPIENTS) {
        const list = owed(recipient, notify);
        if (list.length > 0) expected.set(`${envelopeId(notify)} rfc822; ${recipient}`, list);
      }
    assert.deepEqual(new Map([...found(reports)].sort()), new Map([...expected].sort()));

    await t.test('each report has the fields of RFC 3464, and a header that answers the message', () => {
      for (const { header, message, recipients, parts, text } of reports) {
        const about = `<${message['original-envelope-id']}@group.test>`;
        assert.equal(message['reporting-mta'], 'dns; mail.test');
        assert.match(message['arrival-date'] ?? '', /^Wed, 25 Nov 2026 12:\d\d:\d\d \+0000$/);
        assert.equal(header.to, addressOf('anna'));
        assert.match(header.from ?? '', /^Sluis <postmaster@mail\.test>$/);
        assert.deepEqual([header['in-reply-to'], header.references], [about, about]);
        assert.equal(header['auto-submitted'], 'auto-replied');
        assert.equal(header['mime-version'], '1.0');
        for (const group of recipients) checkGroup(group);
        const failed = recipients.some(({ action }) => action === 'failed');
        assert.deepEqual(parts.slice(2), [failed ? 'message/rfc822' : 'text/rfc822-headers']);
        for (const { 'final-recipient': to = '' } of recipients) assert.ok(text.includes(to.replace('rfc822; ', '')));
      }
    });

    await t.test('a server with DSN is told NOTIFY and ORCPT as the sender gave them, one without is not', () => {
      const commands = (partner: ScriptedPartner): string[] =>
        partner.taken.map(({ rcpt }) => rcpt.replace('RCPT TO:<ok@', '').replace('.test>', '')).sort();
      assert.deepEqual(
        commands(dsn),
        COMBINATIONS.map((n) => `dsn${n === '' ? '' : ` NOTIFY=${n}`} ORCPT=rfc822;Ok@dsn.test`).sort(),
      );
      assert.deepEqual(commands(plain), Array(COMBINATIONS.length).fill('plain'));
      for (const { mail } of dsn.taken) assert.match(mail, / RET=FULL ENVID=n-/);
      for (const { mail } of plain.taken) assert.doesNotMatch(mail, /RET=|ENVID=/);
    });

    await t.test(
      'what is not a failure is a letter and no report: not fetched yet, and the end after "delivered"',
      () => {
        const letters = notices.filter(({ type }) => type === 'text/plain').map(({ header }) => header.subject);
        const asked = (what: Told): number => COMBINATIONS.filter((notify) => wants(notify, what)).length;
        assert.deepEqual(letters, [
          `Nog niet opgehaald: ${asked('DELAY')} berichten aan ${LAB}`,
          ...Array<string>(asked('SUCCESS')).fill(`Nooit opgehaald: uw bericht aan ${LAB}`),
        ]);
      },
    );
  },
);

/** One recipient's group. */
function checkGroup(group: Readonly<Record<string, string>>): void {
  const [, address = ''] = /^rfc822; (.*)$/.exec(group['final-recipient'] ?? '') ?? [];
  assert.equal(group['original-recipient'], `rfc822; ${address.replace(/^./, (first) => first.toUpperCase())}`);
  const pushed = !address.endsWith('@group.test');
  // RFC 3464 sections 2.3.5, 2.3.6: where a server answered, which one and what it said.
  assert.equal(group['remote-mta'], pushed ? 'dns; 127.0.0.1' : undefined, address);
  const diagnostic: Record<string, RegExp> = {
    ok: /^smtp; 250 2\.0\.0 queued as \d+$/,
    bad: /^smtp; 550 5\.1\.1 <bad> no such mailbox$/,
    late: /^smtp; 451 4\.2\.0 the mailbox is being moved$/,
  };
  const said = diagnostic[address.split('@')[0] ?? ''];
  if (said !== undefined) assert.match(group['diagnostic-code'] ?? '', said);
  assert.equal(group['last-attempt-date'] !== undefined, pushed);
  assert.equal(group['will-retry-until'] !== undefined, group.action === 'delayed');
}

test(
  'RET=HDRS brings the header alone back, also with a failure',
  { skip: withoutProgram('python3', 'python3') },
  async (t) => {
    const { gateway } = await open(t);
    await submit(gateway, 'FAILURE', ['bad@plain.test'], 'HDRS');
    let mail: string[] = [];
    await until('the notice is there', async () => {
      mail = await fetchAll(gateway.target('pop3s'), loginOf('anna'));
      return mail.length > 0;
    });
    const [notice] = await parse(mail);
    assert.deepEqual(notice?.parts, ['text/plain', 'message/delivery-status', 'text/rfc822-headers']);
    assert.doesNotMatch(mail.join(), /^Body\.\r$/m);
  },
);
