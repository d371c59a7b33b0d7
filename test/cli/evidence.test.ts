/**
 * `sluis trace --bundle` on a whole gateway: protected, pushed, refused and sent twice; checked by
 * openssl, and by us byte for byte.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { instant } from '../../src/domain/units.ts';
import { parseMessageId } from '../../src/domain/ids.ts';
import { readMasterKey } from '../../src/config/master-key.ts';
import { evidenceKey } from '../../src/crypto/trail/evidence-keys.ts';
import { type ReadDocument, readDocument } from '../../src/trail/read-document.ts';
import { signedDocument } from '../../src/trail/signed-document.ts';
import { collect } from '../crypto/cms/support.ts';
import { value } from '../crypto/support.ts';
import { testCertificates } from '../support/certificates.ts';
import { type Ran, commandsOn, sluisHere } from '../support/command-line.ts';
import { addressOf, loginOf } from '../support/gateway.ts';
import { fetchAll, send } from '../support/mail.ts';
import { type MailGateway, startMailGateway } from '../support/mail-people.ts';
import { ScriptedPartner } from '../support/partner.ts';
import { addTestPartner } from '../support/push.ts';
import { until } from '../support/until.ts';

const folder = mkdtempSync(join(tmpdir(), 'sluis-evidence-'));
const at = (name: string): string => join(folder, name);
const SUBJECT = 'a subject that nobody tells';
const EDI =
  "UNB+UNOA:1+500000003:ZZ+500000004:ZZ+261126:0905+REF0001'\r\nUNH+1+MEDLAB:1'\r\nUNT+2+1'\r\nUNZ+1+REF0001'\r\n";
let gateway: MailGateway;
let partner: ScriptedPartner;

const letter = (id: string, to: string, body = EDI): Buffer =>
  Buffer.from(
    `From: <${addressOf('anna')}>\r\nTo: ${to}\r\nSubject: ${SUBJECT}\r\nDate: Wed, 25 Nov 2026 12:00:00 +0000\r\nMessage-ID: <${id}@group.test>\r\n` +
      `MIME-Version: 1.0\r\nContent-Type: application/edifact; name="lab.edi"\r\nContent-Transfer-Encoding: 7bit\r\n\r\n${body}`,
  );
const submit = (to: readonly string[], content: Buffer): Promise<string> =>
  send(gateway.target('submission'), loginOf('anna'), { from: addressOf('anna'), to, content });

before(async () => {
  const certificates = await testCertificates();
  partner = await ScriptedPartner.start({
    ...{ ...certificates.server, tls: 'starttls' },
    act: (step, _, line) => (step === 'RCPT' && line.includes('<gone@') ? '550 5.1.1 no such ward' : undefined),
  });
  gateway = await startMailGateway({ accounts: ['anna', 'bram'] });
  await addTestPartner(gateway.store, 'hospital', {
    ...{ host: '127.0.0.1', port: partner.port, tls: 'starttls', connections: 1 },
    authorities: certificates.ca.certificate,
  });
});
after(async () => {
  await gateway.remove();
  await partner.stop();
  rmSync(folder, { recursive: true, force: true });
});

const { run, done } = commandsOn(() => gateway.config.file);
const bundle = (message: string, name: string): Promise<string> =>
  done('trace', message, '--bundle', at(name), '--reason', 'complaint 17');
const away = (...args: string[]): Promise<Ran> =>
  sluisHere(['trace', '--config', at('none.toml'), '--verify', ...args]);
const partsOf = async (name: string): Promise<ReadDocument> => value(await readDocument(readFileSync(at(name))));
const openssl = (...args: string[]) => spawnSync('openssl', args, { encoding: 'utf8' });

async function certificate(): Promise<string> {
  const printed = await done('evidence', 'certificate');
  writeFileSync(at('evidence.pem'), printed.split('\n\n')[0]!);
  return at('evidence.pem');
}

test('a message protected for one, pushed to another, sent twice: openssl and we say the same of its evidence', async () => {
  await gateway.give('bram');
  await gateway.set('bram', { encrypt: 'required' });
  await gateway.set('anna', { 'collected-receipts': 'always' });
  const to = [addressOf('bram'), 'ward@hospital.test'];
  await submit(to, letter('twice', to.join(', ')));
  await fetchAll(gateway.target('pop3s'), loginOf('bram'));
  await until('the partner has it', () => partner.taken.length === 1);
  await submit(to, letter('twice', to.join(', '), EDI.replaceAll('REF0001', 'REF0002')));
  await until('the partner has it', () => partner.taken.length === 2);
  const told = await bundle('<twice@group.test>', 'twice.eml');
  assert.match(
    told,
    /2 submissions to .* rows of the audit trail in \d+ pieces? of its chain, each led to a signed anchor/,
  );

  const pem = await certificate();
  const good = openssl('cms', '-verify', '-in', at('twice.eml'), '-CAfile', pem, '-out', at('content.eml'));
  assert.match(good.stderr, /CMS Verification successful/);
  const checked = await away(at('twice.eml'), '--certificate', pem);
  assert.equal(checked.code, 0, checked.stderr);
  assert.match(checked.stdout, /Signature: +holds/);
  assert.match(checked.stdout, /an anchor is at the end of each/);

  const { parts, summary } = await partsOf('twice.eml');
  assert.match(summary, /SUBMISSION 2 OF 2/);
  assert.match(summary, /ward@hospital\.test \(partner hospital\): accepted by the partner .*250 2\.0\.0 queued/);
  assert.match(summary, /bram@group\.test \(mailbox bram@group\.test\): collected.*smime interop aes-256-cbc/);
  assert.match(summary, /encrypted to .*valid; SHA-256 [0-9a-f]{64}/);
  assert.match(summary, /- collected, /, 'the receipt to the sender');
  assert.match(summary, /reference REF0001, control totals right/);
  const digest = createHash('sha256').update(EDI).digest('hex');
  assert(summary.includes(`octets, SHA-256 ${digest}`), 'of the attachment as it was submitted');
  const facts = JSON.parse(parts.get('message.json')!.toString()) as {
    submissions: unknown[];
    facts: { reason: string };
  };
  assert.equal(facts.submissions.length, 2);
  assert.equal(facts.facts.reason, 'complaint 17');
  const whole = [...parts.values()].map(String).join('\n') + summary;
  assert(!whole.includes(SUBJECT) && !whole.includes('UNH+1'), 'neither subject nor content');
  assert.match(String(parts.get('certificates.pem')), /BEGIN CERTIFICATE/);

  // The chain by itself, by the command that checks exports.
  for (const name of ['trail.jsonl', 'anchors.jsonl', 'anchor.pem']) writeFileSync(at(name), parts.get(name)!);
  const trail = await done(
    'audit',
    'verify',
    at('trail.jsonl'),
    '--anchors',
    at('anchors.jsonl'),
    '--key',
    at('anchor.pem'),
  );
  assert.match(trail, /rows of mail\.test in \d+ pieces?.*an anchor is at the end of each/);
  const looks = await done('audit', 'list', '--event', 'evidence.bundle');
  assert.match(looks, /reason=complaint 17/);
});

test('nobody said whose certificate it is, or rows lead to no anchor: that is said, and is no success', async () => {
  const pem = await certificate();
  const unknown = await away(at('twice.eml'));
  assert.equal(unknown.code, 9, unknown.stdout);
  assert.match(unknown.stdout, /Signature: +holds/);
  assert.match(unknown.stderr, /proves less than it says: nobody said which certificate .*: add --certificate PEM/);
  assert.equal((JSON.parse((await away(at('twice.eml'), '--json')).stdout) as { missing: string[] }).missing.length, 1);

  // Made by the gateway's own key, so that nothing but the anchors or the rows is missing.
  const { parts } = await partsOf('twice.eml');
  const key = await evidenceKey(
    {
      ...{ keyFolder: gateway.config.keys.folder, masterKey: () => readMasterKey(gateway.config) },
      ...{ hostname: 'mail.test', random: (n) => Buffer.alloc(n, 9) },
    },
    instant(Date.now()),
  );
  const without = async (left: readonly string[]): Promise<Ran> => {
    const kept = [...parts].filter(([name]) => name !== 'about.json' && !left.includes(name));
    const content = kept.map(([name, octets]) => ({ name, type: 'application/json', text: () => [String(octets)] }));
    const head = { hostname: 'mail.test', subject: 'Evidence of a test', made: instant(Date.now()) };
    writeFileSync(at('less.eml'), await collect(signedDocument(head, { text: 'x\n', parts: content }, key)));
    return await away(at('less.eml'), '--certificate', pem);
  };
  assert.equal((await without([])).code, 0, 'the control');
  const loose = await without(['anchors.jsonl', 'anchor.pem']);
  assert.equal(loose.code, 9, loose.stderr);
  assert.match(
    loose.stderr,
    /rows of the audit trail in it lead to no anchor: have another one written a minute later/,
  );
  const bare = await without(['trail.jsonl', 'anchors.jsonl', 'anchor.pem']);
  assert.equal(bare.code, 9, bare.stderr);
  assert.match(bare.stderr, /it has no row of the audit trail/);
});

test('a message that the partner refused, and one that never was accepted', async () => {
  await submit(['gone@hospital.test'], letter('gone', 'gone@hospital.test'));
  await until('the sender was told', () => gateway.log.names.includes('delivery.failed'));
  await bundle('gone@group.test', 'gone.eml');
  const { summary } = await partsOf('gone.eml');
  assert.match(
    summary,
    /gone@hospital\.test \(partner hospital\): failed, the sender was told .*550 5\.1\.1 no such ward/,
  );
  assert.match(summary, /- failed, .*anna@group\.test/, 'the notice of it');

  const id = parseMessageId('0a1b2c3d4e5f6')!;
  gateway.store.audit.note({ event: 'message.refused', outcome: 'failure', message: id, facts: { reply: 550 } });
  const told = await bundle(id, 'refused.eml');
  assert.match(told, /it was refused, or their time is over/);
  assert.match((await partsOf('refused.eml')).summary, /message\.refused failure reply=550/);
});

test('any changed octet is found', async () => {
  const keyed = { keyFolder: at('keys'), masterKey: () => Promise.resolve(Buffer.alloc(32, 7)), hostname: 'mx.test' };
  const now = instant(Date.parse('2026-11-26T12:00:00Z'));
  const key = await evidenceKey({ ...keyed, random: (n) => Buffer.alloc(n, 9) }, now);
  const content = {
    text: 'Summary\n--\n',
    parts: [{ name: 'a.json', type: 'application/json', text: () => ['{"a":1}\n'] }],
  };
  const head = { hostname: 'mx.test', subject: 'Evidence of a test', made: now };
  const file = await collect(signedDocument(head, content, key));
  assert.deepEqual(await collect(signedDocument(head, content, key)), file, 'the same content gives the same octets');
  value(await readDocument(file));
  const unnoticed: number[] = [];
  // Every octet was tried once; each fourth is enough to see that it stays so.
  for (let n = 0; n < file.length; n += 4) {
    const changed = Buffer.from(file);
    changed[n]! ^= 1;
    if ((await readDocument(changed)).ok) unnoticed.push(n);
  }
  assert.deepEqual(unnoticed, []);
  for (const cut of [0, 10, file.length - 1, Math.floor(file.length / 2)])
    assert.equal((await readDocument(file.subarray(0, cut))).ok, false);
  assert.equal((await readDocument(Buffer.from(`${file.toString('latin1')}x`, 'latin1'))).ok, false);

  writeFileSync(
    at('changed.eml'),
    Buffer.from(readFileSync(at('twice.eml'), 'latin1').replace('complaint 17', 'complaint 18'), 'latin1'),
  );
  const bad = openssl('cms', '-verify', '-in', at('changed.eml'), '-CAfile', await certificate(), '-out', at('x'));
  assert.notEqual(bad.status, 0);
  const ours = await away(at('changed.eml'));
  assert.notEqual(ours.code, 0);
  assert.match(ours.stderr, /not as a gateway wrote it: the signature does not hold/);
});

test('mistakes are told with what to do', async () => {
  const told = async (expected: RegExp, ...args: string[]): Promise<void> => {
    const ran = await run('trace', ...args);
    assert.notEqual(ran.code, 0);
    assert.match(ran.stderr, expected);
  };
  await told(/without --reason TEXT/, 'x@group.test', '--bundle', at('a.eml'));
  await told(/without a message/, '--bundle', at('a.eml'));
  await told(
    /Cannot gather evidence about "x@group\.test".*expected the id/,
    'x@group.test',
    '--bundle',
    at('a.eml'),
    '--reason',
    'r',
  );
  await told(/it exists, and nothing is overwritten/, 'twice@group.test', '--bundle', at('twice.eml'), '--reason', 'r');
  await told(/Cannot read ".*none\.eml"/, '--verify', at('none.eml'));
  const server = join(gateway.folder, 'server.pem');
  await told(/signed by another certificate than those given/, '--verify', at('twice.eml'), '--certificate', server);
  await told(/not a signed document/, '--verify', gateway.config.file);
});
