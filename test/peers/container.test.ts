/**
 * The Containerfile, read and carried out step by step in a folder of its own. No image is built: CI reaches no registry of images. What only an
 * image shows (the user, the slim system around it) is judged by its text.
 */
// @beside: it builds in its own folder.
import assert from 'node:assert/strict';
import { type SpawnSyncReturns, spawn, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { root } from './shell.ts';

const FOLDER = join(root, 'docs', 'container');
const text = readFileSync(join(FOLDER, 'Containerfile'), 'utf8');
const steps = text
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'))
  .map((line) => {
    const [, word = '', rest = ''] = /^([A-Z]+) (.*)$/.exec(line) ?? [];
    return { word, rest };
  });
const of = (word: string): readonly string[] => steps.filter((step) => step.word === word).map(({ rest }) => rest);
const second = steps.findLastIndex(({ word }) => word === 'FROM');

const folder = mkdtempSync(join(tmpdir(), 'sluis-container-'));
after(() => rmSync(folder, { recursive: true, force: true }));

test('it has two stages on named versions, runs as a number that is not root, drains, and tells its health', () => {
  assert.deepEqual(
    steps.filter(({ word }) => word === ''),
    [],
    'a line that is no instruction',
  );
  const args = new Map(of('ARG').map((arg) => arg.split('=') as [string, string]));
  assert.deepEqual([...args.keys()], ['BUILD', 'RUN', 'COMMIT']);
  const images = [args.get('BUILD') ?? '', args.get('RUN') ?? ''];
  assert.deepEqual(of('FROM'), ['${BUILD} AS build', '${RUN}']);
  for (const image of images) assert.match(image, /^docker\.io\/library\/node:22-trixie(-slim)?$/);
  const { engines, version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    readonly engines: { readonly node: string };
    readonly version: string;
  };
  assert.match(engines.node, /\^22/);
  assert.ok(text.includes(`-t sluis:${version} .`));
  const user = steps.findLastIndex(({ word }) => word === 'USER');
  assert.ok(user > second);
  assert.deepEqual(of('USER'), ['975:975']);
  assert.equal(
    steps.slice(user).some(({ word }) => word === 'RUN' || word === 'COPY'),
    false,
    'the user may not change what runs',
  );
  assert.deepEqual(of('STOPSIGNAL'), ['SIGTERM']);
  assert.deepEqual([of('ENTRYPOINT'), of('CMD')], [['["sluis"]'], ['["serve"]']]);
  // Data and keys are places of their own, as in the unit.
  const unit = readFileSync(join(root, 'docs', 'systemd', 'sluis.service'), 'utf8');
  const places = JSON.parse(of('VOLUME')[0] ?? '') as readonly string[];
  assert.deepEqual(
    places,
    (/^StateDirectory=(.*)$/m.exec(unit)?.[1] ?? '').split(' ').map((name) => `/var/lib/${name}`),
  );
  assert.doesNotMatch(text, /latest|apt-get|curl|--privileged|ADD /);
});

test('what it copies is there, and is let through to it; certificates, data and history are not', () => {
  const sources = of('COPY')
    .filter((rest) => !rest.startsWith('--from='))
    .flatMap((rest) => rest.split(' ').slice(0, -1));
  const lines = readFileSync(join(FOLDER, 'Containerfile.dockerignore'), 'utf8').trim().split('\n');
  assert.equal(lines[0], '*');
  assert.deepEqual(
    lines
      .slice(1)
      .map((line) => line.replace(/^!/, ''))
      .sort(),
    [...sources].sort(),
  );
  for (const name of sources) assert.ok(existsSync(join(root, name)), name);
});

/** As if `folder` were the root of the image. */
const inside = (path: string, base: string): string =>
  path.startsWith('/') ? join(folder, path) : join(folder, base, path);

test('its first stage, step by step, makes a program that runs', () => {
  let base = '/';
  for (const { word, rest } of steps.slice(steps.findIndex((step) => step.word === 'FROM') + 1, second)) {
    if (word === 'WORKDIR') mkdirSync(inside((base = rest), '/'), { recursive: true });
    else if (word === 'COPY') {
      const words = rest.split(' ');
      const to = words.pop() ?? '';
      for (const name of words)
        cpSync(join(root, name), words.length > 1 ? inside(join(to, name), base) : inside(to, base), {
          recursive: true,
        });
    } else if (word === 'RUN') {
      const command = rest.replaceAll(/ \/app\b/g, ` ${join(folder, 'app')}`);
      const done: SpawnSyncReturns<string> = spawnSync('sh', ['-c', command], {
        cwd: inside(base, '/'),
        encoding: 'utf8',
        // As with --build-arg: hash and seconds of a commit.
        env: { ...process.env, COMMIT: `${'0123456789abcdef'.repeat(2)}01234567 1772753400` },
      });
      assert.equal(done.status, 0, `${rest}: ${done.stderr}`);
    } else assert.match(word, /^(ENV|ARG)$/);
  }
  const [copied] = of('COPY').filter((rest) => rest.startsWith('--from=build'));
  assert.equal(copied, '--from=build /app /opt/sluis');
  const link =
    of('RUN')
      .find((rest) => rest.startsWith('ln -s '))
      ?.split(' ')[2] ?? '';
  const program = join(folder, link.replace('/opt/sluis', '/app'));
  const help = spawnSync(program, ['help', 'serve'], { encoding: 'utf8' });
  assert.match(help.stdout, /Usage: sluis serve/);
  const version = spawnSync(program, ['--version'], { encoding: 'utf8' });
  assert.match(version.stdout, /^[\d.]+\+2026-03-05\.0123456789ab\n$/);
  assert.equal(existsSync(join(folder, 'app', 'node_modules', 'typescript')), false);
});

test('its health check says what /ready says', async () => {
  const [, words = ''] = /CMD (\[.*\])$/.exec(of('HEALTHCHECK')[0] ?? '') ?? [];
  const [program, ...rest] = JSON.parse(words) as readonly string[];
  assert.equal(program, 'node');
  let status = 200;
  const server = createServer((request, response) => response.writeHead(request.url === '/ready' ? status : 404).end());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const check = (at: number): Promise<number | null> =>
    new Promise((resolve) =>
      spawn(
        process.execPath,
        rest.map((word) => word.replace(':9587', `:${at}`)),
      ).once('close', resolve),
    );
  assert.equal(await check(port), 0);
  status = 503;
  assert.equal(await check(port), 1);
  server.close();
  server.closeAllConnections();
  assert.equal(await check(port), 1);
});
