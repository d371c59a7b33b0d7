import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LINES_AT_ONCE, type SettingsFile, readSettingsFile, settingsOf } from '../../src/admin/set-from-csv.ts';
import type { Settings } from '../../src/domain/settings/setting.ts';

async function read(text: string, settings: Settings = {}, asked: number[] = []): Promise<SettingsFile> {
  async function* source(): AsyncGenerator<string> {
    yield text;
  }
  return await readSettingsFile(source(), {
    scope: 'account',
    resolve: async (names) => {
      asked.push(names.length);
      return names.map((name) =>
        name.startsWith('unknown')
          ? `there is no account "${name}"`
          : { target: { scope: 'account', login: name }, key: name.toLowerCase(), settings },
      );
    },
  });
}

test('an empty field changes nothing, "default" takes back, a value is read by the table of settings', async () => {
  const { changes, problems } = await read(
    'account,quota,line-ends\na@x.example,4GiB,refuse\nb@x.example,default,\nc@x.example,,\n',
    { quota: 5 },
  );
  assert.deepEqual(problems, []);
  assert.deepEqual(changes, [
    { target: { scope: 'account', login: 'a@x.example' }, changes: { quota: 4 * 1024 ** 3, 'line-ends': 'refuse' } },
    { target: { scope: 'account', login: 'b@x.example' }, changes: { quota: null } },
  ]);
});

test('what is set already is left alone and counted', async () => {
  const text = 'account,quota,line-ends\na@x.example,4GiB,refuse\nb@x.example,4GiB,\nc@x.example,default,\n';
  const first = await read(text, { quota: 4 * 1024 ** 3 });
  assert.deepEqual(
    first.changes.map(({ target }) => target),
    [
      { scope: 'account', login: 'a@x.example' },
      { scope: 'account', login: 'c@x.example' },
    ],
  );
  assert.equal(first.already, 1);
  assert.equal((await read(text, { 'line-ends': 'refuse' })).already, 1, 'taken back already');
});

test('names are looked up a few hundred at a time, in the order of the file', async () => {
  const asked: number[] = [];
  const rows = Array.from({ length: 2 * LINES_AT_ONCE + 3 }, (_, n) => `a${n}@x.example,4GiB\n`);
  const { changes } = await read(`account,quota\n${rows.join('')}`, {}, asked);
  assert.deepEqual(asked, [LINES_AT_ONCE, LINES_AT_ONCE, 3]);
  assert.deepEqual(
    changes.map(({ target }) => target.scope === 'account' && target.login),
    rows.map((row) => row.split(',')[0]),
  );
});

test('every bad line is reported with its column', async () => {
  const { problems } = await read(
    'account,quota,line-ends\nunknown,4GiB,sometimes\na@x.example,a lot,\nA@X.example,4GiB,\n',
  );
  assert.deepEqual(
    problems.map((p) => `${p.line} ${p.column}: ${p.text}`),
    [
      '2 line-ends: "sometimes" is not a value for line-ends; expected automatic or normalise or refuse',
      '2 account: there is no account "unknown"',
      '3 quota: "a lot" is not a value for quota; expected a size from 1MiB to 1024GiB, such as 25MiB',
      '4 account: "A@X.example" is in line 3 already; join the lines',
    ],
  );
});

test('a header with another scope, an unknown setting or none is a clear problem', async () => {
  assert.match((await read('address,quota\n')).problems.map((p) => p.text).join('\n'), /lacks account/);
  assert.match((await read('account,qouta\n')).problems[0]!.text, /unknown column "qouta".*quota/);
  assert.match((await read('account\na@x.example\n')).problems[0]!.text, /names no setting/);
});

test('settingsOf() lists what a scope has', () => {
  assert.ok(settingsOf('address').includes('max-message'));
  assert.ok(!settingsOf('address').includes('quota'));
});
