/**
 * The Containerfile, judged by its text: CI reaches no registry of images. It is built and used
 * before a release (test/long/image.test.ts).
 */
// @beside
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { root } from './shell.ts';
import { FOLDER, argumentsOf as of, second, steps, text } from '../support/containerfile.ts';

test('it has two stages, the second on nothing, runs as a number that is not root, drains, and tells its health', () => {
  assert.deepEqual(
    steps.filter(({ word }) => word === ''),
    [],
    'a line that is not an instruction',
  );
  const args = new Map(of('ARG').map((arg) => arg.split('=') as [string, string]));
  assert.deepEqual([...args.keys()], ['BUILD', 'COMMIT']);
  assert.equal(args.get('BUILD'), 'docker.io/library/node:26-trixie');
  assert.deepEqual(of('FROM'), ['${BUILD} AS build', 'scratch']);
  // There is no shell that could run anything, and what is copied comes from the first stage alone.
  for (const { word, rest } of steps.slice(second)) {
    assert.notEqual(word, 'RUN');
    if (word === 'COPY') assert.match(rest, /^--from=build /);
  }
  const { engines, version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    readonly engines: { readonly node: string };
    readonly version: string;
  };
  assert.match(engines.node, /^>=26\./);
  const page = readFileSync(join(root, 'docs', 'install.md'), 'utf8');
  for (const command of ['podman build -f docs/container/Containerfile', 'podman save'])
    assert.match(page, new RegExp(`^${command} .*sluis:${version.replaceAll('.', '\\.')}`, 'm'));
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

test('compose.yaml has its ports, its volumes and the version, and takes away what the printed command does', () => {
  const compose = readFileSync(join(FOLDER, 'compose.yaml'), 'utf8');
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { readonly version: string };
  assert.match(compose, new RegExp(`^ +image: localhost/sluis:${version.replaceAll('.', '\\.')}$`, 'm'));
  const ports = [...compose.matchAll(/^ +- '(\d+):\1'$/gm)].map(([, port]) => port);
  assert.deepEqual(ports, of('EXPOSE')[0]?.split(' '));
  for (const place of JSON.parse(of('VOLUME')[0] ?? '') as readonly string[])
    assert(compose.includes(`:${place}\n`), place);
  for (const line of [
    'read_only: true',
    '- ALL',
    '- no-new-privileges',
    'stop_grace_period: 60s',
    "unprivileged_port_start: '0'",
  ])
    assert(compose.includes(line), line);
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

test('its health check says what /ready says', async () => {
  const [, words = ''] = /CMD (\[.*\])$/.exec(of('HEALTHCHECK')[0] ?? '') ?? [];
  const [program, ...rest] = JSON.parse(words) as readonly string[];
  assert.deepEqual([program, rest], ['node', ['/usr/lib/sluis/healthy.mjs']]);
  const page = readFileSync(join(root, 'docs', 'install.md'), 'utf8');
  assert(page.includes(` --health-cmd '${words}' `), 'the format of podman has no place for it');
  assert.match(
    readFileSync(join(FOLDER, 'compose.yaml'), 'utf8'),
    /test: \['CMD', 'node', '\/usr\/lib\/sluis\/healthy\.mjs'\]/,
  );
  let status = 200;
  const server = createServer((request, response) =>
    response.writeHead(request.url === '/ready' ? status : 404).end('disk-full\n'),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const check = async (at: number): Promise<readonly [number | null, string]> => {
    const child = spawn(process.execPath, [join(root, 'scripts', 'package', 'healthy.mjs'), String(at)], {
      stdio: ['ignore', 'inherit', 'pipe'],
    });
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
    return await new Promise((resolve) => child.once('close', (code) => resolve([code, said])));
  };
  assert.deepEqual(await check(port), [0, '']);
  status = 503;
  assert.deepEqual(await check(port), [1, 'not healthy: disk-full\n']);
  server.close();
  server.closeAllConnections();
  assert.deepEqual(await check(port), [1, `not healthy: connect ECONNREFUSED 127.0.0.1:${port}\n`]);
});
