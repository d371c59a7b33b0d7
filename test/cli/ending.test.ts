/**
 * Ends that are taken back, beside a running gateway: what a person is asked, what senders and
 * sessions meet, and what a second person signs.
 */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { test } from 'node:test';
import type { AddressView, AccountView, OrganisationView } from '../../src/admin/views.ts';
import type { PartnerView } from '../../src/commands/partner/view.ts';
import { readableTime } from '../../src/cli/output.ts';
import { runCommandLine } from '../../src/cli/program.ts';
import { days } from '../../src/domain/units.ts';
import { FakeClock } from '../support/clock.ts';
import { type CommandScene, commandScene } from '../support/command-scene.ts';
import { addressOf, loginOf } from '../support/gateway.ts';
import { Pop3Client } from '../support/pop3-client.ts';
import { SmtpClient } from '../support/smtp-client.ts';

const [anna, bert] = [addressOf('anna'), addressOf('bert')];
const letter = (to: string): Buffer => Buffer.from(`From: ${anna}\r\nTo: ${to}\r\nSubject: 1\r\n\r\ntext\r\n`);

/** Runs a command with a person at the terminal, who answers each question in turn. */
async function typed(
  { gateway }: CommandScene,
  answers: readonly string[],
  ...args: string[]
): Promise<{ code: number; screen: string; questions: string[] }> {
  let screen = '';
  const questions: string[] = [];
  const write = (text: string): void => void (screen += text);
  const ask = (question: string): Promise<string> => Promise.resolve(answers[questions.push(question) - 1] ?? '');
  const terminal = { out: write, err: write, input: '', ask, code: 0 };
  return { code: await runCommandLine([...args, '--config', gateway.config.file], terminal), screen, questions };
}

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

test('an organisation: what goes along is shown, its name is typed, and all of it comes back', async (t) => {
  const clock = new FakeClock();
  const scene = await commandScene(t, { accounts: ['anna', 'bert'], clock });
  const { organisation } = await scene.json<AccountView>('account', 'show', bert);
  await scene.done('organisation', 'edi', 'add', organisation, '8714200000001:14');
  const sender = await SmtpClient.open(scene.gateway.target('submissions'), loginOf('anna'));
  await sender.submit(anna, [bert], letter(bert));
  const reader = await Pop3Client.open(scene.gateway.target('pop3s'), loginOf('bert'));

  const until = new Date(clock.now() + days(30)).toISOString();
  const shown = readableTime(until);
  const stopped = await typed(scene, ['yes'], 'organisation', 'end', organisation);
  assert.equal(stopped.code, 2);
  assert.deepEqual(stopped.questions, [`To end organisation "${organisation}", type ${organisation}: `]);
  for (const line of [
    `Organisation ${organisation} would end:`,
    /- mail for \d+ addresses is refused \(550 5\.1\.1\)/,
    new RegExp(`- \\d+ accounts no longer send anything, and collect what waits \\(1 message\\) until ${shown}`),
    /- then 0 certificates for login, 1 EDI identity and all rights to send end/,
    `Until ${shown} "sluis organisation resume ${organisation}" brings all of it back`,
    `Stopped: that was not "${organisation}"; nothing was done`,
  ])
    assert.match(stopped.screen, line instanceof RegExp ? line : new RegExp(escaped(line)));
  await scene.refused(2, /add --yes and --reason TEXT/, 'organisation', 'end', organisation);
  await sender.command(`MAIL FROM:<${anna}>`, '250');
  await sender.command(`RCPT TO:<${bert}>`, '250');
  await sender.command('RSET', '250');

  const ended = await typed(scene, [organisation.toUpperCase(), 'contract ended'], 'organisation', 'end', organisation);
  assert.equal(ended.code, 0, ended.screen);
  assert.match(ended.screen, /is ending:/);
  await sender.command(`MAIL FROM:<${anna}>`, '550 5.7.1 This account may no longer send');
  assert.equal((await reader.stat()).messages, 1, 'what waits is collected');
  const view = await scene.json<OrganisationView>('organisation', 'show', organisation);
  assert.deepEqual([view.state, view.ends], ['ending', until]);
  assert.match(await scene.done('organisation', 'list'), new RegExp(`${organisation} +ending, until ${shown}`));
  assert.match(await scene.done('account', 'show', bert), new RegExp(`State: +ending, until ${shown}`));
  const account = await scene.json<AccountView>('account', 'show', bert);
  assert.deepEqual([account.state, account.addresses[0]?.state], ['ending', 'ending']);
  await scene.refused(4, /its organisation ".*" is ending; "sluis organisation resume/, 'account', 'resume', bert);
  await scene.refused(4, /has ended with its account or organisation/, 'address', 'resume', bert);

  assert.match(await scene.done('organisation', 'resume', organisation), /^The end of organisation .* is taken back/);
  await sender.submit(anna, [bert], letter(bert));
  const again = await scene.json<AccountView>('account', 'show', bert);
  assert.deepEqual(
    [again.state, again.ends, again.addresses[0]?.state, again.messages],
    ['active', undefined, 'active', 2],
  );
  const trail = await scene.done('audit', 'list', '--event', 'registry.organisation-state', '--json');
  assert.match(trail, /contract ended/);
  await sender.quit();
  await reader.quit();
});

test('an account, an address and a partner are asked for by name, and come back', async (t) => {
  const scene = await commandScene(t, { accounts: ['anna', 'bert'] });
  const { organisation } = await scene.json<AccountView>('account', 'show', bert);
  await scene.done('address', 'add', bert, 'desk@group.test');
  await scene.done('partner', 'add', 'mta', '--organisation', organisation, '--host', 'mx.invalid');
  await scene.done('partner', 'domain', 'add', 'mta', 'mx.invalid');
  for (const [verb, name, ending] of [
    [['address', 'end', 'desk@group.test'], 'desk@group.test', 'end address desk@group.test'],
    [['partner', 'end', 'mta'], 'mta', 'end partner "mta"'],
    [['account', 'end', bert], bert, `end account ${bert}`],
  ] as const) {
    const group = verb[0];
    const state = async (): Promise<string> =>
      (await scene.json<AccountView | AddressView | PartnerView>(group, 'show', name)).state;
    const stopped = await typed(scene, ['y'], ...verb);
    assert.deepEqual([stopped.code, stopped.questions], [2, [`To ${ending}, type ${name}: `]]);
    assert.match(
      stopped.screen,
      new RegExp(`(?:will|would) end:\\n[^]*Until .* "sluis ${group} resume ${escaped(name)}" brings`),
    );
    assert.equal(await state(), 'active');
    await scene.refused(2, /add --yes and --reason TEXT/, ...verb);
    await scene.refused(2, /--now and --grace/, ...verb, '--now', '--grace', '3d', '--yes', '--reason', 'x');
    assert.equal((await typed(scene, [name, 'mistake'], ...verb)).code, 0);
    assert.equal(await state(), 'ending');
    assert.match(await scene.done(group, 'list'), /ending, until \d{4}-/);
    assert.match(await scene.done(group, 'resume', name), /active/);
    assert.equal(await state(), 'active');
    await scene.done(...verb, '--now', '--yes', '--reason', 'for ever');
    assert.equal(await state(), 'ended');
    await scene.refused(4, /cannot be undone/, group, 'resume', name);
  }
});

test('two operators sign for an end where the configuration asks for it; a look needs nobody', async (t) => {
  const scene = await commandScene(t, {
    accounts: ['anna', 'bert'],
    configuration: '[operators]\nsecond-person = ["end"]\n',
  });
  const sure = ['--yes', '--reason', 'contract ended'];
  const { organisation } = await scene.json<AccountView>('account', 'show', bert);
  const file = scene.at('end.csv');
  writeFileSync(file, `login,grace,successor\n${bert},,\n`);
  for (const verb of [
    ['account', 'end', bert],
    ['account', 'end', '--from', file],
    ['address', 'end', bert],
    ['organisation', 'end', organisation],
  ]) {
    await scene.done(...verb, '--dry-run');
    await scene.refused(4, /asks for a second person \(operators\.second-person has "end"\)/, ...verb, ...sure);
  }
  assert.equal((await scene.json<AccountView>('account', 'show', bert)).state, 'active');
});
