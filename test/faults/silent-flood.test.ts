/**
 * Ten thousand connections that say nothing, from two hundred addresses, on all four ports, as the
 * gateway is configured by default: of fifty clients that have logged in before and go on to come
 * and go, none is refused and none is cut off. The same with the smallest figures stands in
 * test/platform/connections.test.ts.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Instance, type Served, loginOf } from '../support/instance.ts';
import { Pop3Client } from '../support/pop3-client.ts';
import { SmtpClient } from '../support/smtp-client.ts';
import { quantile } from './support/attack.ts';
import type { Flood } from './support/silent-flood.ts';

const ATTACKER = fileURLToPath(new URL('support/silent-flood.ts', import.meta.url));
const PROCESSES = 4;
const CONNECTIONS = 10_000;
/** In forty ranges, five of each. */
const SOURCES = Array.from({ length: 200 }, (_, i) => `127.77.${i % 40}.${1 + Math.floor(i / 40)}`);
const KNOWN = Array.from({ length: 50 }, (_, i) => ({ name: `client${i}`, source: `127.88.${i}.1` }));
let instance: Instance;
let served: Served;
let heard = '';

before(async () => {
  instance = await Instance.create({ configuration: '[connections]\ndrain = "1s"\n' });
  instance.addAccounts(KNOWN.map(({ name }) => name));
  served = await instance.serve({ hear: (text) => (heard += text) });
});
after(async () => {
  if (!served.over) await served.kill();
  instance.remove();
});

async function visit({ name, source }: (typeof KNOWN)[number], n: number): Promise<void> {
  if (n % 2 === 0) {
    const port = n % 4 === 0 ? 'pop3s' : 'pop3';
    const client = await Pop3Client.open({ ...instance.target(port), localAddress: source }, loginOf(name));
    await client.stat();
    await client.quit();
    return;
  }
  const port = n % 4 === 1 ? 'submissions' : 'submission';
  const client = await SmtpClient.open({ ...instance.target(port), localAddress: source }, loginOf(name));
  await client.command('NOOP', '250');
  await client.quit();
}

function attack(part: number): { readonly child: ChildProcess; end(): Promise<{ opened: number; open: number }> } {
  const flood: Flood = {
    ports: Object.values(instance.ports),
    sources: SOURCES.filter((_, i) => i % PROCESSES === part),
    connections: CONNECTIONS / PROCESSES,
    held: CONNECTIONS / PROCESSES,
  };
  const child = spawn(process.execPath, [ATTACKER, JSON.stringify(flood)], { stdio: ['pipe', 'pipe', 'inherit'] });
  let told = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (told += text));
  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()));
  return {
    child,
    end: async () => {
      child.stdin.end();
      await closed;
      return JSON.parse(told) as { opened: number; open: number };
    },
  };
}

test('10,000 silent connections from 200 addresses: of 50 known clients that come and go none is refused', async (t) => {
  const latencies: number[] = [];
  const refused: string[] = [];
  for (const [i, client] of KNOWN.entries()) await visit(client, i);
  const attackers = Array.from({ length: PROCESSES }, (_, part) => attack(part));
  const state = { over: false };
  const coming = KNOWN.map(async (client, i) => {
    for (let n = i; !state.over; n += 1) {
      const start = performance.now();
      await visit(client, n).catch((error: unknown) => refused.push(`${client.name}: ${String(error)}`));
      latencies.push(performance.now() - start);
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  });
  const until = performance.now() + 15_000;
  let most = 0;
  while (performance.now() < until) {
    const { connections } = JSON.parse(instance.sluis('status', '--json')) as { connections: number };
    most = Math.max(most, connections);
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
  const ends = await Promise.all(attackers.map((attacker) => attacker.end()));
  state.over = true;
  await Promise.all(coming);
  const opened = ends.reduce((sum, end) => sum + end.opened, 0);
  const lines = heard.split('\n').filter((line) => line.includes('127.77.') || line.includes('(others)')).length;
  t.diagnostic(
    `${opened} silent connections, ${most} open at a time at most; meanwhile ${latencies.length} visits of known clients, ` +
      `${refused.length} refused, median ${quantile(latencies, 0.5).toFixed(0)} ms, longest ${quantile(latencies, 1).toFixed(0)} ms; ${lines} lines of log about the silent ones`,
  );
  assert.deepEqual(refused.slice(0, 5), []);
  assert.ok(opened >= CONNECTIONS * 0.9, `only ${opened} connections were opened`);
  assert.ok(lines < 500, `${lines} lines of log`);
  assert.ok(latencies.length >= 100, `only ${latencies.length} visits`);
  assert.ok(most > 1000, `only ${most} connections were open: the limits were not met`);
});
