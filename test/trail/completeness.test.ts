/**
 * Everything that NEN 7513 wants to see stands in the trail: a gateway is driven, and each event
 * looked for with who, where, what and outcome.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { AuditRowView } from '../../src/commands/audit/list.ts';
import { AUDIT_EVENTS, AUDIT_LOG_KINDS, meaningOf } from '../../src/domain/audit-events.ts';
import { sluisHere } from '../support/command-line.ts';
import { type TestGateway, addressOf, loginOf, startTestGateway } from '../support/gateway.ts';
import { Pop3Client } from '../support/pop3-client.ts';
import { SmtpClient, acceptedId } from '../support/smtp-client.ts';

let gateway: TestGateway;
let rows: readonly AuditRowView[];

const sluis = async (...args: string[]): Promise<string> => {
  const ran = await sluisHere([...args, '--config', gateway.config.file]);
  return ran.stdout + ran.stderr;
};
const letter = (n: number, from = 'anna'): Buffer =>
  Buffer.from(
    `From: <${addressOf(from)}>\r\nTo: <${addressOf('bert')}>\r\nDate: Wed, 25 Nov 2026 01:00:00 +0000\r\nMessage-ID: <${n}@x.test>\r\nSubject: secret subject\r\n\r\nsecret content\r\n`,
  );

async function drive(): Promise<string> {
  const smtp = await SmtpClient.open(gateway.target('submission'), loginOf('anna'));
  const id = acceptedId(await smtp.submit(addressOf('anna'), [addressOf('bert')], letter(1)));
  await smtp.submit(addressOf('anna'), [addressOf('bert')], letter(2));
  await smtp.submit(addressOf('anna'), [addressOf('bert')], letter(3));
  await smtp.command(`MAIL FROM:<${addressOf('bert')}>`, '550');
  await smtp.command(`MAIL FROM:<${addressOf('anna')}>`, '250');
  await smtp.command('RCPT TO:<nobody@group.test>', '550');
  await smtp.command(`RCPT TO:<${addressOf('bert')}>`, '250');
  await smtp.command('DATA', '354');
  smtp.wire.send(Buffer.concat([letter(4, 'bert'), Buffer.from('.\r\n')]));
  await smtp.expect('550');
  await smtp.quit();
  await assert.rejects(Pop3Client.open(gateway.target('pop3'), { ...loginOf('bert'), password: 'wrong one' }));
  const pop3 = await Pop3Client.open(gateway.target('pop3'), loginOf('bert'));
  await pop3.fetch(1);
  await pop3.command('DELE 1');
  await pop3.command('DELE 2');
  pop3.wire.send('TOP 3 0\r\n');
  while ((await pop3.wire.line()) !== '.') continue;
  await pop3.quit();
  await sluis('account', 'suspend', 'bert@group.test', '--reason', 'moved away');
  await sluis('account', 'suspend', 'nobody@group.test');
  await sluis('trace', id);
  await sluis('queue', 'list');
  await sluis('account', 'list');
  await sluis('audit', 'report', '--since', '7d');
  await sluis('reload');
  return id;
}

let id: string;
before(async () => {
  gateway = await startTestGateway({ accounts: ['anna', 'bert'] });
  id = await drive();
  await gateway.stop();
  // Nobody serves: this opens the database itself.
  await sluis('account', 'suspend', 'anna@group.test', '--reason', 'nobody serves');
  gateway = await gateway.restart();
  rows = JSON.parse(await sluis('audit', 'list', '--limit', '10000', '--json')) as AuditRowView[];
});
after(() => gateway.remove());

const found = (event: string, facts: Record<string, unknown> = {}, outcome = 'success'): AuditRowView => {
  const named = rows.filter((row) => row.event === event && row.outcome === outcome);
  const row = named.find((each) => Object.entries(facts).every(([name, value]) => each.facts[name] === value));
  assert(row !== undefined, `${event} ${JSON.stringify(facts)} among ${JSON.stringify(named)}`);
  return row;
};

test('logins stand in the trail, also failed ones', () => {
  const granted = found('login.granted', { protocol: 'smtp', tls: 'TLSv1.3' });
  assert.equal(granted.account, 'anna@group.test');
  assert.match(String(granted.facts.cipher), /^TLS_/);
  const failed = found('login.refused', { protocol: 'pop3', reason: 'wrong', count: 1 }, 'failure');
  assert.equal(failed.facts.network, '127.0.0.1');
  assert.equal(failed.facts.login, 'bert@group.test');
});

test('submissions and refusals name sender, addressees, place and reason', () => {
  const accepted = found('message.accepted', { sender: 'anna@group.test' });
  assert.equal(accepted.message, id);
  assert.deepEqual(accepted.facts.recipients, ['bert@group.test']);
  const mail = found('message.refused', { at: 'mail', status: '5.7.1', count: 1 }, 'failure');
  assert.equal(mail.facts.sender, 'bert@group.test');
  const recipient = found('message.refused', { at: 'recipient', status: '5.1.1' }, 'failure');
  assert.deepEqual(recipient.facts.recipients, ['nobody@group.test']);
  assert.equal(recipient.facts.network, '127.0.0.1');
  assert.equal(recipient.account, 'anna@group.test');
  const content = found('message.refused', { at: 'content' }, 'failure');
  assert.match(content.message ?? '', /^[0-9A-Z]+$/i);
});

test('fetching, looking at a part and deleting name the message', () => {
  assert.equal(found('message.collected', { removed: true }).message, id);
  const unseen = found('message.deleted', { retrieved: false });
  assert.notEqual(unseen.message, id);
  assert.equal(unseen.account, 'bert@group.test');
  assert.equal(found('maildrop.previewed', { messages: 1 }).account, 'bert@group.test');
  found('maildrop.committed', { retrieved: 1, deleted: 2 });
});

test('what operators do, are refused and look at stands with the person and the reason', () => {
  const changed = found('operator.changed', { operation: 'account.suspend', reason: 'moved away', by: 'gateway' });
  assert.equal(changed.facts.login, 'bert@group.test');
  assert.notEqual(changed.facts.actor, undefined);
  found('registry.account-state', { to: 'suspended' });
  found('operator.changed', { operation: 'account.suspend', why: 'unknown' }, 'failure');
  assert.equal(found('operator.looked', { operation: 'trace.show' }).message, id);
  found('operator.looked', { operation: 'queue.list' });
  found('operator.looked', { operation: 'account.list' });
  found('audit.read', { what: 'report' });
});

test('start, stop, configuration, certificates and direct access to the database stand in the trail', () => {
  const [first, second, ...more] = rows.filter(({ event }) => event === 'gateway.started');
  assert.equal(first?.facts.before, 'first start');
  assert.equal(second?.facts.before, 'orderly end');
  assert.equal(more.length, 0);
  found('gateway.stopped');
  found('store.opened', { by: 'command', reason: 'nobody serves' });
  found('operator.changed', { operation: 'account.suspend', by: 'store' });
  found('store.closed');
  found('configuration.loaded', { changed: 'first start' });
  const sha256 = createHash('sha256').update(readFileSync(gateway.config.file)).digest('hex');
  found('configuration.loaded', { changed: '', sha256 });
  found('configuration.reloaded', { applied: '', restart: '' });
  found('gateway.reloaded');
  assert.match(String(found('tls.certificates').facts.certificates), /^[0-9a-f]{64}$/);
});

test('no row has content or a subject', () => {
  assert.doesNotMatch(JSON.stringify(rows), /secret (subject|content)/);
});

test('every event of the source has its line in the table, and every line its source', () => {
  const sources = sourcesBelow('src');
  const names = new Set(
    sources.flatMap((text) =>
      [...text.matchAll(/(?:event: |record\(\s*|note\()['`]([a-z0-9-]+\.[a-z-]+)['`]/g)].map(([, name = '']) => name),
    ),
  );
  assert(names.size > 60, String(names.size));
  const known = (name: string): boolean => name in AUDIT_EVENTS || `${name.split('.')[0] ?? ''}.*` in AUDIT_EVENTS;
  assert.deepEqual(
    [...names].filter((name) => !known(name)),
    [],
  );
  const whole = sources.join('\n');
  for (const name of Object.keys(AUDIT_EVENTS)) {
    const [area = '', what = ''] = name.split('.');
    const literal = what === '*' ? `${area}.` : name;
    const composed = `\`${area}.\${`;
    assert(
      whole.includes(`'${literal}`) ||
        whole.includes(`\`${literal}`) ||
        whole.includes(composed) ||
        area === 'smime' ||
        area === 'pgp',
      name,
    );
  }
  assert(rows.every(({ event }) => known(event)));
  assert(rows.every(({ event }) => AUDIT_LOG_KINDS.includes(meaningOf(event).kind)));
});

function sourcesBelow(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return sourcesBelow(path);
    return path.endsWith('.ts') && !path.endsWith('audit-events.ts') ? [readFileSync(path, 'utf8')] : [];
  });
}
