/**
 * How `sluis sandbox` works: it opens the ports, tells the vendor what to set, tries the scenarios
 * and writes the report.
 */
import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { CommandError } from '../../cli/exit.ts';
import { refuseOpenssl } from '../../cli/openssl.ts';
import { makeWebhookSecret } from '../../crypto/keys/webhook-secrets.ts';
import { systemClock } from '../../platform/clock.ts';
import { Bench } from '../../sandbox/bench.ts';
import { doorTls } from '../../sandbox/certificates.ts';
import type { DoorWish } from '../../sandbox/doors.ts';
import { result } from '../../sandbox/mails.ts';
import type { Outcome } from '../../sandbox/outcome.ts';
import { reportText } from '../../sandbox/report.ts';
import { LAB } from '../../sandbox/scenarios/parts.ts';
import { submit } from '../../sandbox/submit.ts';
import { mailbox } from '../../sandbox/upstream.ts';
import type { Here } from '../core/row.ts';
import { waitingFor, welcome } from './say.ts';
import { type Wishes, chosen } from './wishes.ts';
import { type World, openWorld } from './world.ts';

const PORTS = [
  ['submission', 3587],
  ['submissions', 3465],
  ['pop3', 3110],
  ['pop3s', 3995],
  ['api', 3443],
] as const;
const BOTH_LOOPBACKS = ['127.0.0.1', '::1'];

export async function trySandbox({ terminal }: Here, wishes: Wishes): Promise<readonly Outcome[]> {
  refuseOpenssl();
  const folder = resolve(wishes.folder);
  const list = chosen(wishes);
  const stop = new AbortController();
  const onSignal = (): void => stop.abort();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, onSignal);
  const world = await openWorld(folder, wishes.hostname);
  const bench = await benchOf(world, folder, wishes, (text) => terminal.err(`${text}\n`), stop.signal);
  try {
    await bench.open();
    const secret = bench.secret;
    terminal.err(welcome({ wishes, world, folder, ports: bench.bench.ports, list, secret }));
    const outcomes: Outcome[] = [];
    for (const [n, scenario] of list.entries()) {
      if (stop.signal.aborted) break;
      terminal.err(
        `\n[${n + 1} of ${list.length}] ${scenario.name}: ${scenario.happens}\n${waitingFor(scenario, wishes)}\n`,
      );
      const outcome = await bench.bench.run(scenario);
      terminal.err(
        `  => ${outcome.verdict}${outcome.findings[0] === undefined ? (outcome.why === undefined ? '' : `: ${outcome.why}`) : `: ${outcome.findings[0].says}`}\n`,
      );
      outcomes.push(outcome);
    }
    writeReport(folder, outcomes);
    terminal.err(`\nThe report is in ${join(folder, 'report.txt')}.\n\n`);
    return outcomes;
  } finally {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, onSignal);
    await bench.bench.close();
    await world.close();
  }
}

function writeReport(folder: string, outcomes: readonly Outcome[]): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'report.txt'), reportText(outcomes));
}

async function benchOf(
  world: World,
  folder: string,
  wishes: Wishes,
  say: (text: string) => void,
  signal: AbortSignal,
): Promise<{ readonly bench: Bench; readonly secret: string; open(): Promise<void> }> {
  const { behind, program, hospital, certificates, operate } = world;
  const doors: readonly DoorWish[] = PORTS.map(([name, port]) => ({ name, port: wishes.freePorts ? 0 : port }));
  const addresses = wishes.address.length === 0 ? BOTH_LOOPBACKS : wishes.address;
  const secret = makeWebhookSecret(randomBytes);
  const now = (): number => systemClock.monotonic();
  const { fetch, send, stored, webhook, hostname } = wishes;
  const env: Record<string, string> = {
    SANDBOX_HOST: hostname,
    SANDBOX_LOGIN: program.login,
    SANDBOX_PASSWORD: program.password,
    SANDBOX_CA: join(folder, 'ca.pem'),
  };
  const bench = new Bench({
    hostname,
    doors,
    addresses,
    behind,
    account: program,
    tls: await doorTls({ hostname, ca: certificates.ca, server: certificates.server, now: systemClock.now() }),
    settings: { hour: wishes.hour * 1000, slow: wishes.slow * 1000 },
    patience: wishes.patience * 1000,
    commands: { ...(fetch !== undefined && { fetch }), ...(send !== undefined && { send }) },
    env,
    ...(stored !== undefined && { stored: resolve(stored) }),
    ...(webhook !== undefined && { receiver: { url: webhook, secret, ca: certificates.ca.certificate } }),
    operate,
    submit: (mail, to = program.login) => submit(behind, hospital, to, mail, systemClock),
    receipt: async () => {
      const mail = {
        ...result('R'),
        name: 'the message that asks for a receipt',
        subject: 'ontvangstbewijs (sandbox)',
        header: ['Sluis-Receipt: collected'],
      };
      const mark = await submit(behind, program, LAB, mail, systemClock);
      await mailbox(behind, hospital, now, () => true, true);
      return mark;
    },
    now,
    say,
    signal,
  });
  return {
    bench,
    secret,
    open: async () => {
      try {
        const missing = await bench.open();
        if (missing.length === addresses.length)
          throw new CommandError('usage', `Cannot listen at ${addresses.join(', ')}: this machine has no such address`);
      } catch (error) {
        const { code, port } = error as NodeJS.ErrnoException & { port?: number };
        if (code !== 'EADDRINUSE') throw error;
        throw new CommandError(
          'unavailable',
          `Cannot listen on port ${port ?? 0}: something else does; end it, or give --free-ports`,
        );
      }
      for (const [name, port] of bench.ports) env[`SANDBOX_${name.toUpperCase()}_PORT`] = String(port);
    },
  };
}
