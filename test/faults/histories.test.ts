/**
 * Sixteen writers and eight readers over SMTP, POP3 and the API while the gateway is killed and
 * started again: what each of them saw agrees with what all the others saw. On a gateway whose data
 * was put back to an earlier hour it does not, and that is found.
 */
// @release: long histories of many clients; postgres/histories judges such at every merge, with its controls.
// @beside
import assert from 'node:assert/strict';
import { cpSync, renameSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { between } from '../support/chance.ts';
import { Crew, frontOf, namesOf } from '../support/crew.ts';
import { effort } from '../support/effort.ts';
import { CLASSES, type Verdict, judge, storyOf } from '../support/history.ts';
import { Instance, apiListener, freePort } from '../support/instance.ts';
import { pause, until } from './support/traffic.ts';

const ROUNDS = effort(1, 10);
const WRITERS = namesOf('writer', 16);
const MAILBOXES = namesOf('mailbox', 4);

async function region(t: TestContext): Promise<{ readonly instance: Instance; readonly crew: Crew }> {
  const port = await freePort();
  const instance = await Instance.create({ configuration: apiListener(port) });
  t.after(() => instance.remove());
  instance.addAccounts([...WRITERS, ...MAILBOXES]);
  const crew = new Crew({ fronts: [frontOf(instance, 'gw1', port)], writers: WRITERS, mailboxes: MAILBOXES });
  return { instance, crew };
}

async function more(crew: Crew, messages: number): Promise<void> {
  const enough = crew.acknowledged + messages;
  await until(`${messages} more messages`, () => crew.acknowledged >= enough, 60_000);
}

function told(t: TestContext, verdict: Verdict): void {
  const { acknowledged, unknown, removed, explained } = verdict;
  t.diagnostic(
    `${acknowledged} acknowledged, ${removed} deleted, ${unknown} attempts of unknown end, ${explained.length} doubled by them`,
  );
}

test(`${ROUNDS} times kill -9 and a new start: nobody saw anything that another's answers contradict`, async (t) => {
  const { instance, crew } = await region(t);
  let served = await instance.serve();
  crew.start();
  for (let round = 0; round < ROUNDS; round += 1) {
    await more(crew, 60);
    await pause(between(10, 200));
    await served.kill();
    served = await instance.serve();
  }
  await more(crew, 60);
  const history = await crew.stop();
  const verdict = judge(history);
  assert.equal(await served.stop(), 0);
  told(t, verdict);
  const findings = CLASSES.flatMap((kind) => verdict[kind]);
  for (const finding of findings.slice(0, 3)) t.diagnostic(storyOf(history, finding).join('\n'));
  assert.ok(verdict.unknown > 0, 'no attempt was broken off');
  assert.ok(verdict.removed > 0, 'nothing was deleted');
  for (const kind of CLASSES) assert.deepEqual(verdict[kind], [], kind);
});

test('control: data of an earlier moment behind the same gateway is found as lost and resurrected', async (t) => {
  const { instance, crew } = await region(t);
  let served = await instance.serve();
  crew.start();
  await more(crew, 60);
  await served.kill();
  const earlier = `${instance.data}-earlier`;
  cpSync(instance.data, earlier, { recursive: true });
  served = await instance.serve();
  await more(crew, 100);
  await served.kill();
  renameSync(instance.data, `${instance.data}-later`);
  renameSync(earlier, instance.data);
  served = await instance.serve();
  await more(crew, 20);
  const verdict = judge(await crew.stop());
  await served.stop();
  told(t, verdict);
  assert.ok(verdict.lost.length > 0);
  assert.ok(verdict.resurrected.length > 0);
});
