/** Every example of the command table does what it says, on the scene beside this file. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { type AnyRow, printedOf } from '../../src/commands/core/row.ts';
import { type Placed, commandsOf } from '../../src/commands/core/walk.ts';
import { subjects, tops } from '../../src/commands/table.ts';
import { ExampleScene, onlyLooks } from './scene/scene.ts';
import { scenes } from './scene/scenes.ts';

process.env.SUDO_USER = 'beheer';
delete process.env.SLUIS_CONFIG;
delete process.env.SLUIS_OPERATOR_KEY;

async function runs(t: TestContext, name: string, commands: readonly Placed[]): Promise<void> {
  const scene = await ExampleScene.open(scenes[name] ?? {});
  t.after(() => scene.close());
  for (const { words, row } of commands)
    for (const example of row.examples)
      await t.test(`${words.join(' ')} ${example}`.trimEnd(), () => ran(scene, words.join(' '), row, example));
}

async function ran(scene: ExampleScene, command: string, row: AnyRow, example: string): Promise<void> {
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

for (const subject of subjects)
  test(`examples of ${subject.name}`, async (t) => {
    await runs(t, subject.name, [...commandsOf(subject)]);
  });

for (const [name, row] of Object.entries(tops))
  test(`examples of ${name}`, async (t) => {
    await runs(t, name, [{ words: [name], row }]);
  });

test('every scene is of a subject that there is', () => {
  const known = new Set([...subjects.map(({ name }) => name), ...Object.keys(tops)]);
  assert.deepEqual(
    Object.keys(scenes).filter((name) => !known.has(name)),
    [],
  );
});
