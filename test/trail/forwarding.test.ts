import assert from 'node:assert/strict';
import { type TLSSocket, createServer } from 'node:tls';
import { type TestContext, test } from 'node:test';
import type { ChainRow } from '../../src/domain/audit-row.ts';
import {
  type DevelopmentCertificates,
  makeDevelopmentCertificates,
} from '../../src/crypto/certificates/development-ca.ts';
import { instant } from '../../src/domain/units.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { ForwardLine, PATIENCE } from '../../src/trail/forward-line.ts';
import { ARRIVED_AFTER, FORWARD_MARK, Forwarding, STEP } from '../../src/trail/forwarding.ts';
import { MOST_OCTETS, forwarded } from '../../src/trail/syslog.ts';
import { testCertificates } from '../support/certificates.ts';
import { FakeClock } from '../support/clock.ts';
import { MemoryLog } from '../support/log.ts';
import { until } from '../support/until.ts';

const row = (seq: number): ChainRow => ({
  ...{ seq, at: instant(0), event: 'login.refused', outcome: 'failure', message: null, account: null, facts: '{}' },
  ...{ personal: null, salt: null, commitment: null, hash: Buffer.alloc(32) },
});

/** A trail, a collector and the forwarding between them. */
class Scene {
  readonly clock = new FakeClock();
  readonly log = new MemoryLog();
  readonly marks: Record<string, number> = {};
  rows = 0;
  reads = 0;
  /** What the collector has, by the numbers of the rows. */
  readonly got: number[] = [];
  away = false;
  mine = true;
  /** What is being sent stays under way. */
  stuck = false;
  #open: { broken: boolean }[] = [];

  forwarding(): Forwarding {
    const made = new Forwarding({
      audit: {
        follow: ({ behind, limit }) => {
          this.reads += 1;
          const rows = Array.from({ length: Math.min(limit, this.rows - behind) }, (_none, n) => row(behind + n + 1));
          return Promise.resolve({ rows, next: behind + rows.length });
        },
        marks: () => Promise.resolve(this.marks),
        head: () => Promise.resolve({ seq: this.rows, hash: Buffer.alloc(32) }),
        erasePersonal: (seqs, mark) => {
          assert.deepEqual(seqs, []);
          if (mark !== undefined) this.marks[mark.name] = Math.max(this.marks[mark.name] ?? 0, mark.seq);
          return Promise.resolve(0);
        },
      },
      open: () => {
        if (this.away) return Promise.reject(new Error('connect ECONNREFUSED'));
        const line = { broken: false };
        this.#open.push(line);
        return Promise.resolve({
          get open() {
            return !line.broken;
          },
          close: () => undefined,
          send: async (text) => {
            if (this.stuck) await new Promise(() => undefined);
            this.got.push(...text.split(' ').map(Number));
          },
        });
      },
      write: (rows) => Promise.resolve(rows.map(({ seq }) => seq).join(' ')),
      mine: () => this.mine,
      clock: this.clock,
      log: this.log,
    });
    made.start();
    return made;
  }

  breakOff(): void {
    for (const line of this.#open) line.broken = true;
  }

  async pass(forwarding: Forwarding, seconds: number): Promise<void> {
    for (let n = 0; n < seconds; n += 1) {
      this.clock.advance(1000);
      await new Promise((resolve) => setImmediate(resolve));
      await forwarding.settled();
    }
  }
}

const numbers = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_none, n) => from + n);

test('rows go out in their order from the moment on in which it is switched on, and the mark follows what has arrived', async () => {
  const scene = new Scene();
  scene.rows = 50;
  const forwarding = scene.forwarding();
  await scene.pass(forwarding, 1);
  assert.deepEqual([scene.got, scene.marks[FORWARD_MARK]], [[], 50]);
  scene.rows = 50 + STEP + 7;
  await scene.pass(forwarding, 2);
  assert.deepEqual(scene.got, numbers(51, 50 + STEP + 7));
  assert.equal(scene.marks[FORWARD_MARK], 50, 'what was sent just now may not have arrived');
  await scene.pass(forwarding, ARRIVED_AFTER / 1000 + 1);
  assert.equal(scene.marks[FORWARD_MARK], 50 + STEP + 7);
  assert.equal(forwarding.counts.rows, STEP + 7);
  await forwarding.stop();
});

test('after a crash, or where the connection ends, what may not have arrived is sent again, and nothing is left out', async () => {
  const scene = new Scene();
  scene.marks[FORWARD_MARK] = 0;
  scene.rows = 3;
  const crashed = scene.forwarding();
  await scene.pass(crashed, 1);
  await crashed.stop();
  const forwarding = scene.forwarding();
  await scene.pass(forwarding, 1);
  assert.deepEqual(scene.got, [1, 2, 3, 1, 2, 3]);
  await scene.pass(forwarding, 7);
  scene.rows = 5;
  await scene.pass(forwarding, 1);
  scene.breakOff();
  await scene.pass(forwarding, 3);
  assert.deepEqual(scene.got.slice(6), [4, 5, 4, 5], 'those that had arrived for certain are not repeated');
  await forwarding.stop();
});

test('while the collector is away the trail waits for it, tries come seldom, and one line of the log tells', async () => {
  const scene = new Scene();
  scene.marks[FORWARD_MARK] = 0;
  scene.rows = 10;
  scene.away = true;
  const forwarding = scene.forwarding();
  await scene.pass(forwarding, 600);
  assert.ok(
    forwarding.counts.failures >= 10 && forwarding.counts.failures <= 18,
    `${forwarding.counts.failures} tries`,
  );
  assert.ok(forwarding.counts.failingSince > 0);
  const told = scene.log.events.filter(({ event }) => event === 'audit.forward-failed');
  assert.deepEqual(
    told.map(({ fields }) => fields.why),
    ['connect ECONNREFUSED'],
  );
  scene.away = false;
  await scene.pass(forwarding, 61);
  assert.deepEqual(scene.got, numbers(1, 10));
  assert.equal(forwarding.counts.failingSince, 0);
  assert.ok(scene.log.events.some(({ event }) => event === 'audit.forwarded-again'));
  await forwarding.stop();
});

test('a collector that takes nothing holds one step, however long the trail becomes', async () => {
  const scene = new Scene();
  scene.marks[FORWARD_MARK] = 0;
  scene.rows = 100_000;
  scene.stuck = true;
  scene.forwarding();
  for (let n = 0; n < 60; n += 1) {
    scene.clock.advance(1000);
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.equal(scene.reads, 1);
});

test('of two gateways one sends, and the other goes on behind what has arrived', async () => {
  const scene = new Scene();
  scene.marks[FORWARD_MARK] = 0;
  scene.rows = 2;
  const first = scene.forwarding();
  await scene.pass(first, 8);
  scene.mine = false;
  scene.rows = 4;
  await scene.pass(first, 2);
  assert.deepEqual(scene.got, [1, 2]);
  await first.stop();
  scene.mine = true;
  const second = scene.forwarding();
  await scene.pass(second, 1);
  assert.deepEqual(scene.got, [1, 2, 3, 4]);
  await second.stop();
});

const record = {
  ...{ EventID: 2_147_483_649, EventDateTime: '2026-11-29T12:00:00.000Z', EventTypeCode: 'login.refused' },
  ...{ EventOutcomeIndicator: 4, AuditSourceID: 'mx.test', ParticipantObjectDetail: { name: 'Zoë 😀\n' } },
};

test('a row is a message of RFC 5424 behind its length in octets, or a line of JSON, in ASCII', () => {
  const syslog = forwarded(record, 'rfc5424');
  const [, length = '', message = ''] = /^(\d+) (.*)$/s.exec(syslog) ?? [];
  assert.equal(Number(length), Buffer.byteLength(message));
  assert.match(
    message,
    /^<108>1 2026-11-29T12:00:00\.000Z mx\.test sluis - login\.refused \[meta sequenceId="2"\] \{"EventID":2147483649,.*\}$/,
  );
  const line = forwarded(record, 'json');
  for (const text of [syslog, line]) assert.match(text.trimEnd(), /^[\x20-\x7e]*$/);
  assert.deepEqual(JSON.parse(line), record);
  assert.deepEqual(JSON.parse(message.slice(message.indexOf('{'))), record);
  assert.match(forwarded({ ...record, EventOutcomeIndicator: 0 }, 'rfc5424'), /^\d+ <110>1 /);
});

test('a row that is longer than receivers have to take says how long it was, and which it is', () => {
  const recipients = Array.from({ length: 1000 }, (_none, n) => `practice${n}@mail.test`);
  const long = { ...record, ParticipantObjectDetail: { recipients } };
  const syslog = forwarded(long, 'rfc5424');
  assert.ok(syslog.length <= MOST_OCTETS);
  assert.match(syslog, /"EventID":2147483649,.*"ParticipantObjectDetail":\{"truncated":2\d{4}\}/);
  assert.deepEqual(JSON.parse(forwarded(long, 'json')), long, 'a line may have any length');
});

interface Collector {
  readonly port: number;
  readonly ca: string;
  readonly sockets: TLSSocket[];
  text: string;
}

async function collector(
  t: TestContext,
  each: (socket: TLSSocket, its: Collector) => void,
  made?: DevelopmentCertificates,
): Promise<Collector> {
  const { server: pair, ca } = made ?? (await testCertificates());
  const server = createServer({ key: pair.key, cert: pair.certificate }, (socket) => {
    its.sockets.push(socket.on('error', () => undefined));
    each(socket, its);
  }).listen(0, '127.0.0.1');
  server.on('tlsClientError', () => undefined);
  await new Promise((resolve) => server.once('listening', resolve));
  t.after(() => {
    for (const socket of its.sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  const its: Collector = {
    ...{ port: typeof address === 'object' ? (address?.port ?? 0) : 0, ca: ca.certificate, sockets: [], text: '' },
  };
  return its;
}

const heard = (socket: TLSSocket, its: Collector): void => {
  socket.on('data', (piece: Buffer) => (its.text += piece.toString('latin1')));
};

test('the certificate of the collector must lead to the authority and carry the name', async (t) => {
  const its = await collector(t, heard);
  const clock = new FakeClock();
  const line = await ForwardLine.open({ host: 'localhost', port: its.port, ca: [its.ca] }, clock);
  await line.send('12 <110>1 hello');
  await until('it arrives', () => its.text === '12 <110>1 hello');
  line.close();
  await assert.rejects(ForwardLine.open({ host: 'localhost', port: its.port }, clock), /certificate/);
  const other = await makeDevelopmentCertificates(['other.test'], systemClock.now());
  const named = await collector(t, heard, other);
  await assert.rejects(ForwardLine.open({ host: 'localhost', port: named.port, ca: [named.ca] }, clock), /altnames/);
  assert.equal(clock.waiting, 0, 'no timer is left');
});

test('a collector that ends, stands still or talks without end is nothing but a connection that ends', async (t) => {
  const clock = new FakeClock();
  const ends = await collector(t, (socket) => void socket.end());
  const ended = await ForwardLine.open({ host: 'localhost', port: ends.port, ca: [ends.ca] }, clock);
  await until('the end is known', () => !ended.open);
  await assert.rejects(ended.send('x'), /closed/);

  const still = await collector(t, (socket) => void socket.pause());
  const standing = await ForwardLine.open({ host: 'localhost', port: still.port, ca: [still.ca] }, clock);
  const sending = standing.send('x'.repeat(32_000_000));
  await until('it waits', () => clock.waiting === 1);
  clock.advance(PATIENCE);
  await assert.rejects(sending, /stands still/);

  const talks = await collector(t, (socket, its) => {
    heard(socket, its);
    for (let n = 0; n < 100; n += 1) socket.write(Buffer.alloc(65_536));
  });
  const line = await ForwardLine.open({ host: 'localhost', port: talks.port, ca: [talks.ca] }, clock);
  await line.send('row');
  await until('it arrives', () => talks.text === 'row');
  line.close();
});
