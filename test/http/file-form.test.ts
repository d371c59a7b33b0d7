/** Forms with a file: the same however they are cut, bounded, and never more than one file. */
import assert from 'node:assert/strict';
import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { readFileForm } from '../../src/http/file-form.ts';
import { MAX_FORM } from '../../src/http/form.ts';
import { formWithFile } from '../support/form-with-file.ts';

const TYPE = 'multipart/form-data; boundary=mark';

const read = (body: Buffer, { most = 1000, step = 7, type = TYPE, declared = body.length } = {}) => {
  const chunks = Array.from({ length: Math.ceil(body.length / step) }, (_, n) =>
    body.subarray(n * step, (n + 1) * step),
  );
  const headers = { 'content-type': type, 'content-length': String(declared) };
  return readFileForm(Object.assign(Readable.from(chunks), { headers }) as unknown as IncomingMessage, most);
};

const form = (file: string | Buffer | undefined, fields: Readonly<Record<string, string>> = {}) =>
  formWithFile(fields, file, 'mark').body;

test('a file and its fields are what was sent, wherever it is cut', async () => {
  // What looks like a delimiter and is none, octets that are no text, and an end that begins one.
  const file = Buffer.from('a,b\r\n--mar\r\n\r\n\0\xff--mark\r\n-', 'latin1');
  for (let step = 1; step <= 200; step += 1) {
    const got = await read(form(file, { token: 'abc', inobserve: '' }), { step });
    assert(got.ok, String(step));
    assert.equal(Buffer.concat(got.value.file?.pieces ?? []).toString('latin1'), file.toString('latin1'));
    assert.equal(got.value.file?.size, file.length);
    assert.deepEqual(
      [...got.value.fields].map(([name, value]) => [name, value.toString()]),
      [
        ['token', 'abc'],
        ['inobserve', ''],
      ],
    );
  }
});

test('no file chosen is no file, and fields behind the file are read', async () => {
  const none = await read(form(''));
  assert(none.ok && none.value.file === undefined);
  const behind = Buffer.from(
    '--mark\r\ncontent-disposition: form-data; name="file"; filename="x"\r\n\r\nabc\r\n--mark\r\ncontent-disposition: form-data; name="token"\r\n\r\nt\r\n--mark--\r\n',
  );
  const got = await read(behind);
  assert(got.ok && got.value.fields.get('token')?.toString() === 't' && got.value.file?.size === 3);
});

test('what is too large is refused while it is read, or before', async () => {
  const fault = async (...given: Parameters<typeof read>): Promise<string> => {
    const got = await read(...given);
    return got.ok ? 'taken' : got.error;
  };
  assert.equal(await fault(form('x'.repeat(1000))), 'taken');
  assert.equal(await fault(form('x'.repeat(1001)), { declared: 0 }), 'too-large');
  assert.equal(await fault(form('x'), { declared: 1000 + MAX_FORM + 1 }), 'too-large');
  // Of what is no file no more than of another form.
  assert.equal(await fault(form('x', { reason: 'y'.repeat(MAX_FORM) }), { step: 100 }), 'too-large');
  assert.equal(await fault(Buffer.from('x'.repeat(MAX_FORM + 1)), { step: 500 }), 'too-large');
  assert.equal(
    await fault(form('x', Object.fromEntries(Array.from({ length: 17 }, (_, n) => [String.fromCharCode(97 + n), ''])))),
    'malformed',
  );
});

test('a form that says something twice, ends early, or is of another kind is refused', async () => {
  const part = (name: string, more = ''): string =>
    `--mark\r\ncontent-disposition: form-data; name="${name}"${more}\r\n\r\nx\r\n`;
  const file = part('file', '; filename="a"');
  for (const [body, expected, type] of [
    [`${file}${file}--mark--`, 'malformed', TYPE],
    [`${part('other', '; filename="a"')}--mark--`, 'malformed', TYPE],
    [`${part('token')}${part('token')}--mark--`, 'malformed', TYPE],
    [file, 'malformed', TYPE],
    ['--mark\r\nx: y\r\n\r\n--mark--', 'malformed', TYPE],
    ['', 'malformed', TYPE],
    [`${file}--mark--`, 'type', 'text/csv'],
    [`${file}--mark--`, 'malformed', 'multipart/form-data'],
  ] as const) {
    const got = await read(Buffer.from(body), { type });
    assert.equal(got.ok ? 'taken' : got.error, expected, body);
  }
});
