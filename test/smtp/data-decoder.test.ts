import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DataDecoder } from '../../src/smtp/data-decoder.ts';
import { type Seeded, seeded } from '../support/seeded.ts';

interface Outcome {
  readonly content: string;
  readonly rest: string | undefined;
  readonly met: DataDecoder['met'];
}

/** Feeds `wire` in the given pieces; each slice is taken before the next push, as in service. */
function decode(pieces: readonly string[], normalise: boolean): Outcome {
  const decoder = new DataDecoder(normalise);
  let content = '';
  for (const [i, piece] of pieces.entries()) {
    const { slice, rest } = decoder.push(Buffer.from(piece, 'latin1'));
    content += slice.toString('latin1');
    if (rest !== undefined)
      return { content, rest: rest.toString('latin1') + pieces.slice(i + 1).join(''), met: decoder.met };
  }
  return { content, rest: undefined, met: decoder.met };
}

/** RFC 5321 section 4.5.2 in its plainest form, over the whole text at once. */
function reference(wire: string, normalise: boolean): { content: string; rest: string } | undefined {
  const text = `\r\n${wire}`;
  const end = text.indexOf('\r\n.\r\n');
  if (end < 0) return undefined;
  const content = text
    .slice(0, end + 2)
    .replaceAll('\r\n..', '\r\n.')
    .slice(2);
  return {
    content: normalise ? content.replace(/\r\n|\r|\n/g, '\r\n') : content,
    rest: text.slice(end + 5),
  };
}

/** Cuts a text into pieces, often of one octet. */
function cut(wire: string, random: Seeded): string[] {
  const pieces: string[] = [];
  for (let at = 0; at < wire.length;) {
    const length = 1 + random.below(random.pick([1, 2, 3, 5, 40]));
    pieces.push(wire.slice(at, at + length));
    at += length;
  }
  return pieces;
}

test('only CRLF.CRLF ends the data, wherever packets are cut (20,000 cuts of adversarial text, seeded)', () => {
  const atoms = [
    '\r\n',
    '\r',
    '\n',
    '.',
    '..',
    '\r\n.',
    '\r\n..',
    '\n.\n',
    '\r.\r',
    '\n.\r\n',
    '\r\n.\n',
    'a',
    'MAIL FROM:<x@y>',
    '\0',
  ];
  for (let seed = 1; seed <= 20_000; seed++) {
    const random = seeded(seed);
    let wire = '';
    for (let n = random.below(14); n > 0; n--) wire += random.pick(atoms);
    wire += random.pick(['\r\n.\r\n', '\r\n.\r\nQUIT\r\n', '', '\r\n.\r', '\r\n.\r\n.\r\n']);
    const normalise = seed % 2 === 0;
    const expected = reference(wire, normalise);
    const got = decode(cut(wire, random), normalise);
    assert.equal(got.rest, expected?.rest, `seed ${seed}: ${JSON.stringify(wire)}`);
    if (expected !== undefined) assert.equal(got.content, expected.content, `seed ${seed}: ${JSON.stringify(wire)}`);
  }
});

test('stuffing and decoding give every octet back (2,000 random messages, seeded)', () => {
  for (let seed = 1; seed <= 2000; seed++) {
    const random = seeded(seed);
    const lines = Array.from({ length: random.below(30) }, () => {
      const line = Array.from({ length: random.below(20) }, () => {
        const octet = 1 + random.below(255);
        return octet === 10 || octet === 13 ? '.' : String.fromCharCode(octet);
      }).join('');
      return random.below(3) === 0 ? `.${line}` : line;
    });
    const message = lines.map((line) => `${line}\r\n`).join('');
    const wire = lines.map((line) => `${line.startsWith('.') ? '.' : ''}${line}\r\n`).join('');
    const got = decode(cut(`${wire}.\r\n`, random), seed % 2 === 0);
    assert.equal(got.content, message, `seed ${seed}`);
    assert.deepEqual(got.met, { bareCr: 0, bareLf: 0, nul: 0 });
  }
});

test('an empty message, a message of one dot, and a first line that is stuffed', () => {
  assert.deepEqual(decode(['.\r\n'], true), { content: '', rest: '', met: { bareCr: 0, bareLf: 0, nul: 0 } });
  assert.equal(decode(['.', '\r', '\nNOOP\r\n'], true).rest, 'NOOP\r\n');
  assert.equal(decode(['..\r\n.\r\n'], true).content, '.\r\n');
  // Cut so that the stuffed dot arrives alone: an attacker must not end the data with it.
  assert.deepEqual(decode(['.', '.', '\r\n', 'RSET\r\n'], true).rest, undefined);
});

test('a dot that a client forgot to stuff is kept', () => {
  assert.equal(decode(['.5 mg\r\n.5 mg\r\n.\r\n'], true).content, '.5 mg\r\n.5 mg\r\n');
});

test('bare line ends are counted, and made CRLF only where the account has that quirk', () => {
  const wire = 'a\nb\rc\r\r\nd\n\ne\r\n..f\n..g\r\n.\r\n';
  const normalised = decode([wire], true);
  assert.deepEqual(normalised.met, { bareCr: 2, bareLf: 4, nul: 0 });
  // Behind a bare LF no dot is taken away: only CRLF begins a line on the wire.
  assert.equal(normalised.content, 'a\r\nb\r\nc\r\n\r\nd\r\n\r\ne\r\n.f\r\n..g\r\n');
  assert.equal(decode([wire], false).content, 'a\nb\rc\r\r\nd\n\ne\r\n.f\n..g\r\n');
});

test('NUL is counted wherever it stands', () => {
  assert.equal(decode(['\0a\r\n\0\r\n.\r\n'], true).met.nul, 2);
});

test('a large message with a dot on every line decodes in a few milliseconds a megabyte', () => {
  const wire = Buffer.from(`${'..\r\n'.repeat(256 * 1024)}.\r\n`, 'latin1');
  const once = (): number => {
    const decoder = new DataDecoder(true);
    let octets = 0;
    const { user } = process.cpuUsage();
    for (let at = 0; at < wire.length; at += 16_384)
      octets += decoder.push(Buffer.from(wire.subarray(at, at + 16_384))).slice.length;
    assert.equal(octets, 3 * 256 * 1024);
    return (process.cpuUsage().user - user) / 1000;
  };
  // smtp-server's own stream takes 0.7 s for this. The best of three, since the machine may be
  // busy.
  const best = Math.min(once(), once(), once());
  assert.ok(best < 500, `${best} ms`);
});
