/**
 * Doctor by itself: what is new is told once, what is gone is told too, and nothing of it stops the
 * gateway. And the clock, as programs tell of it.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DoctorFinding } from '../../src/domain/doctor.ts';
import { clockFindings } from '../../src/gateway/doctor-checks.ts';
import { gatewayDoctor } from '../../src/gateway/doctor.ts';
import { days, minutes, seconds } from '../../src/domain/units.ts';
import { clockSync } from '../../src/platform/clock-sync.ts';
import type { AuditEvent } from '../../src/store/audit.ts';
import type { AuditTrail } from '../../src/store/port/audit.ts';
import { Doctor, MOST_FINDINGS } from '../../src/trail/doctor.ts';
import { FakeClock } from '../support/clock.ts';
import { startTestGateway } from '../support/gateway.ts';
import { MemoryLog } from '../support/log.ts';
import { Scrape } from '../support/scrape.ts';
import { until } from '../support/until.ts';

const found = (id: string, severity: DoctorFinding['severity'] = 'warning'): DoctorFinding => ({
  id,
  severity,
  what: id,
});

function doctor(every = days(1)) {
  const [clock, log, rows] = [new FakeClock(), new MemoryLog(), [] as AuditEvent[]];
  const world = { findings: [] as DoctorFinding[], fail: false, runs: 0 };
  const made = new Doctor({
    ...{ clock, log, every, audit: { note: (event: AuditEvent) => rows.push(event) } as unknown as AuditTrail },
    examine: async () => {
      world.runs += 1;
      if (world.fail) throw new Error('no way');
      return world.findings;
    },
  });
  const told = (): string[] => log.events.map(({ event, fields }) => `${event} ${String(fields.finding ?? '')}`.trim());
  return { clock, log, rows, world, made, told };
}

test('a finding is told when it is new or worse and when it has gone, and each run is a row', async () => {
  const { made, world, told, rows, clock } = doctor();
  world.findings = [found('clock'), found('escrow')];
  await made.run();
  assert.deepEqual(told(), ['doctor.found clock', 'doctor.found escrow']);
  await made.run();
  assert.equal(told().length, 2);
  world.findings = [found('clock', 'failure')];
  await made.run();
  assert.deepEqual(told().slice(2), ['doctor.found clock', 'doctor.cleared escrow']);
  assert.deepEqual(
    rows.map(({ outcome, facts }) => [outcome, facts?.failures, facts?.warnings, facts?.findings]),
    [
      ['success', 0, 2, 'clock escrow'],
      ['success', 0, 2, 'clock escrow'],
      ['failure', 1, 0, 'clock'],
    ],
  );
  assert.deepEqual(made.state, { ranAt: clock.now(), findings: world.findings });
});

test('it runs ten minutes after the start and then at its time; a failed run is told, and the next one comes', async () => {
  const { made, world, clock, told } = doctor();
  made.start();
  clock.advance(minutes(9));
  assert.equal(world.runs, 0);
  clock.advance(minutes(1));
  await made.run();
  assert.equal(world.runs, 2);
  world.fail = true;
  clock.advance(days(1) - minutes(1));
  assert.equal(world.runs, 2);
  clock.advance(minutes(10));
  await until('the run has failed', () => told().includes('doctor.failed'));
  world.fail = false;
  clock.advance(days(1) + minutes(10));
  await until('the next has run', () => world.runs >= 4);
  made.stop();
  assert.equal(clock.waiting, 0);
});

test('switched off it never runs; stopped it tells nothing more; findings are bounded', async () => {
  const off = doctor(0 as ReturnType<typeof days>);
  off.made.start();
  assert.equal(off.clock.waiting, 0);

  const stopped = doctor();
  stopped.world.findings = [found('clock')];
  const running = stopped.made.run();
  stopped.made.stop();
  await running;
  assert.deepEqual([stopped.told(), stopped.rows.length], [[], 0]);

  const many = doctor();
  many.world.findings = Array.from({ length: MOST_FINDINGS + 5 }, (_, i) => found(`f${i}`));
  await many.made.run();
  assert.equal(many.made.state.findings.length, MOST_FINDINGS);
});

/** As chronyc 4 prints it: -c, numbers for machines. */
const chrony = (offset: string, leap = 'Normal'): string =>
  `C0000201,192.0.2.1,2,1795694400.123456789,${offset},-0.000000012,0.000034,-12.345,-0.001,0.045,0.012,0.0009,64.2,${leap}\n`;
const programs = (texts: Readonly<Record<string, string>>) => async (program: string) => texts[program];

test('chrony is asked first, then systemd; without both nobody can tell', async () => {
  assert.deepEqual(await clockSync(programs({ chronyc: chrony('0.000123'), timedatectl: 'no\n' })), {
    ...{ kind: 'synchronised', by: 'chrony', offset: -0.000123 },
  });
  assert.deepEqual(await clockSync(programs({ chronyc: chrony('0', 'Not synchronised') })), {
    kind: 'free',
    by: 'chrony',
  });
  assert.deepEqual(await clockSync(programs({ timedatectl: 'yes\n' })), { kind: 'synchronised', by: 'systemd' });
  assert.deepEqual(await clockSync(programs({ timedatectl: 'no\n' })), { kind: 'free', by: 'systemd' });
  assert.deepEqual(await clockSync(programs({ chronyc: '506 Cannot talk to daemon\n', timedatectl: '' })), {
    kind: 'unknown',
  });
  assert.deepEqual(await clockSync(programs({})), { kind: 'unknown' });
});

test('a clock that is off by more than the limit is wrong, one that nobody keeps too, and one that nobody knows of a warning', () => {
  const at = (offset: number) => clockFindings({ kind: 'synchronised', by: 'chrony', offset }, seconds(1));
  assert.deepEqual([at(1), at(-1), clockFindings({ kind: 'synchronised', by: 'systemd' }, seconds(1))], [[], [], []]);
  assert.match(at(1.001)[0]!.what, /1\.001 s ahead, more than 1s, says chrony: .*chronyc makestep/);
  assert.match(at(-90)[0]!.what, /90\.000 s behind/);
  assert.equal(at(-90)[0]!.severity, 'failure');
  assert.equal(clockFindings({ kind: 'free', by: 'systemd' }, seconds(1))[0]!.severity, 'failure');
  assert.equal(clockFindings({ kind: 'unknown' }, seconds(1))[0]!.severity, 'warning');
});

test('a gateway examines itself: listeners by handshakes, with metrics, log and trail', async (t) => {
  const clock = new FakeClock(Date.now());
  const configuration = '[operators]\nsecond-person = ["erase"]\n[doctor]\nevery = "1d"';
  const gateway = await startTestGateway({ clock, configuration });
  t.after(() => gateway.remove());
  assert.equal((await Scrape.of(gateway)).value('sluis_doctor_findings', { severity: 'warning' }), 0);
  clock.advance(minutes(10));
  const told = (): unknown[] =>
    gateway.log.events.filter(({ event }) => event === 'doctor.found').map(({ fields }) => fields.finding);
  await until('it has looked', () => told().includes('escrow') && told().includes('operators'));
  assert(!told().some((finding) => String(finding).startsWith('listener.')), told().join(' '));
  const scrape = await Scrape.of(gateway);
  assert(scrape.value('sluis_doctor_findings', { severity: 'warning' })! >= 2);
  assert.equal(scrape.value('sluis_doctor_last_run_timestamp_seconds'), clock.now() / 1000);
  const rows = await gateway.store.audit.read({ limit: 1000 });
  assert.match(String(rows.find(({ event }) => event === 'doctor.ran')?.facts?.findings), /escrow/);
});

test('each listener is examined, on the port that it was given; one that has none is told of, not left out', async (t) => {
  const clock = new FakeClock(Date.now());
  const gateway = await startTestGateway({ clock });
  t.after(() => gateway.remove());
  const { config, store, log, admin } = gateway;
  assert(config.listener.every(({ port }) => port === 0));
  const asked: string[] = [];
  const made = gatewayDoctor(config, {
    ...{ store, clock, log, certificates: admin.certificates, stuck: () => 0 },
    keys: { gatewayKeyProblem: () => Promise.resolve(undefined) },
    portOf: (name) => {
      asked.push(name);
      return name === 'pop3' ? undefined : gateway.listeners.find(({ spec }) => spec.name === name)?.port;
    },
  });
  await made.run();
  made.stop();
  assert.deepEqual(
    asked,
    config.listener.map(({ name }) => name),
  );
  const told = made.state.findings.filter(({ id }) => id.startsWith('listener.'));
  assert.deepEqual(
    told.map(({ id, severity }) => `${id} ${severity}`),
    ['listener.pop3 warning'],
  );
  assert.match(told[0]!.what, /cannot be examined: it is open on no TCP port/);
});
