/**
 * The image as its users have it: made twice by the printed command, loaded, and used with the
 * commands of docs/install.md under podman; what is in it, what it may not do, its health, its end,
 * and compose.yaml. The first stage stands on a Debian made here, since no registry of images is
 * asked.
 */
import assert from 'node:assert/strict';
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  realpathSync,
  rmSync,
  statSync,
} from 'node:fs';
import { arch, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { commandsOf, root } from '../peers/shell.ts';
import { runs } from '../support/debian-machine.ts';
import { VERSION, hashOf } from '../support/debian-package.ts';
import { PodmanMachine, withoutPodman } from '../support/podman.ts';
import { withoutProgram } from '../support/require.ts';
import { until } from '../support/until.ts';
import { twoSites } from './image-sites.ts';
import { twoThunderbirds } from './thunderbirds-beside.ts';

const skip = withoutPodman() || withoutProgram('buildah', 'buildah') || withoutProgram('mmdebstrap', 'mmdebstrap');
const PAGE = 'docs/install.md';
const TARBALL = `sluis_${VERSION}_amd64.image.tar`;
const BASE = 'localhost/sluis-base';
/** The image of another run, so that trying something does not wait for it. */
const READY = process.env.SLUIS_IMAGE;

let folder = '';
let podman: PodmanMachine;
before(async () => {
  if (skip !== false) return;
  folder = mkdtempSync(join(tmpdir(), 'sluis-image-'));
  podman = await PodmanMachine.start(folder);
  if (READY !== undefined) {
    copyFileSync(READY, join(podman.home, TARBALL));
    return;
  }
  const base = join(folder, 'base.tar');
  runs('mmdebstrap', ['--quiet', '--variant=minbase', '--include=ca-certificates,libstdc++6', 'trixie', base]);
  const npm = dirname(dirname(realpathSync(runs('sh', ['-c', 'PATH=/usr/local/bin:/usr/bin command -v npm']).trim())));
  podman.base(BASE, base, join(root, 'node_modules', `node-linux-${arch()}`, 'bin', 'node'), npm);
});
after(async () => {
  if (skip !== false) return;
  await (podman as PodmanMachine | undefined)?.end();
  rmSync(folder, { recursive: true, force: true });
});

test('the printed command and the release make it with the same octets', { skip: skip || READY !== undefined }, (t) => {
  const [build = '', save = '', ...rest] = commandsOf('Making the packages', PAGE);
  const [printed, released] = ['printed', 'released'].map((name) => join(folder, name));
  assert(printed !== undefined && released !== undefined);
  mkdirSync(printed);
  const begin = performance.now();
  const seconds = (): string => `${Math.round((performance.now() - begin) / 1000)} s`;
  podman.does(build.replace('--build-arg', `--no-cache --build-arg BUILD=${BASE} --build-arg`), {
    cwd: root,
    way: 'outside',
  });
  podman.does(save.replace('packages/', `${printed}/`), { cwd: root });
  podman.does(`podman rmi -f sluis:${VERSION}`);
  t.diagnostic(`by the printed command: ${seconds()}`);
  const image = join(printed, TARBALL);
  copyFileSync(image, join(podman.home, TARBALL));

  const key = join(folder, 'release.pem');
  runs('openssl', ['genpkey', '-algorithm', 'ed25519', '-out', key]);
  // npm trusts what this machine trusts, whichever Node it runs on.
  const program = `NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt PATH=${dirname(process.execPath)}:$PATH node scripts/package/release.mjs`;
  t.diagnostic(podman.does(`${program} --key ${key} --out ${released} --base ${BASE}`, { cwd: root, way: 'outside' }));
  t.diagnostic(`and the whole release: ${seconds()}`);
  podman.does(`podman rmi -f sluis:${VERSION}`);
  assert.equal(hashOf(join(released, TARBALL)), hashOf(image));
  const compose = ['compose.yaml', 'compose.site.yaml'];
  const files = [
    ...compose,
    TARBALL,
    `sluis-${VERSION}.cdx.json`,
    `sluis-${VERSION}.tgz`,
    `sluis_${VERSION}-1_amd64.deb`,
  ];
  assert.deepEqual(readdirSync(released).sort(), ['SHA256SUMS', 'SHA256SUMS.sig', ...files].sort());
  // What whoever downloads it does, with the public key that the page of the release has.
  runs('openssl', ['pkey', '-in', key, '-pubout', '-out', join(released, 'release.pub')]);
  for (const command of rest.filter((one) => !one.startsWith('npm '))) podman.does(command, { cwd: released });
  t.diagnostic(`${TARBALL}: ${statSync(image).size} octets, sha256 ${hashOf(image)}`);
});

/** Seconds and commands from the image to two accounts. */
let installed = { commands: 0, seconds: 0 };

/** A person is slower than the gateway's start. */
async function untilServing(): Promise<void> {
  try {
    await until('it serves', () => podman.tries('podman logs sluis').text.includes('"gateway.started"'), 30_000, 100);
  } catch (error) {
    const told = podman.tries('podman ps -a; podman logs sluis').text;
    throw new Error(`The container does not serve: ${told}`, { cause: error });
  }
}

test('from the image to a message: the commands of docs/install.md, with a stopwatch', { skip }, async (t) => {
  const printed = commandsOf('Image', PAGE);
  const commands = [...printed, ...commandsOf('Debian', PAGE).slice(-2)];
  assert(commands.length <= 12, `${commands.length} commands`);
  const begin = performance.now();
  let said = '';
  for (const command of commands) {
    const from = performance.now();
    if (command.includes('organisation add')) await untilServing();
    said = podman.does(command);
    if (command === printed.at(-1))
      installed = { commands: printed.length, seconds: (performance.now() - begin) / 1000 };
    t.diagnostic(`${Math.round(performance.now() - from)} ms: ${command.slice(0, 60)}`);
  }
  const seconds = (performance.now() - begin) / 1000;
  assert.match(said, /^Subject: Proef\r$/m);
  assert(seconds < 600, `${seconds} s`);
  t.diagnostic(`${commands.length} commands, ${seconds.toFixed(1)} s from the image to a message`);
});

test(
  'Thunderbird sends and another Thunderbird fetches, from the image',
  { skip: skip || withoutProgram('thunderbird', 'thunderbird') },
  async (t) => {
    const password = (letter: string): string => readFileSync(join(podman.home, `${letter}.password`), 'utf8').trim();
    // As the machine sees it, whose /etc is its own.
    const certificate = podman.does('cat /etc/sluis/tls/server.pem');
    const given = { host: 'mail.example.nl', certificate, passwords: [password('a'), password('b')] };
    const seconds = installed.seconds + (await twoThunderbirds(podman.pid, given)).seconds;
    assert(seconds < 600, `${seconds} s`);
    t.diagnostic(
      `${installed.commands} commands, ${seconds.toFixed(1)} s from the image to a message read in Thunderbird`,
    );
  },
);

/** An error of the runtime that starts a program in a container, and not of the program. */
const MISSING = /executable file .*not found|No such file or directory/;

test(
  'it has no shell and no package manager, runs as nobody in particular, and writes to its volumes alone',
  { skip },
  () => {
    for (const program of ['sh', 'bash', '/bin/sh', 'busybox', 'apt', 'dpkg', 'npm', 'env', 'cat'])
      assert.match(podman.tries(`podman exec sluis ${program} -c true`).text, MISSING, program);
    const ask = (script: string): string => podman.does(`podman exec sluis node -e '${script}'`).trim();
    assert.equal(ask('console.log(process.getuid(), process.getgid(), process.getgroups().join())'), '975 975 975');
    const write = `const fs = require("fs"); for (const p of ["/x", "/etc/x", "/etc/sluis/x", "/usr/lib/sluis/x", "/var/lib/sluis/x", "/var/lib/sluis-keys/x", "/tmp/x"]) { try { fs.writeFileSync(p, ""); fs.rmSync(p); console.log(p); } catch {} }`;
    assert.deepEqual(ask(write).split('\n'), ['/var/lib/sluis/x', '/var/lib/sluis-keys/x', '/tmp/x']);
    const status = ask('console.log(require("fs").readFileSync("/proc/1/status", "utf8"))');
    assert.match(status, /^NoNewPrivs:\s+1$/m);
    for (const name of ['CapPrm', 'CapEff', 'CapBnd']) assert.match(status, new RegExp(`^${name}:\\s+0+$`, 'm'), name);
    assert.match(podman.does('podman exec sluis sluis --version'), new RegExp(`^${VERSION.replaceAll('.', '\\.')}\\+`));
  },
);

test('what is in it is in its bill of materials, with the licences of all parts', { skip }, (t) => {
  const out = join(folder, 'out');
  podman.does(`podman cp sluis:/usr/share/doc/sluis ${out} && podman cp sluis:/usr ${folder}/usr`);
  const bill = JSON.parse(readFileSync(join(out, 'sbom.cdx.json'), 'utf8')) as {
    readonly bomFormat: string;
    readonly components: readonly { readonly name: string; readonly version: string; readonly purl: string }[];
  };
  assert.equal(bill.bomFormat, 'CycloneDX');
  const names = new Set(bill.components.map(({ name }) => name));
  for (const name of ['node', 'libc6', 'libstdc++6', 'libgcc-s1', 'better-sqlite3', 'zod'])
    assert(names.has(name), name);
  const copyright = readFileSync(join(out, 'copyright'), 'utf8');
  for (const { name, version } of bill.components) assert(copyright.includes(`${name} ${version} (`), name);
  assert.match(readFileSync(join(out, 'licences'), 'utf8'), /GNU C Library/);
  assert.equal(existsSync(join(folder, 'usr', 'bin', 'sh')), false);
  t.diagnostic(`${bill.components.length} components`);
});

test('its health check says what /ready says; a stop drains and ends well', { skip }, () => {
  podman.does('podman healthcheck run sluis');
  podman.does('podman exec sluis sluis drain');
  assert.notEqual(podman.tries('podman healthcheck run sluis').code, 0);
  podman.does('podman exec sluis sluis drain --end');
  podman.does('podman healthcheck run sluis');
  podman.does('podman stop sluis');
  assert.equal(podman.does(`podman inspect --format '{{.State.ExitCode}}' sluis`).trim(), '0');
  assert.match(podman.does('podman logs sluis'), /"gateway\.stopped"/);
  podman.does('podman rm sluis');
});

test(
  'compose.yaml starts the same, with what the volumes hold',
  { skip: skip || withoutProgram('podman-compose', 'podman-compose') },
  async () => {
    cpSync(join(root, 'docs', 'container'), join(podman.home, 'container'), { recursive: true });
    const compose = 'cd container && podman-compose -f compose.yaml';
    podman.does(`${compose} up -d`);
    await untilServing();
    assert.match(podman.does('podman exec sluis sluis account show b@de-brug.example'), /Mailbox: +\d+ message/);
    const inspected = podman.does(
      `podman inspect --format '{{.HostConfig.ReadonlyRootfs}} {{.HostConfig.CapDrop}} {{.Config.StopTimeout}}' sluis`,
    );
    assert.match(inspected, /^true \[.*CAP_SYS_CHROOT.*\]/);
    podman.does('podman exec sluis node /usr/lib/sluis/healthy.mjs');
    // Debian's podman-compose would ask for a shell, and the container would say for ever that it
    // is not healthy.
    assert.equal(podman.does(`podman inspect --format '{{.Config.Healthcheck}}' sluis`).trim(), '<nil>');
    for (const command of commandsOf('Debian', PAGE).slice(-2)) podman.does(command);
    podman.does(`${compose} down`);
  },
);

test(
  'compose.yaml and compose.site.yaml at two sites: mail in at one, out at the other, each of them lost once',
  { skip: skip || withoutProgram('podman-compose', 'podman-compose') },
  async (t) => await twoSites(t, folder, podman, join(podman.home, TARBALL)),
);
