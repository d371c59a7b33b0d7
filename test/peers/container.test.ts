/**
 * The Containerfile, judged by its text: CI reaches no registry of images. Its first stage is carried out before a release (test/long/container.test.ts).
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
