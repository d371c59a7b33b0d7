/**
 * A machine with Debian and nothing else: a fresh root file system from mmdebstrap, with systemd as
 * the first process of a container, and a network with loopback alone. Commands run in it one after
 * another in the same folder, as root would type them in a terminal.
 *
 * SLUIS_DEBIAN_ROOT may name a tarball of such a root, so that a trial need not wait until one is
 * made.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { present, withoutProgram } from './require.ts';
import { until } from './until.ts';

/**
 * Packages for all that is tried in it: systemd, two mail programs for the command line, and curl.
 */
const PACKAGES = 'systemd,systemd-sysv,ca-certificates,curl,openssl,msmtp,mpop,fetchmail,man-db,bash-completion';
const SUITE = 'trixie';
const MINUTE = 60_000;

/** For the `skip` option of a test. */
export const withoutMachine = (): string | false =>
  present('root', process.getuid?.() === 0, 'run it as root') ||
  withoutProgram('mmdebstrap', 'mmdebstrap') ||
  withoutProgram('systemd-nspawn', 'systemd-container') ||
  withoutProgram('nsenter', 'util-linux');

export interface Did {
  readonly code: number | null;
  /** Standard output and standard error together. */
  readonly text: string;
}

/** Runs a program of this machine. It must succeed within `patience` milliseconds. */
export function runs(program: string, words: readonly string[], patience = 10 * MINUTE, cwd?: string): string {
  const ran = spawnSync(program, words, {
    ...{ encoding: 'utf8', timeout: patience, maxBuffer: 64 * 1024 * 1024, stdio: ['ignore', 'pipe', 'pipe'] },
    ...(cwd === undefined ? {} : { cwd }),
  });
  assert.equal(ran.status, 0, `${[program, ...words].join(' ')}: ${ran.stdout}${ran.stderr}`);
  return ran.stdout;
}

export class DebianMachine {
  readonly root: string;
  readonly #log: string;
  #container: ChildProcess | undefined;
  #ended: Promise<unknown> = Promise.resolve();
  /** Process id of the first process in it. */
  pid = 0;

  /** `folder` belongs to the test, which removes it after `halt`. */
  private constructor(folder: string) {
    this.root = join(folder, 'root');
    this.#log = join(folder, 'boot.log');
  }

  static async start(folder: string): Promise<DebianMachine> {
    const machine = new DebianMachine(folder);
    const ready = process.env.SLUIS_DEBIAN_ROOT;
    if (ready === undefined)
      runs('mmdebstrap', ['--quiet', '--variant=minbase', `--include=${PACKAGES}`, SUITE, machine.root]);
    else {
      mkdirSync(machine.root);
      runs('tar', ['-xpf', ready, '-C', machine.root]);
    }
    await machine.boot();
    return machine;
  }

  async boot(): Promise<void> {
    const log = openSync(this.#log, 'a');
    // A name of its own. By default it would be the name of the folder `root`, so two machines
    // would have the same one, and the second would be refused.
    const name = `--machine=${basename(dirname(this.root)).toLowerCase()}`;
    const words = ['-q', '-D', this.root, name, '--register=no', '--keep-unit', '--private-network', '--boot'];
    const container = spawn('systemd-nspawn', words, { stdio: ['ignore', log, log], detached: true });
    closeSync(log);
    this.#container = container;
    this.#ended = new Promise((resolve) => container.once('exit', resolve));
    const children = `/proc/${container.pid ?? 0}/task/${container.pid ?? 0}/children`;
    const isUp = (): boolean => {
      assert.equal(container.exitCode, null, this.saidAtBoot());
      const [pid = '0'] = existsSync(children) ? readFileSync(children, 'utf8').trim().split(' ') : [];
      this.pid = Number(pid);
      return this.pid > 0 && /^(running|degraded)\n/.test(this.tries('systemctl is-system-running').text);
    };
    await until('the machine is up', isUp, MINUTE);
  }

  saidAtBoot(): string {
    return readFileSync(this.#log, 'utf8');
  }

  /** Powers off, as the power button does. */
  async halt(): Promise<void> {
    if (this.#container?.exitCode !== null) return;
    // The same as SIGRTMIN+4 for systemd: power off.
    this.tries('systemctl poweroff');
    const late = setTimeout(() => this.#container?.kill('SIGKILL'), MINUTE);
    await this.#ended;
    clearTimeout(late);
  }

  tries(command: string): Did {
    const environment = [
      'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
      'HOME=/root',
      'LANG=C.UTF-8',
      'TERM=dumb',
    ];
    const words = ['-t', String(this.pid), '-a', '--wdns=/root', 'env', '-i', ...environment, 'sh', '-c', command];
    const ran = spawnSync('nsenter', words, {
      ...{ encoding: 'utf8', timeout: 5 * MINUTE, stdio: ['ignore', 'pipe', 'pipe'] },
    });
    return { code: ran.status, text: ran.stdout + ran.stderr };
  }

  /** Runs a command that must succeed; returns its output. */
  does(command: string): string {
    const { code, text } = this.tries(command);
    assert.equal(code, 0, `${command}: ${text}`);
    return text;
  }
}
