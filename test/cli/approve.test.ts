/**
 * A second person on a whole gateway, by the commands that people type; and every way round that
 * was thought of.
 */
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { AuditRowView } from '../../src/commands/audit/list.ts';
import type { RequestView } from '../../src/commands/approval-views.ts';
import { makeOperatorKey } from '../../src/crypto/trail/operator-key.ts';
import { hours, instant } from '../../src/domain/units.ts';
import { FakeClock } from '../support/clock.ts';
import { commandsOn, sluisHere } from '../support/command-line.ts';
import { type TestGateway, startTestGateway } from '../support/gateway.ts';

const folder = mkdtempSync(join(tmpdir(), 'sluis-approve-'));
const at = (name: string): string => join(folder, name);
const PASSPHRASE = 'four words make one';
let gateway: TestGateway;
const clock = new FakeClock(instant(Date.now()));

before(async () => {
  gateway = await startTestGateway({ clock, configuration: '[operators]\nsecond-person = ["erase"]' });
  writeFileSync(at('passphrase'), `${PASSPHRASE}\n`);
  for (const name of ['jan', 'piet', 'klaas']) {
    const { sealed, publicKey } = makeOperatorKey(PASSPHRASE);
    writeFileSync(at(`${name}.pem`), sealed, { mode: 0o600 });
    writeFileSync(at(`${name}.pub`), publicKey);
  }
});
after(async () => {
  await gateway.remove();
  rmSync(folder, { recursive: true, force: true });
});

const { done, refused } = commandsOn(() => gateway.config.file, 'yes\n');
const erase = (before: string, ...more: string[]): string[] => ['audit', 'erase', '--before', before, ...more];
const because = ['--yes', '--reason', 'retention of five years'];
const sign = (id: string, who: string): string[] => [
  ...['approve', id, '--key', at(`${who}.pem`), '--passphrase-file', at('passphrase')],
];
const idIn = (text: string): string => /--approval ([A-Z2-7]{4}-[A-Z2-7]{4})/.exec(text)![1]!;
const trail = async (event: string): Promise<AuditRowView[]> =>
  JSON.parse(await done('audit', 'list', '--event', event, '--limit', '1000', '--json')) as AuditRowView[];

test('with fewer than two operators nothing goes, and the first two register without anybody else', async () => {
  await refused(4, /fewer than two operators are registered; "sluis operator add/, ...erase('2020-01-01', ...because));
  await done('operator', 'add', 'jan', '--public-key', at('jan.pub'), '--reason', 'head of operations');
  await refused(4, /that of operator "jan" already/, 'operator', 'add', 'jan2', '--public-key', at('jan.pub'));
  await refused(4, /There is an operator "jan" already/, 'operator', 'add', 'jan', '--public-key', at('piet.pub'));
  await refused(2, /a private key/, 'operator', 'add', 'piet', '--public-key', at('jan.pem'));
  await refused(2, /expected 1 to 32 characters/, 'operator', 'add', 'Piet!', '--public-key', at('piet.pub'));
  await done('operator', 'add', 'piet', '--public-key', at('piet.pub'));
  assert.match(await done('operator', 'list'), /jan .*\npiet /);
});

test('two people sign; the command runs once, and both stand in the trail', async () => {
  const asked = await refused(8, /needs a second person/, ...erase('2020-01-01', ...because));
  const id = idIn(asked);
  // Asked again it is the same request.
  assert.equal(idIn(await refused(8, /needs a second/, ...erase('2020-01-01', ...because))), id);
  assert.match(await done('approve', '--list'), new RegExp(`${id} .*audit\\.erase`));
  await refused(8, /no operator has signed it, and two must/, ...erase('2020-01-01', ...because, '--approval', id));

  const first = await done(...sign(id, 'jan'));
  for (const line of [/Operation: +audit\.erase/, /before: +2020-01-01$/m, /Reason: +retention of five years/])
    assert.match(first, line);
  assert.match(first, /Another operator must sign as well/);
  await refused(
    4,
    /"jan" has signed request [A-Z2-7]{4}-[A-Z2-7]{4} already; the second signature must be another/,
    ...sign(id, 'jan'),
  );
  await refused(8, /only operator "jan" has signed it/, ...erase('2020-01-01', ...because, '--approval', id));

  assert.match(await done(...sign(id.toLowerCase().replace('-', ''), 'piet')), /is approved/);
  // Another input, another reason, another operation.
  await refused(2, /the input is another one/, ...erase('2021-01-01', ...because, '--approval', id));
  await refused(2, /the reason is another one/, ...erase('2020-01-01', '--reason', 'tidying', '--approval', id));
  await refused(2, /asked for audit\.erase/, 'operator', 'end', 'jan', '--reason', 'x', '--approval', id);
  assert.match(await done(...erase('2020-01-01', '--approval', id)), /Erased the personal fields of 0 rows/);
  // A second time it is over.
  await refused(4, /was used at .* an approval serves once/, ...erase('2020-01-01', '--approval', id));
  // In every form that a person types, and shown in one.
  for (const typed of [id, id.replace('-', ''), id.toLowerCase(), ` ${id.replace('-', ' ')}`])
    await refused(4, new RegExp(`equest ${id} was used`), ...erase('2020-01-01', '--approval', typed));
  for (const row of await trail('approval.')) if (row.facts.request !== undefined) assert.equal(row.facts.request, id);

  const [erased] = await trail('audit.erased');
  assert.equal(erased?.facts.actor, 'jan, approved by piet');
  assert.equal(erased.facts.reason, 'retention of five years');
  const [used] = await trail('approval.used');
  assert.deepEqual([used?.facts.first, used?.facts.second], ['jan', 'piet']);
  const events = (await trail('approval.')).map(({ event }) => event);
  for (const event of ['approval.asked', 'approval.signed', 'approval.refused'])
    assert(events.includes(event), `${event} in ${events.join(' ')}`);
  assert.equal(events.filter((event) => event === 'approval.asked').length, 1);
  // Why each was refused: who looks into the trail later has nothing else.
  const whys = (await trail('approval.refused')).map(({ facts }) => String(facts.why));
  const expected = [
    /no operator has signed/,
    /only operator "jan"/,
    /input is another/,
    /reason is another/,
    /asked for audit\.erase/,
  ];
  for (const why of expected)
    assert.ok(
      whys.some((said) => why.test(said)),
      `${why.source} in ${JSON.stringify(whys)}`,
    );
});

test('only a registered key signs, only while the person says yes, and without a reason nothing is asked', async () => {
  await refused(2, /add --yes and --reason TEXT/, ...erase('2019-01-01'));
  const id = idIn(await refused(8, /needs/, ...erase('2019-01-01', ...because)));
  await refused(3, /no operator is registered with this key/, ...sign(id, 'klaas'));
  const no = await sluisHere([...sign(id, 'jan'), '--config', gateway.config.file], 'no\n');
  assert.equal(no.code, 2);
  assert.match(no.stderr, /nothing was done/);
  writeFileSync(at('wrong'), 'no such words\n');
  const wrong = ['approve', id, '--key', at('jan.pem'), '--passphrase-file', at('wrong')];
  await refused(2, /the passphrase is another one/, ...wrong);
  await refused(3, /There is no request "AAAA-AAAA"/, ...sign('AAAA-AAAA', 'jan'));
  await refused(2, /add --key FILE/, 'approve', id);
  const [waiting] = JSON.parse(await done('approve', '--list', '--json')) as RequestView[];
  assert.deepEqual([waiting?.id, waiting?.signedBy], [id, []]);
});

test('an own key is made with the configuration named, as other commands take it', async () => {
  const made = await done('operator', 'key', 'klaas', '--out', at('made.pem'), '--password-file', at('passphrase'));
  assert.match(made, /made\.pem/);
  assert.match(readFileSync(at('made.pem.pub'), 'utf8'), /PUBLIC KEY/);
});

test('operators are as well guarded as what they approve', async () => {
  const add = ['operator', 'add', 'klaas', '--public-key', at('klaas.pub'), '--reason', 'joins'];
  const id = idIn(await refused(8, /operator\.add needs a second person/, ...add));
  const remove = ['operator', 'end', 'piet', '--reason', 'left'];
  const other = idIn(await refused(8, /operator\.end needs a second person/, ...remove));
  for (const who of ['jan', 'piet']) {
    await done(...sign(id, who));
    await done(...sign(other, who));
  }
  const pending = idIn(await refused(8, /needs/, ...erase('2017-01-01', ...because)));
  await done(...sign(pending, 'piet'));
  await done(...sign(pending, 'jan'));
  await done(...add, '--approval', id);
  await done(...remove, '--approval', other);
  // What Piet signed no longer counts, and neither his key nor his name in its place brings it
  // back.
  await refused(8, /only operator "jan" has signed it/, ...erase('2017-01-01', '--approval', pending));
  await refused(3, /no operator is registered with this key/, ...sign(pending, 'piet'));
  const back = ['operator', 'add', 'piet', '--public-key', at('piet.pub'), '--reason', 'back'];
  const again = idIn(await refused(8, /needs/, ...back));
  await done(...sign(again, 'jan'));
  await done(...sign(again, 'klaas'));
  await refused(4, /was removed .* final/, ...back, '--approval', again);
  await done(...sign(pending, 'klaas'));
  assert.match(await done(...erase('2017-01-01', '--approval', pending)), /Erased/);
});

test('who asks can sign at once, and at most twenty requests wait', async () => {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  writeFileSync(at('open.pem'), privateKey.export({ type: 'pkcs8', format: 'pem' }));
  writeFileSync(at('open.pub'), publicKey.export({ type: 'spki', format: 'pem' }));
  const add = ['operator', 'add', 'kees', '--public-key', at('open.pub'), '--reason', 'joins'];
  const id = idIn(await refused(8, /needs/, ...add));
  await done(...sign(id, 'jan'));
  await done(...sign(id, 'klaas'));
  await done(...add, '--approval', id);

  const own = ['--operator-key', at('open.pem')];
  const asked = await refused(8, /Operator kees has signed request/, ...erase('2016-01-01', ...because, ...own));
  await done(...sign(idIn(asked), 'jan'));
  await done(...erase('2016-01-01', '--approval', idIn(asked)));

  const waiting = (JSON.parse(await done('approve', '--list', '--json')) as RequestView[]).length;
  for (let n = waiting; n < 20; n += 1)
    await refused(8, /needs/, ...erase(`2015-01-${String(n + 1).padStart(2, '0')}`, ...because));
  await refused(4, /There are 20 requests for a second person/, ...erase('2014-01-01', ...because));
});

// From here on the gateway's clock is an hour ahead of that of those who sign.
test('an approval ends after an hour, signed or not', async () => {
  // Twenty wait; this is the last of them, asked again.
  const id = idIn(await refused(8, /needs/, ...erase('2015-01-20', ...because)));
  await done(...sign(id, 'jan'));
  await done(...sign(id, 'klaas'));
  clock.advance(hours(1));
  await refused(4, /it ended at/, ...erase('2015-01-20', '--approval', id));
  assert.doesNotMatch(await done('approve', '--list'), new RegExp(id));
});

test('a signature by a clock that is set wrong is refused with the clock named, not with another key', async () => {
  const id = idIn(await refused(8, /needs/, ...erase('2016-01-01', ...because)));
  const wrong = await refused(2, /it was signed at .* by the clock of the machine that signed/, ...sign(id, 'jan'));
  assert.match(wrong, /check the clocks of both machines/);
  assert.doesNotMatch(wrong, /sign with the key/);
});

test('another rule at the next start stands in the trail', async () => {
  const before = await trail('operators.rule-changed');
  assert.deepEqual([before.length, before[0]?.facts.now], [1, 'erase']);
  const restarted = await gateway.restart();
  gateway = restarted;
  assert.equal((await trail('operators.rule-changed')).length, 1);
  const text = readFileSync(gateway.config.file, 'utf8');
  writeFileSync(gateway.config.file, text.replace('second-person = ["erase"]', 'second-person = []'));
  await gateway.stop();
  // A command that opens the store itself starts with the rule of the configuration, too.
  assert.match(await done(...erase('2013-01-01', '--yes', '--reason', 'alone')), /Erased/);
  const after = await trail('operators.rule-changed');
  assert.deepEqual([after.at(-1)?.facts.before, after.at(-1)?.facts.now], ['erase', '']);
});
