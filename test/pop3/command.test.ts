import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseCommand } from '../../src/pop3/command.ts';

const parse = (text: string): unknown => {
  const parsed = parseCommand(Buffer.from(text, 'latin1'));
  return parsed.ok ? parsed.value : parsed.error.text;
};

test('parseCommand() reads every command, in any case', () => {
  assert.deepEqual(parse('stat'), { verb: 'STAT' });
  assert.deepEqual(parse('Quit '), { verb: 'QUIT' });
  assert.deepEqual(parse('LIST'), { verb: 'LIST' });
  assert.deepEqual(parse('UIDL 7'), { verb: 'UIDL', number: 7 });
  assert.deepEqual(parse('retr 2147483647'), { verb: 'RETR', number: 2147483647 });
  assert.deepEqual(parse('DELE 007'), { verb: 'DELE', number: 7 });
  assert.deepEqual(parse('TOP 1 0'), { verb: 'TOP', number: 1, lines: 0 });
  assert.deepEqual(parse('AUTH'), { verb: 'AUTH' });
  assert.deepEqual(parse('auth plain'), { verb: 'AUTH', mechanism: 'PLAIN' });
  assert.deepEqual(parse('AUTH PLAIN ='), { verb: 'AUTH', mechanism: 'PLAIN', initial: '' });
  assert.deepEqual(parse('AUTH PLAIN AGEAYg=='), { verb: 'AUTH', mechanism: 'PLAIN', initial: 'AGEAYg==' });
});

test('a password is the rest of the line as it stands, a login name is trimmed', () => {
  assert.deepEqual(parse('PASS  two words '), { verb: 'PASS', password: ' two words ' });
  assert.deepEqual(parse('USER jan@practice.example '), { verb: 'USER', login: 'jan@practice.example' });
});

test('names and passwords are read as UTF-8, and as Latin-1 where they are no UTF-8', () => {
  assert.deepEqual(parse('USER andr\xc3\xa9'), { verb: 'USER', login: 'andré' });
  assert.deepEqual(parse('PASS caf\xe9'), { verb: 'PASS', password: 'café' });
});

test('bad input gets a reason and never its own text back', () => {
  const cases: [string, RegExp][] = [
    ['', /unknown command/],
    ['XYZZY', /unknown command/],
    ['RETR', /RETR needs one message number: a number is expected/],
    ['RETR 0', /message numbers start at 1/],
    ['DELE -1', /a number is expected/],
    ['DELE 1 2', /a number is expected/],
    ['RETR 2147483648', /above 2147483647/],
    [`RETR ${'9'.repeat(60)}`, /above 2147483647/],
    ['LIST 1e3', /a number is expected/],
    ['UIDL 00', /message numbers start at 1/],
    ['TOP 1', /a number is expected/],
    ['TOP 0 1', /message numbers start at 1/],
    ['TOP 1 2 3', /there are more arguments/],
    ['STAT now', /STAT takes no argument/],
    ['USER ', /USER needs a user name/],
    ['USER', /USER needs a user name/],
    ['PASS', /PASS needs a password/],
    ['AUTH PLAIN a b', /one initial response/],
    ['AUTH {PLAIN}', /name of a mechanism/],
    ['ST\0AT', /NUL or another control character/],
    ['PASS sec\0ret', /NUL or another control character/],
    ['RETR 1\rDELE 1', /control character/],
  ];
  for (const [text, expected] of cases) {
    const error = parse(text);
    assert.ok(typeof error === 'string', JSON.stringify(text));
    assert.match(error, expected, JSON.stringify(text));
    assert.doesNotMatch(error, /XYZZY|ret/);
  }
});
