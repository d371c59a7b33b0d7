/**
 * `sluis audit` on a whole gateway: rows listed, given out, checked with and without it, cut off
 * and changed behind its back.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import Database from 'better-sqlite3';
import type { EraseView } from '../../src/commands/audit/erase.ts';
import type { AuditRowView } from '../../src/commands/audit/list.ts';
import type { AuditSummary } from '../../src/admin/audit-scan.ts';
import { ExportSeal } from '../../src/cli/export-lines.ts';
import { type Ran, sluisHere } from '../support/command-line.ts';
import { type TestGateway, addressOf, loginOf, startTestGateway } from '../support/gateway.ts';
import { SmtpClient } from '../support/smtp-client.ts';

const folder = mkdtempSync(join(tmpdir(), 'sluis-audit-'));
const at = (name: string): string => join(folder, name);
let gateway: TestGateway;

before(async () => {
  gateway = await startTestGateway({ accounts: ['anna', 'bert'] });
  const client = await SmtpClient.open(gateway.target('submission'), loginOf('anna'));
  const content = `From: <${addressOf('anna')}>\r\nTo: <${addressOf('bert')}>\r\nDate: Wed, 25 Nov 2026 01:00:00 +0000\r\nMessage-ID: <1@x.test>\r\nSubject: secret subject\r\n\r\nhello\r\n`;
  await client.submit(addressOf('anna'), [addressOf('bert')], Buffer.from(content));
  await client.quit();
});
after(async () => {
  await gateway.remove();
  rmSync(folder, { recursive: true, force: true });
});

const run = (...args: string[]): Promise<Ran> => sluisHere(['audit', ...args, '--config', gateway.config.file]);
async function done(...args: string[]): Promise<string> {
  const ran = await run(...args);
  assert.equal(ran.code, 0, ran.stderr);
  return ran.stdout;
}
/** As somebody would write it again who has changed it on purpose. */
const resealed = (rows: readonly string[]): string[] => {
  const seal = new ExportSeal();
  seal.take(`${rows.join('\n')}\n`);
  return [...rows, seal.end().trimEnd()];
};
const lines = (file: string): string[] => readFileSync(file, 'utf8').trimEnd().split('\n');

test('an event that nothing is called is refused, with the one that was meant or where they are listed', async () => {
  for (const [event, remedy] of [
    ['mesage.accepted', /^Cannot list "mesage\.accepted": expected an event,.*; did you mean "message\.accepted"\?$/m],
    ['logn', /did you mean "login"\?/],
    ['registri.address-moved', /docs\/signals\.md, "Audit trail", lists them/],
  ] as const) {
    const ran = await run('list', '--event', event);
    assert.equal(ran.code, 2);
    assert.match(ran.stderr, remedy);
  }
  for (const event of ['login', 'message.', 'registry.account-moved', 'reg']) await done('list', '--event', event);
});

test('rows are listed by account, event and time, and the look stands among them', async () => {
  const text = await done('list', '--event', 'message.accepted');
  assert.match(text, /message\.accepted +success +anna@group\.test/);
  assert.doesNotMatch(text, /secret subject/);
  const rows = JSON.parse(await done('list', '--account', 'anna@group.test', '--json')) as AuditRowView[];
  assert(rows.some(({ event }) => event === 'message.accepted'));
  assert(rows.every(({ account }) => account === 'anna@group.test'));
  assert.deepEqual(JSON.parse(await done('list', '--since', '2999-01-01', '--json')), []);
  const looks = JSON.parse(
    await done('list', '--event', 'audit.read', '--reason', 'yearly audit', '--json'),
  ) as AuditRowView[];
  assert(looks.length >= 3);
  const after = JSON.parse(await done('list', '--event', 'audit.read', '--json')) as AuditRowView[];
  assert(after.some(({ facts }) => facts.reason === 'yearly audit' && facts.what === 'list'));
  const unknown = await run('list', '--account', 'nobody');
  assert.match(unknown.stderr, /Cannot find account "nobody"/);
});

test('a setting that was taken back is listed as such', async () => {
  const account = addressOf('bert');
  for (const value of ['tolerate', 'default']) {
    const args = ['account', 'set', account, `quirk-helo=${value}`, '--config', gateway.config.file];
    assert.equal((await sluisHere(args)).code, 0);
  }
  const text = await done('list', '--account', account, '--event', 'registry.settings');
  assert.match(text, /quirk-helo=tolerate[^]*quirk-helo=default/);
});

test('an export is checked without the gateway, with openssl for its anchors, and every change is named', async () => {
  await done('anchor');
  const file = at('trail.jsonl');
  assert.match(await done('export', file), /Wrote \d+ rows/);
  const anchors = join(gateway.folder, 'keys', 'anchors');
  const key = join(gateway.folder, 'keys', 'audit', 'anchor.pem');
  const away = (path: string, ...more: string[]): Promise<Ran> =>
    sluisHere(['audit', 'verify', path, '--config', at('none.toml'), ...more]);
  const good = await away(file, '--anchors', anchors, '--anchor-key', key);
  assert.equal(good.code, 0, good.stderr);
  assert.match(good.stdout, /the chain holds; [1-9]\d* anchors? (?:is|are) in it/);

  // The signature of an anchor, checked with nothing of ours.
  const [anchorFile] = readdirSync(anchors);
  const anchor = JSON.parse(lines(join(anchors, anchorFile!))[0]!) as Record<string, string>;
  const signed = ['sluis audit anchor 1', anchor.hostname, anchor.at, String(anchor.seq), anchor.hash, anchor.key].join(
    '\n',
  );
  writeFileSync(at('signed'), signed);
  writeFileSync(at('signature'), Buffer.from(anchor.signature!, 'base64'));
  const openssl = spawnSync('openssl', [
    'pkeyutl',
    '-verify',
    '-pubin',
    '-inkey',
    key,
    '-rawin',
    '-in',
    at('signed'),
    '-sigfile',
    at('signature'),
  ]);
  assert.equal(openssl.status, 0, openssl.stderr.toString());

  const all = lines(file);
  const bad = async (changed: readonly string[], told: RegExp, ...more: string[]): Promise<void> => {
    writeFileSync(at('bad.jsonl'), `${changed.join('\n')}\n`);
    const ran = await away(at('bad.jsonl'), ...more);
    assert.notEqual(ran.code, 0);
    assert.match(ran.stdout + ran.stderr, told);
  };
  await bad(
    all.map((l, n) => (n === 3 ? l.replace('"success"', '"failure"') : l)),
    /Row 3: the hash does not match/,
  );
  await bad(
    all.filter((_, n) => n !== 4),
    /Row 4: row 4 is missing/,
  );
  await bad([...all.slice(0, 3), all[4]!, all[3]!, ...all.slice(5)], /Row 3: row 3 is missing/);
  await bad([...all.slice(0, 4), all[3]!, ...all.slice(4)], /Row 3: row 3 occurs twice/);
  await bad(all.slice(1), /does not say that it is/);
  await bad([all[0]!, 'nonsense'], /Row 1: the line is not a row/);
  // Only an anchor tells that the end is missing.
  await bad(all.slice(0, 3), /it ends early: its last line is missing/);
  const cut = resealed(all.slice(0, 3));
  writeFileSync(at('bad.jsonl'), `${cut.join('\n')}\n`);
  const alone = await away(at('bad.jsonl'));
  assert.equal(alone.code, 9, 'nothing contradicts it, and nothing proves it');
  assert.match(alone.stderr, /nothing proves that its end was not cut off .*add --anchors PATH/);
  await bad(cut, /Row 3: the trail ends here, and an anchor tells of row/, '--anchors', anchors, '--anchor-key', key);
  // A forged anchor is a finding.
  writeFileSync(at('forged.jsonl'), `${JSON.stringify({ ...anchor, seq: 1 })}\n`);
  await bad(all, /its signature is not one of its key/, '--anchors', at('forged.jsonl'), '--anchor-key', key);
});

test('an export without personal fields names nobody and holds all the same', async () => {
  const file = at('nameless.jsonl');
  await done('export', file, '--without-personal');
  assert.doesNotMatch(readFileSync(file, 'utf8'), /anna@|bert@|127\.0\.0/);
  const anchors = join(gateway.folder, 'keys', 'anchors');
  assert.equal((await run('verify', file, '--anchors', anchors)).code, 0);
});

test('the gateway finds what was changed or cut off behind its back', async (t) => {
  await done('anchor');
  const anchors = join(gateway.folder, 'keys', 'anchors');
  assert.match(await done('verify', '--anchors', anchors), /the chain holds[\s\S]*anchors? (?:is|are) in the trail/);
  const db = new Database(join(gateway.config.data.folder, 'sluis.db'));
  t.after(() => db.close());
  const { event } = db.prepare<[], { event: string }>('SELECT event FROM audit WHERE seq = 2').get()!;
  db.prepare("UPDATE audit SET event = 'nothing' WHERE seq = 2").run();
  const changed = await run('verify');
  assert.notEqual(changed.code, 0);
  assert.match(changed.stdout, /Row 2: the hash does not match the row/);
  db.prepare('UPDATE audit SET event = ? WHERE seq = 2').run(event);
  assert.equal((await run('verify')).code, 0);
});

test('an export in the fields of NEN 7513 has a record a row and says who, where, on what', async () => {
  const file = at('nen7513.jsonl');
  const rows = Number(
    /Wrote (\d+) rows/.exec(await done('export', file, '--fields', 'nen7513', '--reason', 'audit'))?.[1],
  );
  const records = lines(file).map((line) => JSON.parse(line) as Record<string, unknown>);
  assert.equal(records.length, rows);
  assert.deepEqual(
    records.map(({ EventID }) => EventID),
    records.map((_, i) => i + 1),
  );
  const accepted = records.find(({ EventTypeCode }) => EventTypeCode === 'message.accepted');
  assert.equal(accepted?.UserID, addressOf('anna'));
  assert.equal(accepted.NetworkAccessPointID, '127.0.0.1');
  assert.match(String(accepted.ParticipantObjectID), /^[0-9a-z]{13}$/);
  const hidden = at('nen7513-hidden.jsonl');
  await done('export', hidden, '--fields', 'nen7513', '--without-personal');
  assert.doesNotMatch(readFileSync(hidden, 'utf8'), /anna|bert|127\.0\.0/);
  const looks = await done('list', '--event', 'audit.read');
  assert.match(looks, /export in fields of NEN 7513 without personal fields/);
  const wrong = await run('export', at('wrong.jsonl'), '--fields', 'nen');
  assert.match(wrong.stderr, /Cannot use "nen" as fields: expected chain or nen7513/);
});

test('a report sums up a period; erasing leaves a chain that holds', async () => {
  const summary = JSON.parse(await done('report', '--since', '7d', '--json')) as AuditSummary;
  assert(
    summary.events.some(
      ({ event, outcome, rows }) => event === 'message.accepted' && outcome === 'success' && rows === 1,
    ),
  );
  assert(summary.acts.some(({ event }) => event === 'audit.read'));
  assert.match(await done('report', '--since', '2020-01-01'), /EVENT +OUTCOME +ROWS/);
  assert.match((await run('report')).stderr, /Cannot report without --since/);
  const anchors = join(gateway.folder, 'keys', 'anchors');
  assert.match(
    (await run('verify', '--anchors', at('none'))).stderr,
    /Cannot read the anchors ".*none": there is nothing/,
  );
  const held = await done('report', '--since', '7d', '--anchors', anchors);
  assert.match(held, /the chain holds\. Head: [0-9a-f]{64}\n\d+ anchors? (?:is|are) in the trail, of .*anchors\.\n/);
  assert.match(
    await done('report', '--since', '7d', '--verify'),
    /the chain holds.*\n[1-9]\d* anchors? (?:is|are) in the trail, of .*anchors\./,
  );
  const tomorrow = await run('erase', '--before', '2999-01-01', '--yes', '--reason', 'x');
  assert.match(tomorrow.stderr, /has not happened yet/);
  const now = new Date().toISOString();
  assert.match((await run('erase', '--before', now)).stderr, /add --yes and --reason TEXT/);
  assert.match(
    (await run('erase', '--yes', '--reason', 'x')).stderr,
    /expected --before MOMENT, --account LOGIN or --person TEXT/,
  );
  assert.match(
    await done('erase', '--before', now, '--yes', '--reason', 'the contract is over'),
    /Erased the personal fields of \d+ rows? \(access 0, change 0, chain \d+, technical \d+\)[\s\S]*Left \d+ rows of logins, looks and changes/,
  );
  assert.equal((await run('verify')).code, 0);
  const rows = JSON.parse(await done('list', '--event', 'message.accepted', '--json')) as AuditRowView[];
  assert.equal(rows[0]?.erased, true);
  assert.equal(rows[0].facts.sender, undefined);
});

test('what the trail says of one person is counted and erased, and of nobody else', async () => {
  const client = await SmtpClient.open(gateway.target('submission'), loginOf('bert'));
  const content = `From: <${addressOf('bert')}>\r\nTo: <${addressOf('anna')}>\r\nDate: Wed, 25 Nov 2026 01:00:00 +0000\r\nMessage-ID: <2@x.test>\r\n\r\nhello\r\n`;
  await client.submit(addressOf('bert'), [addressOf('anna')], Buffer.from(content));
  await client.quit();
  // An operator who writes the address with quotes, that it does not need, leaves it so in the trail.
  const quoted = '"bert"@group.test';
  assert.equal((await sluisHere(['address', 'show', quoted, '--config', gateway.config.file])).code, 0);
  const all = async (): Promise<AuditRowView[]> =>
    JSON.parse(await done('list', '--limit', '10000', '--json')) as AuditRowView[];
  const saying = async (text: string): Promise<number> =>
    (await all()).filter(({ facts }) => JSON.stringify(facts).includes(text)).length;
  const before = await saying('bert@group.test');
  assert(before > 0);
  assert((await all()).some(({ facts }) => facts.address === quoted));
  const counted = JSON.parse(await done('erase', '--account', 'bert@group.test', '--dry-run', '--json')) as EraseView;
  assert.deepEqual([counted.dryRun, counted.kept > 0, counted.byLog.access], [true, true, 0]);
  assert.equal(await saying('bert@group.test'), before);
  const kept = await done('erase', '--account', 'bert@group.test', '--yes', '--reason', 'asked for');
  assert.match(kept, /Left \d+ rows? of logins/);
  assert.equal(
    (await all()).some((row) => row.event === 'message.accepted' && !row.erased),
    false,
  );
  const rest = await done('erase', '--account', 'bert@group.test', '--also-kept', '--yes', '--reason', 'asked for');
  assert.doesNotMatch(rest, /Left/);
  // Nor does the row of the erasure itself say it again.
  const names = ['bert@group.test', quoted];
  const left = (await all()).filter(({ facts }) => Object.values(facts).some((one) => names.includes(String(one))));
  assert.deepEqual([...new Set(left.map(({ event }) => event))], []);
  assert((await saying('anna@group.test')) > 0);
  assert.match(
    (await run('erase', '--account', 'nobody', '--yes', '--reason', 'x')).stderr,
    /for one that is gone add --person/,
  );
  const person = await done('erase', '--person', '127.0.0.1', '--also-kept', '--yes', '--reason', 'x');
  assert.match(person, /Erased the personal fields of [1-9]\d* rows?/);
  assert.equal(await saying('127.0.0.1'), 0);
  const erased = (await all()).filter(({ event }) => event === 'audit.erased');
  assert.equal(erased.at(-1)?.facts.of, 'one person');
  assert.equal(erased.at(-1)?.facts.reason, 'x');
  assert.equal((await run('verify')).code, 0);
});
