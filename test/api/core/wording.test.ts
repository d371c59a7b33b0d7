/** Texts for people at a command line, as programs over HTTPS read them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { forPrograms } from '../../../src/api/core/wording.ts';

test('what only a command line knows is left out of a text, or called as the API calls it', () => {
  for (const [text, expected] of [
    [
      'Cannot find account "x": none has that name; "sluis account list" shows them',
      'Cannot find account "x": none has that name',
    ],
    ['Cannot do it: no right; ask somebody ("sluis operator roles" shows who)', 'Cannot do it: no right'],
    ['It is no token ("sluis operator token list" shows them)', 'It is no token'],
    [
      'Cannot do x without a reason: it is in the trail; add --reason TEXT',
      'Cannot do x without a reason: it is in the trail; say it in the header Sluis-Reason',
    ],
    ['Cannot end with --now and --dry-run: it is one', 'Cannot end with "now" and "dryRun": it is one'],
    ['who it is; with --match san: which', 'who it is; with "match" san: which'],
    ['end it; "account resume" takes it back', 'end it; a resumption takes it back'],
    ['"sluis x" is all that it says', '"sluis x" is all that it says'],
    ['nothing to turn; a-b --- "name"', 'nothing to turn; a-b --- "name"'],
  ] as const)
    assert.equal(forPrograms(text), expected);
});
