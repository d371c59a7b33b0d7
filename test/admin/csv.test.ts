import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type CsvItem, csvDefaults, readCsv } from '../../src/admin/csv.ts';
import { type Seeded, seeded } from '../support/seeded.ts';

async function* chunks(...pieces: readonly (string | Uint8Array)[]): AsyncGenerator<Uint8Array> {
  for (const piece of pieces) yield typeof piece === 'string' ? Buffer.from(piece) : piece;
}

const all = async (items: AsyncIterable<CsvItem>): Promise<CsvItem[]> => {
  const list: CsvItem[] = [];
  for await (const item of items) list.push(item);
  return list;
};

const read = (...pieces: readonly (string | Uint8Array)[]): Promise<CsvItem[]> => all(readCsv(chunks(...pieces)));

/**
 * `LINE: field|field` for a row, `LINE! text` for a fault, `LINE!! text` for one that ends the
 * file.
 */
const shown = async (...pieces: readonly (string | Uint8Array)[]): Promise<string[]> =>
  (await read(...pieces)).map((item) =>
    item.kind === 'row'
      ? `${item.line}: ${item.fields.join('|')}`
      : `${item.line}${item.last ? '!!' : '!'} ${item.text}`,
  );

test('fields, quotes, doubled quotes, separators and line ends inside quotes (RFC 4180 section 2)', async () => {
  assert.deepEqual(await shown('a,b,c\r\n"x,y","say ""hi""","two\r\nlines"\r\nlast,,\r\n'), [
    '1: a|b|c',
    '2: x,y|say "hi"|two\r\nlines',
    '4: last||',
  ]);
});

test('byte order mark, LF, CR, empty lines and a last line without end are tolerated', async () => {
  assert.deepEqual(await shown('\ufeffa,b\n\n1,2\r3,4\r\n\r\n5,6'), ['1: a|b', '3: 1|2', '4: 3|4', '6: 5|6']);
  async function* text(): AsyncGenerator<string> {
    yield '\ufeffa,b';
  }
  assert.deepEqual(await all(readCsv(text())), [{ kind: 'row', line: 1, fields: ['a', 'b'] }]);
});

test('the first separator decides: a semicolon of a Dutch spreadsheet, a tab, a comma', async () => {
  assert.deepEqual(await shown('a;b\n1,5;2\n'), ['1: a|b', '2: 1,5|2']);
  assert.deepEqual(await shown('a\tb\n1,5\t2;3\n'), ['1: a|b', '2: 1,5|2;3']);
});

test('an empty file gives nothing, an empty quoted field is a row', async () => {
  assert.deepEqual(await shown(''), []);
  assert.deepEqual(await shown('\n\r\n'), []);
  assert.deepEqual(await shown('""\n'), ['1: ']);
});

test('a fault names the line where its record began, and reading goes on behind it', async () => {
  assert.deepEqual(await shown('a,b\nx"y,1\n"x"y,2\n"two\nlines"z,3\nok,4\n'), [
    '1: a|b',
    '2! there is a quote inside an unquoted field; expected the whole field in quotes, "" for one',
    '3! there is text behind a closing quote; expected a separator',
    '4! there is text behind a closing quote; expected a separator',
    '6: ok|4',
  ]);
});

test('octets that are not UTF-8 are a fault of their line: a file saved in Windows-1252, or in UTF-16', async () => {
  const [first, second, third] = await shown('a,b\n', Buffer.from('Z\xfcrich,1\n', 'latin1'), 'ok,2\n');
  assert.equal(first, '1: a|b');
  assert.match(second!, /^2! .*not UTF-8.*"CSV UTF-8"$/);
  assert.equal(third, '3: ok|2');
  assert.match((await shown(Buffer.from('\ufeffa,b\r\n', 'utf16le')))[0]!, /^1! .*not UTF-8/);
});

test('a quote that is never closed is found at the limit of a field, and nothing behind it is trusted', async () => {
  const long = `a,b\n"${'x,y\n'.repeat(2000)}`;
  assert.match((await shown(long))[1]!, /^2!! a field has more than 4096 characters.*is a closing quote missing\?$/);
  assert.match((await shown('a,b\n"x\n'))[1]!, /^2!! a quoted field is not closed/);
});

test('fields, records and columns are bounded, and an endless line takes no memory', async () => {
  const endless = await shown('a,b\n', ...Array<string>(200).fill('x'.repeat(10_000)), '\nok,1\n');
  assert.equal(endless.length, 3);
  assert.match(endless[1]!, /^2! a field has more than 4096 characters/);
  assert.equal(endless[2], '3: ok|1');
  const wide = await shown(`${'a,'.repeat(csvDefaults.columns + 5)}\nok,1\n`);
  assert.match(wide[0]!, /^1! the record has more than 100 fields$/);
  assert.equal(wide.length, 2);
  const record = await shown(`a\n${`${'y'.repeat(4000)},`.repeat(10)}\nok\n`);
  assert.match(record[1]!, /its record more than 32768/);
});

test('a large file leaves the event loop free', async () => {
  let turns = 0;
  let running = true;
  const spin = (): void => {
    turns += 1;
    if (running) setImmediate(spin);
  };
  spin();
  const items = await read('login,address\n' + 'practice@group.example,practice@group.example\n'.repeat(20_000));
  running = false;
  assert.equal(items.length, 20_001);
  assert.ok(turns > 40, String(turns));
});

const cutAtRandom = (text: Uint8Array, random: Seeded): Uint8Array[] => {
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < text.length;) {
    const length = 1 + random.below(random.pick([2, 20, 500]));
    pieces.push(text.subarray(at, at + length));
    at += length;
  }
  return pieces;
};

test('seeded tables: what is written comes back, in any cuts, quoting, separator and line end', async () => {
  for (let seed = 1; seed <= 300; seed += 1) {
    const random = seeded(seed);
    const separator = random.pick([',', ';', '\t']);
    const end = random.pick(['\n', '\r\n', '\r']);
    const columns = 2 + random.below(4);
    const alphabet = ['a', 'é', '😀', ' ', '"', ',', ';', '\t', '\n', '\r\n', 'Z'];
    const table = Array.from({ length: 1 + random.below(8) }, (_, row) =>
      Array.from({ length: columns }, (_, column) =>
        row === 0 ? `c${column}` : Array.from({ length: random.below(6) }, () => random.pick(alphabet)).join(''),
      ),
    );
    const write = (field: string): string =>
      /["\r\n,;\t]/.test(field) || random.next() < 0.3 ? `"${field.replaceAll('"', '""')}"` : field;
    const head = (table[0] ?? []).join(separator);
    const text =
      [head, ...table.slice(1).map((row) => row.map(write).join(separator))].join(end) + random.pick(['', end]);
    const items = await read(...cutAtRandom(Buffer.from(text), random));
    assert.deepEqual(
      items.map((item) => (item.kind === 'row' ? item.fields : item.text)),
      table,
      `seed ${seed}`,
    );
  }
});

test('seeded garbage: never an exception, lines in order, and the same items in any cuts', async () => {
  for (let seed = 1; seed <= 300; seed += 1) {
    const random = seeded(seed);
    const octets = Uint8Array.from({ length: random.below(400) }, () =>
      random.next() < 0.6 ? random.pick([34, 44, 59, 10, 13, 97, 98]) : random.below(256),
    );
    const whole = await read(octets);
    assert.deepEqual(await read(...cutAtRandom(octets, random)), whole, `seed ${seed}`);
    const lines = whole.map((item) => item.line);
    assert.deepEqual(
      lines,
      [...lines].sort((a, b) => a - b),
      `seed ${seed}`,
    );
  }
});
