/** `sluis completion`: what bash offers; other shells are peers. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sluisHere } from '../support/command-line.ts';
import { offered, places, tree } from '../support/completion-shells.ts';
import { withoutProgram } from '../support/require.ts';

const skip = withoutProgram('bash', 'bash');

test('bash offers exactly the commands of every group and the options of every command', { skip }, () => {
  const all = places();
  assert.ok(all.length > 150, String(all.length));
  const answers = offered(
    'bash',
    all.map(({ line }) => line),
  );
  all.forEach(({ line, words }, n) => assert.deepEqual(answers[n], words, line.join(' ')));
});

test('bash goes on behind options and arguments, and offers fixed values', { skip }, () => {
  const lines = {
    'sluis acc': ['account'],
    'sluis account pass': ['password'],
    'sluis account add huisarts --kind ': ['edi', 'mail'],
    'sluis account add huisarts --kind m': ['mail'],
    // An option's value is not taken for the name of a command, and a command's name not for one of
    // another group.
    'sluis account password add list --n': ['--name'],
    'sluis completion ': ['bash', 'zsh', 'fish'],
    'sluis account add huisarts --organisation ': [],
    'sluis account show ': tree.commands
      .flatMap(({ commands }) => commands)
      .find(({ words }) => words.join(' ') === 'account show')
      ?.options.map(({ name }) => name),
    // Files are bash's own to offer.
    'sluis account add huisarts --out ': [],
    'sluis account import ': [],
    'sluis nothing ': tree.commands.map(({ words: [word] }) => word),
  };
  const answers = offered(
    'bash',
    Object.keys(lines).map((line) => line.split(' ')),
  );
  assert.deepEqual(Object.fromEntries(Object.keys(lines).map((line, n) => [line, answers[n]])), lines);
});

test('bash makes three words of --kind=mail, and completes the last', { skip }, () => {
  assert.deepEqual(
    offered('bash', [
      ['sluis', 'account', 'add', 'x', '--kind', '='],
      ['sluis', 'account', 'add', 'x', '--kind', '=', 'm'],
    ]),
    [['edi', 'mail'], ['mail']],
  );
});

test('the script is printed, whole and for every shell, and another word is refused', async () => {
  for (const shell of ['bash', 'zsh', 'fish']) {
    const { code, stdout } = await sluisHere(['completion', shell]);
    assert.equal(code, 0);
    assert.match(stdout, new RegExp(`completion ${shell}`));
  }
  assert.equal((await sluisHere(['completion', 'tcsh'])).code, 2);
});
