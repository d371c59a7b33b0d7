/** The tests of kill9.test.ts, on either engine. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { between, chance } from '../../support/chance.ts';
import { type Instance, addressOf, loginOf } from '../../support/instance.ts';
import { Ledger } from '../../support/ledger.ts';
import { Pop3Client } from '../../support/pop3-client.ts';
import { SmtpClient } from '../../support/smtp-client.ts';
import { WireEnded } from '../../support/wire.ts';
import type { FaultEngine } from './engine.ts';
import { collect, pause, submitting, until } from './traffic.ts';

const names = ['sender', 'anna', 'bram', 'chris'];
const recipients = ['anna', 'bram', 'chris'];

export interface KillEffort {
  /** Kills under submission. The mailboxes are looked at in every tenth, and in the last. */
  readonly rounds: number;
  /** Kills around QUIT. */
  readonly quits: number;
}

export function killTests(engine: FaultEngine, { rounds, quits }: KillEffort): void {
  const { name } = engine;
  const closers: (() => Promise<void> | void)[] = [];
  let instance: Instance;
  before(async () => {
    instance = await engine.make({ after: (close) => closers.push(close) }, names);
  });
  after(async () => {
    for (const close of closers.toReversed()) await close();
  });

  test(`${name}: ${rounds} times kill -9 under concurrent submission lose nothing and duplicate nothing`, async (t) => {
    const ledger = new Ledger(addressOf('sender'));
    let figures = 0;
    for (let round = 1; round <= rounds; round++) {
      const served = await engine.serve(instance);
      const before = ledger.acknowledged;
      const traffic = submitting(instance, ledger, { sender: 'sender', recipients, connections: 6 });
      await until('some acknowledgements', () => ledger.acknowledged >= before + 12 || served.over);
      await pause(between(20, 250));
      await traffic.nextAcknowledgement();
      await engine.kill(served);
      await traffic.ended;
      // The figures of usage are there exactly when what they count is.
      figures = await engine.sent(instance);
      if (round % 10 === 0 || round === rounds) {
        const again = await engine.serve(instance);
        await collect(instance, ledger, recipients, { remove: true });
        assert.equal(await again.stop(), 0);
      }
    }
    const report = ledger.report();
    t.diagnostic(`${report.acknowledged} acknowledged, ${report.unacknowledged} filed whose 250 was not read`);
    assert.ok(report.acknowledged >= rounds * 12, 'too few messages to prove anything');
    assert.ok(figures >= report.acknowledged, 'figures count what was acknowledged');
    assert.deepEqual([report.lost, report.duplicated, report.damaged], [[], [], []]);
  });

  test(`${name}: kill -9 around QUIT deletes all that a session marked, or nothing, and what was answered stays deleted`, async (t) => {
    let answered = 0;
    let applied = 0;
    for (let round = 0; round < quits; round++) {
      let served = await engine.serve(instance);
      const sender = await SmtpClient.open(instance.target('submission'), loginOf('sender'));
      const filler = new Ledger(addressOf('sender'));
      for (let i = 0; i < 10; i++)
        await sender.submit(addressOf('sender'), [addressOf('anna')], filler.compose(2000).wire);
      sender.wire.destroy();

      const client = await Pop3Client.open(instance.target('pop3'), loginOf('anna'));
      const listed = await client.uidl();
      assert.ok(listed.size >= 10);
      const marked = [...listed].filter(() => chance.below(2) === 0);
      for (const [n] of marked) {
        await client.fetch(n);
        await client.command(`DELE ${n}`);
      }
      const leaving = client.quit().then(
        () => true,
        (error: unknown) => {
          assert.ok(error instanceof WireEnded);
          return false;
        },
      );
      // From before the command arrives to after the answer.
      if (round % 4 !== 0) await pause(chance.below(16));
      await engine.kill(served);
      const quit = await leaving;

      served = await engine.serve(instance);
      const later = await Pop3Client.open(instance.target('pop3'), loginOf('anna'));
      const left = new Set((await later.uidl()).values());
      await later.quit();
      assert.equal(await served.stop(), 0);

      const unmarked = [...listed.values()].filter((uid) => !marked.some(([, m]) => m === uid));
      const gone = marked.filter(([, uid]) => !left.has(uid)).length;
      assert.ok(
        unmarked.every((uid) => left.has(uid)),
        'a message that was not marked is gone',
      );
      assert.ok(gone === 0 || gone === marked.length, `${gone} of ${marked.length} marked messages are gone`);
      if (quit) assert.equal(gone, marked.length, 'QUIT was answered +OK and messages came back');
      if (quit) answered += 1;
      if (gone > 0) applied += 1;
    }
    t.diagnostic(`${quits} rounds: QUIT was answered in ${answered}, the deletions happened in ${applied}`);
  });

  test(`${name}: kill -9 in the middle of RETR and after DELE without QUIT deletes nothing`, async () => {
    let served = await engine.serve(instance);
    const sender = await SmtpClient.open(instance.target('submission'), loginOf('sender'));
    const ledger = new Ledger(addressOf('sender'));
    await sender.submit(addressOf('sender'), [addressOf('bram')], ledger.compose(3_000_000).wire);
    sender.wire.destroy();
    const client = await Pop3Client.open(instance.target('pop3'), loginOf('bram'));
    const listed = [...(await client.uidl())];
    const [largest] = listed.at(-1) ?? [1];
    await client.command('DELE 1');
    if (largest === 1) await client.command('RSET');
    await client.command(`RETR ${largest}`);
    await engine.kill(served);
    client.wire.destroy();

    served = await engine.serve(instance);
    const later = await Pop3Client.open(instance.target('pop3'), loginOf('bram'));
    assert.deepEqual([...(await later.uidl())], listed);
    ledger.found(await later.fetch(largest));
    assert.deepEqual(ledger.report().damaged, []);
    await later.quit();
    assert.equal(await served.stop(), 0);
  });
}
