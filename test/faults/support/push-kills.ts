/** The test of push-kill9.test.ts, on either engine. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { testCertificates } from '../../support/certificates.ts';
import { between } from '../../support/chance.ts';
import { addressOf } from '../../support/instance.ts';
import { Ledger } from '../../support/ledger.ts';
import { ScriptedPartner } from '../../support/partner.ts';
import type { FaultEngine } from './engine.ts';
import { pause, submitting, until } from './traffic.ts';

const CONNECTIONS = 5;

export function pushKillTest(engine: FaultEngine, rounds: number): void {
  test(`${engine.name}: ${rounds} times kill -9 in the middle of pushing lose nothing, and duplicate only what was being answered`, async (t) => {
    const instance = await engine.make(t, ['sender']);
    const { server, ca } = await testCertificates();
    const takenAt: number[] = [];
    const partner = await ScriptedPartner.start({
      ...server,
      tls: 'starttls',
      act: (step) => {
        if (step === 'message') takenAt.push(performance.now());
        return undefined;
      },
    });
    t.after(() => partner.stop());
    instance.addPartner('hospital', partner.port, ca.certificate, '--connections', String(CONNECTIONS));
    const ledger = new Ledger(addressOf('sender'));
    const recipients = Array.from({ length: 8 }, (_, i) => `ward${i}@hospital.test`);
    const kills: number[] = [];
    for (let round = 1; round <= rounds; round++) {
      const served = await engine.serve(instance);
      const [before, pushed] = [ledger.acknowledged, partner.dots];
      const traffic = submitting(instance, ledger, { sender: 'sender', recipients, connections: 4 });
      await until(
        'some are pushed',
        () => (ledger.acknowledged >= before + 8 && partner.dots > pushed + 4) || served.over,
        30_000,
      );
      await pause(between(10, 200));
      // The worst moment: the partner has just answered.
      if (round % 2 === 0) {
        const dots = partner.dots;
        await until('a message is pushed', () => partner.dots > dots, 2000).catch(() => undefined);
      }
      const died = engine.kill(served);
      kills.push(performance.now());
      await died;
      await traffic.ended;
    }
    const last = await engine.serve(instance);
    const arrived = new Set<string>();
    let read = 0;
    const readNew = (): number => {
      for (; read < partner.taken.length; read++) {
        const { content } = partner.taken[read]!;
        ledger.found(content);
        arrived.add(/^X-Ledger: (k\d+)/m.exec(content.toString('latin1'))?.[1] ?? '');
      }
      return ledger.report().lost.length;
    };
    await until('all have arrived', () => readNew() === 0, 60_000);
    assert.equal(await last.stop(), 0);
    readNew();
    const report = ledger.report();
    assert.deepEqual([report.lost, report.damaged], [[], []]);

    // Each second copy: its first one was answered just before a kill.
    const first = new Map<string, number>();
    const windows: number[] = [];
    partner.taken.forEach(({ content }, i) => {
      const key = /^X-Ledger: (k\d+)/m.exec(content.toString('latin1'))?.[1] ?? '';
      const at = first.get(key);
      first.set(key, i);
      if (at === undefined) return;
      // Also a little after it: the partner reads on what the dead process had sent.
      windows.push(Math.min(...kills.map((kill) => Math.abs(kill - takenAt[at]!))));
    });
    t.diagnostic(
      `${report.acknowledged} acknowledged, ${partner.taken.length} taken, ${windows.length} twice; longest between answer and kill: ${Math.round(Math.max(0, ...windows))} ms`,
    );
    assert.ok(report.acknowledged >= rounds * 8, 'too few messages to prove anything');
    assert.ok(
      windows.every((w) => w < engine.settles),
      `a second copy of what was answered long before: ${windows.map(Math.round).join(', ')} ms`,
    );
    assert.ok(windows.length <= rounds * CONNECTIONS * 2, `${windows.length} second copies`);
  });
}
