/**
 * The first example of every command (before a release every one) does what it says, on the scene
 * beside this file.
 */
// @release: every example in a scene. At a merge cli/frozen runs every command, and cli/printed-commands reads every example on the page of commands.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { placed } from '../../src/cli/placed.ts';
import { type AnyRow, printedOf } from '../../src/commands/core/row.ts';
import type { Placed } from '../../src/commands/core/walk.ts';
import { effort } from '../support/effort.ts';
import { ExampleScene, onlyLooks } from './scene/scene.ts';
import { scenes } from './scene/scenes.ts';

/** Of each command: the others are of the same road. */
const EXAMPLES = effort(1, Infinity);

process.env.SUDO_USER = 'beheer';
delete process.env.SLUIS_CONFIG;
delete process.env.SLUIS_OPERATOR_KEY;

async function runs(t: TestContext, name: string, commands: readonly Placed[]): Promise<void> {
  const scene = await ExampleScene.open(scenes[name] ?? {});
  t.after(() => scene.close());
  for (const { words, row } of commands)
    for (const example of row.examples.slice(0, EXAMPLES))
      await t.test(`${words.join(' ')} ${example}`.trimEnd(), () => ran(scene, words.join(' '), row, example));
}

async function ran(scene: ExampleScene, command: string, row: AnyRow, example: string): Promise<void> {
  if (row.effect === 'runs') {
    assert.equal(await scene.runs(command, example), 0);
    return;
  }
  const said = await scene.run(command, example);
  assert.equal(said.code, scene.codeOf(command, example), said.stderr);
  if (!onlyLooks(row, example) || / --(?:json|csv)\b/.test(` ${example}`)) return;
  // What the page of commands says of the answer is what comes.
  const { stdout, stderr } = await scene.run(command, example, '--json');
  assert.notEqual(stdout, '', stderr);
  const answer: unknown = JSON.parse(stdout);
  for (const one of row.effect === 'lists' ? (answer as unknown[]) : [answer]) {
    const read = printedOf(row).safeParse(one);
    assert.deepEqual(read.data, one, `the row's "out" says otherwise: ${String(read.error)}`);
  }
}

const all = await placed();
const names = new Set(all.map(({ words: [word = ''] }) => word));

for (const name of names)
  test(`examples of ${name}`, async (t) => {
    await runs(
      t,
      name,
      all.filter(({ words: [word] }) => word === name),
    );
  });

test('every scene is of a subject that there is', () => {
  assert.deepEqual(
    Object.keys(scenes).filter((name) => !names.has(name)),
    [],
  );
});
