/**
 * Three places from Debian's packages: PostgreSQL under Patroni in quorum mode over three etcd. One whole place dies, the one with the primary, and the rest
 * carries on by itself with all that was acknowledged.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { effort } from '../support/effort.ts';
import { type Patroni, startPatroni } from '../support/patroni.ts';
import { type PgClient, openAt } from '../support/postgres-server.ts';
import { present, withoutProgram } from '../support/require.ts';
import { until } from '../support/until.ts';
import { existsSync } from 'node:fs';

const ROUNDS = effort(1, 10);
const WRITERS = 8;
/** A query without an answer for so long counts as lost; a place that hangs never answers. */
const DEADLINE = 3000;

const skip =
  [
    withoutProgram('patroni', 'patroni'),
    withoutProgram('etcd', 'etcd-server'),
    present(
      'PostgreSQL 17',
      existsSync('/usr/lib/postgresql/17/bin/postgres'),
      'install it with "apt-get install postgresql-17"',
    ),
    present('the right to make namespaces', process.getuid?.() === 0, 'run it as root'),
  ].find((reason) => reason !== false) ?? false;

/** Writes at whatever server is primary, until it is told to stop. */
class Writers {
  readonly acknowledged: { readonly n: number; readonly at: number }[] = [];
  readonly #ports: readonly number[];
  readonly #all: Promise<unknown>;
  #next = 0;
  #stop = false;

  constructor(ports: readonly number[]) {
    this.#ports = ports;
    this.#all = Promise.all(Array.from({ length: WRITERS }, () => this.#write()));
  }

  async stop(): Promise<void> {
    this.#stop = true;
    await this.#all;
  }

  async firstAfter(time: number): Promise<number> {
    const found = (): number | undefined => this.acknowledged.find(({ at }) => at > time)?.at;
    await until('a commit', () => found() !== undefined, 90_000);
    return found()!;
  }

  async #write(): Promise<void> {
    let client: PgClient | undefined;
    for (let turn = 0; !this.#stop;) {
      const n = this.#next++;
      try {
        client ??= await openAt(this.#ports[turn++ % this.#ports.length]!, { query_timeout: DEADLINE });
        await client.query('INSERT INTO kept (n) VALUES ($1)', [n]);
        this.acknowledged.push({ n, at: performance.now() });
      } catch {
        // A standby, a dead place, or an end that nobody knows: on to the next, with another number.
        void client?.end().catch(() => undefined);
        client = undefined;
        await pause(50);
      }
    }
    void client?.end().catch(() => undefined);
  }
}

async function onLeader(patroni: Patroni, text: string): ReturnType<PgClient['query']> {
  const client = await openAt((await patroni.leader()).ports.postgres);
  try {
    return await client.query(text);
  } finally {
    await client.end();
  }
}

test(
  `${ROUNDS} times the whole place of the primary dies, and the rest carries on by itself with all that was acknowledged`,
  { skip },
  async (t) => {
    const patroni = await startPatroni(t);
    await onLeader(patroni, 'CREATE TABLE kept (n bigint PRIMARY KEY)');
    const writers = new Writers(patroni.ports);
    const gaps: number[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      await writers.firstAfter(performance.now());
      const lost = await patroni.leader();
      const at = performance.now();
      await lost.kill();
      gaps.push((await writers.firstAfter(performance.now())) - at);
      patroni.start(lost);
      await patroni.untilWhole();
    }
    await writers.stop();
    const there = new Set((await onLeader(patroni, 'SELECT n::int AS n FROM kept')).rows.map(({ n }) => Number(n)));
    const missing = writers.acknowledged.filter(({ n }) => !there.has(n));
    gaps.sort((a, b) => a - b);
    const seconds = (of: number): string => (of / 1000).toFixed(1);
    const median = gaps[Math.floor(gaps.length / 2)]!;
    t.diagnostic(
      `${writers.acknowledged.length} acknowledged, ${missing.length} lost; to the first commit after the loss: median ${seconds(median)} s, worst ${seconds(gaps.at(-1)!)} s`,
    );
    assert.deepEqual(missing, []);
    assert.ok(median <= 25_000, `${seconds(median)} s to the first commit`);
  },
);
