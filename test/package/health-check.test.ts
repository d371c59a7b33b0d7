/**
 * The image has no shell: what Docker and podman run in it, its health check too, is a list of
 * words (the exec form), never a line for `/bin/sh -c`.
 */
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { FOLDER, argumentsOf as of, second, steps } from '../support/containerfile.ts';

const compose = readdirSync(FOLDER)
  .filter((name) => name.endsWith('.yaml'))
  .map((name) => ({ name, text: readFileSync(join(FOLDER, name), 'utf8') }));
const words = (list: string): readonly string[] => JSON.parse(list.replaceAll("'", '"')) as readonly string[];
const CHECK = ['node', '/usr/lib/sluis/healthy.mjs'];

test('the Containerfile starts nothing by a shell', () => {
  for (const { word, rest } of steps.slice(second))
    if (['ENTRYPOINT', 'CMD', 'SHELL', 'RUN'].includes(word)) assert(words(rest).length > 0, `${word} ${rest}`);
  const [check = '', ...others] = of('HEALTHCHECK');
  assert.deepEqual(others, []);
  const [, line = ''] = /^(?:--[a-z-]+=\S+ )*CMD (.*)$/.exec(check) ?? [];
  assert.deepEqual(words(line), CHECK);
  // Neither program nor file has a folder in front of it that only a shell would find.
  const path = /\bPATH=(\S+)/.exec(of('ENV')[0] ?? '')?.[1] ?? '';
  assert(path.split(':').includes('/usr/lib/sluis/node/bin'), path);
});

test('no compose file starts anything by a shell, in a comment either: whoever takes the mark away has it', () => {
  assert.deepEqual(
    compose.map(({ name }) => name),
    ['compose.site.yaml', 'compose.yaml'],
  );
  for (const { name, text } of compose) {
    assert.doesNotMatch(text, /CMD-SHELL/, name);
    for (const [line, list = ''] of text.matchAll(/^[ #]*(?:test|command|entrypoint):(.*)$/gm)) {
      // A text in place of a list is CMD-SHELL (compose specification, healthcheck); a list has its
      // kind in front.
      assert.match(list, /^ \[.*\]$/, `${name}: ${line}`);
      if (line.includes('test:')) assert.deepEqual(words(list.trim()), ['CMD', ...CHECK], name);
    }
  }
});

test('compose.yaml and the Containerfile ask for health equally often', () => {
  const { text = '' } = compose.find(({ name }) => name === 'compose.yaml') ?? {};
  const check = of('HEALTHCHECK')[0] ?? '';
  for (const name of ['interval', 'timeout', 'start-period', 'retries']) {
    const here = new RegExp(`--${name}=(\\S+)`).exec(check)?.[1];
    const there = new RegExp(`^[ #]*${name.replace('-', '_')}: (\\S+)$`, 'm').exec(text)?.[1];
    assert(here !== undefined, name);
    assert.equal(there, here, name);
  }
});
