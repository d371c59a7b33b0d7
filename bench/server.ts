/**
 * A gateway for load generators that can drive any mail server: `bench/server
 * start|stop|wipe|info`.
 *
 * It has 512 accounts, `user0@bench.test` to `user511@bench.test` with the password `Secret-N-pw`,
 * on ports that stay the same. `start` prints what a load generator must know as lines of
 * KEY=value. Everything is below $BENCH_TMP (default: `bench` in the temporary folder).
 * $BENCH_PORT_BASE (default 31520) is the first of four ports. $BENCH_NODE_OPTIONS are options for
 * the gateway's Node, for example `--cpu-prof`.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { hashPassword } from '../src/crypto/passwords/password.ts';
import { Instance, type Ports, greets } from '../test/support/instance.ts';

const ACCOUNTS = 512;
const base = Number(process.env.BENCH_PORT_BASE ?? 31520);
const ports: Ports = { submission: base, submissions: base + 1, pop3: base + 2, pop3s: base + 3 };
const root = process.env.BENCH_TMP ?? join(tmpdir(), 'bench');
const folder = join(root, 'sluis');
const pidFile = join(root, 'sluis.pid');
const hashes = join(root, 'sluis-hashes.json');
const address = (n: number): string => `user${n}@bench.test`;
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * The hashes of all passwords. They cost 7 seconds of processor time, so they are made once and
 * kept beside the gateway's folder.
 */
async function passwordHashes(): Promise<readonly string[]> {
  if (existsSync(hashes)) return JSON.parse(readFileSync(hashes, 'utf8')) as string[];
  const made: string[] = [];
  for (let n = 0; n < ACCOUNTS; n++) made.push(await hashPassword(`Secret-${n}-pw`));
  writeFileSync(hashes, JSON.stringify(made), { mode: 0o600 });
  return made;
}

async function create(): Promise<void> {
  const instance = await Instance.create({ folder, ports, hostname: 'mail.bench.test' });
  const all = await passwordHashes();
  const lines = all.map((hash, n) => `${address(n)},${address(n)},bench,"${hash}"`);
  const csv = join(root, 'sluis-accounts.csv');
  writeFileSync(csv, `login,address,organisation,password_hash\n${lines.join('\n')}\n`, { mode: 0o600 });
  instance.sluis('organisation', 'add', 'bench', '--title', 'Bench', '--contact', 'bench@bench.test');
  instance.sluis('account', 'import', csv);
  instance.sluis('organisation', 'set', 'bench', 'messages-per-hour=10000000', 'recipients-per-hour=10000000');
  rmSync(csv);
}

const runningPid = (): number | undefined => {
  if (!existsSync(pidFile)) return undefined;
  const pid = Number(readFileSync(pidFile, 'utf8'));
  return existsSync(`/proc/${pid}`) ? pid : undefined;
};

async function start(): Promise<void> {
  mkdirSync(root, { recursive: true });
  if (runningPid() === undefined) {
    if (!existsSync(folder)) await create();
    const log = openSync(join(root, 'sluis.log'), 'a');
    const extra = (process.env.BENCH_NODE_OPTIONS ?? '').split(' ').filter((o) => o !== '');
    const main = fileURLToPath(new URL('../scripts/sluis.mjs', import.meta.url));
    const child = spawn(process.execPath, [...extra, main, 'serve', '--config', join(folder, 'sluis.toml')], {
      ...{ detached: true, stdio: ['ignore', log, log], cwd: root },
    });
    child.unref();
    writeFileSync(pidFile, String(child.pid));
    for (let i = 0; !(await greets(ports.submission)) || !(await greets(ports.pop3)); i++) {
      if (i > 200 || runningPid() === undefined) throw new Error(`the gateway did not start, see ${root}/sluis.log`);
      await pause(100);
    }
  }
  info();
}

async function stop(): Promise<void> {
  const pid = runningPid();
  if (pid !== undefined) {
    process.kill(pid, 'SIGTERM');
    for (let i = 0; existsSync(`/proc/${pid}`); i++) {
      if (i === 400) process.kill(pid, 'SIGKILL');
      await pause(100);
    }
  }
  rmSync(pidFile, { force: true });
}

function info(): void {
  const pid = runningPid() ?? '';
  const lines = {
    ...{ NAME: 'sluis', HOST: '127.0.0.1', PORT_SUBMISSION: ports.submission, PORT_SMTPS: ports.submissions },
    ...{ PORT_POP3: ports.pop3, PORT_POP3S: ports.pop3s, USER_PATTERN: 'user%d@bench.test' },
    ...{ PASS_PATTERN: 'Secret-%d-pw', ADDR_PATTERN: 'user%d@bench.test', ACCOUNTS },
    ...{ PIDS: pid, PIDS_SMTP: pid, PIDS_POP3: pid, CA: join(folder, 'certs-dev', 'ca.pem') },
  };
  for (const [key, value] of Object.entries(lines)) console.log(`${key}=${value}`);
}

switch (process.argv[2] ?? '') {
  case 'start':
    await start();
    break;
  case 'stop':
    await stop();
    break;
  case 'wipe':
    if (runningPid() !== undefined) throw new Error('stop the gateway before wiping it');
    rmSync(folder, { recursive: true, force: true });
    break;
  case 'info':
    info();
    break;
  default:
    console.error('usage: bench/server start|stop|wipe|info');
    process.exitCode = 2;
}
