/**
 * podman as on a machine of its own: with its own network, an /etc that forgets what was written to
 * it, and containers and images in a folder of the test. It neither sees nor touches containers of
 * this machine. It works without the rights over control groups that a container here would need.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Did } from './debian-machine.ts';
import { present, withoutProgram } from './require.ts';

const MINUTE = 60_000;

/** For the `skip` option of a test. nft forwards ports to containers. */
export const withoutPodman = (): string | false =>
  present('root', process.getuid?.() === 0, 'run it as root') ||
  withoutProgram('podman', 'podman') ||
  withoutProgram('nft', 'nftables') ||
  withoutProgram('curl', 'curl');

const SETTINGS = `[containers]
cgroups = "disabled"
default_ulimits = ["nofile=20000:20000", "nproc=4096:4096"]
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
`;

export class PodmanMachine {
  /** The folder in which commands run. */
  readonly home: string;
  readonly #environment: Readonly<Record<string, string>>;
  readonly #holder: ChildProcess;

  private constructor(home: string, environment: Readonly<Record<string, string>>, holder: ChildProcess) {
    this.home = home;
    this.#environment = environment;
    this.#holder = holder;
  }

  /**
   * `folder` belongs to the test, which removes it after `end`. `images`: another machine whose
   * images this one can read too.
   */
  static async start(folder: string, images?: PodmanMachine): Promise<PodmanMachine> {
    const at = (name: string): string => join(folder, name);
    for (const name of ['home', 'etc-upper', 'etc-work']) mkdirSync(at(name));
    writeFileSync(at('containers.conf'), SETTINGS);
    const storage = `[storage]\ndriver = "overlay"\nrunroot = "${at('run')}"\ngraphroot = "${at('graph')}"\n`;
    const more = images === undefined ? '' : `[storage.options]\nadditionalimagestores = ["${images.#images}"]\n`;
    writeFileSync(at('storage.conf'), storage + more);
    const script = `set -e
      umount -R /sys/fs/cgroup && mount -t cgroup2 cgroup2 /sys/fs/cgroup
      mount -t overlay overlay -o lowerdir=/etc,upperdir=${at('etc-upper')},workdir=${at('etc-work')} /etc
      ip link set lo up
      echo ready; exec sleep infinity`;
    const holder = spawn('unshare', ['-m', '-n', 'sh', '-c', script], { stdio: ['ignore', 'pipe', 'inherit'] });
    await new Promise<void>((resolve, reject) => {
      holder.stdout.once('data', () => resolve());
      holder.once('exit', (code) => reject(new Error(`The network of podman could not be made: ${code}`)));
    });
    const environment = {
      ...{ CONTAINERS_CONF: at('containers.conf'), CONTAINERS_STORAGE_CONF: at('storage.conf') },
      ...{ BUILDAH_ISOLATION: 'chroot', PODMAN_IGNORE_CGROUPSV1_WARNING: '1', HOME: at('home'), LANG: 'C.UTF-8' },
      PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    };
    return new PodmanMachine(at('home'), environment, holder);
  }

  /** Id of a process in its network. */
  get pid(): number {
    return this.#holder.pid ?? 0;
  }

  get #images(): string {
    return join(dirname(this.home), 'graph');
  }

  /**
   * Runs a command. `way`: in the network of the tested machine, or in that of this machine, which
   * building needs for npm's registry.
   */
  tries(command: string, { cwd = this.home, way = 'own' }: { cwd?: string; way?: 'own' | 'outside' } = {}): Did {
    const words = ['-t', String(this.#holder.pid), '-m', ...(way === 'own' ? ['-n'] : []), `--wdns=${cwd}`];
    const ran = spawnSync('nsenter', [...words, 'sh', '-c', command], {
      ...{ encoding: 'utf8', timeout: 20 * MINUTE, maxBuffer: 64 * 1024 * 1024 },
      env: this.#environment,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    return { code: ran.status, text: ran.stdout + ran.stderr };
  }

  does(command: string, where: { cwd?: string; way?: 'own' | 'outside' } = {}): string {
    const { code, text } = this.tries(command, where);
    assert.equal(code, 0, `${command}: ${text}`);
    return text;
  }

  /**
   * Makes an image that replaces one from a registry that cannot be reached: Debian, Node, npm, and
   * the authorities that this machine trusts.
   */
  base(name: string, root: string, node: string, npm: string): void {
    const authorities = '/etc/ssl/certs/ca-certificates.crt';
    const from = join(this.home, 'base');
    mkdirSync(from);
    copyFileSync(authorities, join(from, 'authorities.crt'));
    this.does(
      `set -e; c=$(buildah from scratch)
      buildah add -q $c ${root} /
      buildah copy -q $c ${node} /usr/local/bin/node
      buildah copy -q $c ${npm} /usr/local/lib/node_modules/npm
      buildah copy -q $c ${from}/authorities.crt ${authorities}
      buildah config --env NODE_EXTRA_CA_CERTS=${authorities} $c
      buildah run $c ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm
      buildah commit -q --rm $c ${name}`,
      { way: 'outside' },
    );
  }

  /** Ends all containers and the network. */
  async end(): Promise<void> {
    this.tries('podman rm -f -a -t 0; podman volume rm -a -f; podman rmi -f -a; buildah rm -a');
    const ended = new Promise((resolve) => this.#holder.once('exit', resolve));
    this.#holder.kill('SIGKILL');
    await ended;
  }
}
