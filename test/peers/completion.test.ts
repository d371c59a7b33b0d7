// @beside
/** zsh and fish read the scripts of `sluis completion`, and offer what there is. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { offered, places } from '../support/completion-shells.ts';
import { withoutProgram } from '../support/require.ts';

const LINES = {
  'sluis account add huisarts --kind ': ['edi', 'mail'],
  'sluis account password add list --n': ['--name'],
  'sluis account add huisarts --organisation ': [],
  'sluis account add huisarts --out ': ['letter.txt'],
  'sluis account import ': ['letter.txt'],
  'sluis completion ': ['bash', 'fish', 'zsh'],
};

for (const shell of ['fish', 'zsh'] as const) {
  const skip = withoutProgram(shell, shell);

  test(`${shell} offers exactly the commands of every group and the options of every command`, { skip }, () => {
    const all = places();
    const answers = offered(
      shell,
      all.map(({ line }) => line),
    );
    const sorted = (words: readonly string[] = []): string[] => [...words].sort();
    all.forEach(({ line, words }, n) => assert.deepEqual(sorted(answers[n]), sorted(words), line.join(' ')));
  });

  test(`${shell} offers fixed values, files where one is meant, and nothing for other values`, { skip }, () => {
    const answers = offered(
      shell,
      Object.keys(LINES).map((line) => line.split(' ')),
    );
    const found = Object.keys(LINES).map((line, n) => [line, [...(answers[n] ?? [])].sort()]);
    assert.deepEqual(Object.fromEntries(found), LINES);
  });
}
