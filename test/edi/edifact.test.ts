// @own-process: it measures processor time or memory.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EdiSniffer } from '../../src/edi/sniffer.ts';
import { sha256 } from '../mime/composer.ts';
import { effort } from '../support/effort.ts';
import { seeded } from '../support/seeded.ts';
import { readEnvelopes } from './reference-reader.ts';
import { BINARY, GROUPED, MEDLAB, MEDVRI, PACKAGE } from './samples.ts';
import { CPU_LIMIT, remarksOf, sniff } from './support.ts';

const SEEDS = effort(600, 3000);
/** Of each pattern. */
const MEGABYTES = effort(3, 10);
const SLICE = 65_536;
const LIMIT = (CPU_LIMIT * MEGABYTES) / 10;

test('a Dutch interchange: parties, reference, messages, totals that are right', () => {
  assert.deepEqual(sniff(`\r\n${MEDLAB}\r\n`), [
    {
      ...{ part: '1', format: 'edifact', syntax: 'UNOA:1', reference: 'LAB0001', preparedAt: '261124:1037' },
      sender: { id: '500000001', qualifier: '' },
      recipient: { id: '500000002', qualifier: '' },
      ...{ application: '', test: false, acknowledge: false, eightBit: false },
      messages: [{ type: 'MEDLAB', version: '1', count: 2 }],
      digest: sha256(MEDLAB.slice(MEDLAB.indexOf("'") + 1, MEDLAB.indexOf('UNZ'))).slice(0, 32),
      ...{ controls: 'right', remarks: [] },
    },
  ]);
});

test('service string advice with a blank decimal mark, qualifiers, application, acknowledgement and test indicator, Latin-1', () => {
  const [vri] = sniff(MEDVRI);
  assert.deepEqual(vri?.sender, { id: '500000003', qualifier: 'ZZ' });
  assert.deepEqual([vri.application, vri.acknowledge, vri.test, vri.eightBit], ['VRIJTEKST', true, true, true]);
  assert.equal(remarksOf(vri), '');
  const [latin] = sniff(MEDLAB.replace('QUESTION', 'QU\xc9STION'));
  assert.deepEqual([remarksOf(latin), latin?.eightBit, latin?.controls], ['charset', true, 'right']);
});

test('groups are counted, and the password of UNB is nowhere', () => {
  const found = sniff(GROUPED);
  assert.deepEqual(found[0]?.messages, [{ type: 'ORDERS', version: 'D:96A:UN:EAN008', count: 1 }]);
  assert.deepEqual([remarksOf(found[0]), found[0].controls, found[0].application], ['', 'right', 'APP']);
  assert.ok(!JSON.stringify(found).includes('PASSWORD'));
});

test('a binary object is passed over by its length, whatever it holds', () => {
  const [found] = sniff(PACKAGE);
  assert.deepEqual([remarksOf(found), found?.controls, found?.eightBit], ['', 'right', false]);
  assert.deepEqual(found?.messages, [{ type: 'MEDBIN', version: 'D:01B:UN:B0131X', count: 1 }]);
  const wrong = PACKAGE.toString('latin1').replace(`BIN+${BINARY.length}'`, `BIN+${BINARY.length - 3}'`);
  assert.match(remarksOf(sniff(wrong)[0]), /object-length/);
  assert.match(
    remarksOf(sniff(PACKAGE.subarray(0, PACKAGE.indexOf('any octets') + 9))[0]),
    /object-length.* unz-missing/,
  );
  assert.match(remarksOf(sniff(PACKAGE.toString('latin1').replace(/BIN\+\d+'/, "BIN+x'"))[0]), /object-length/);
});

test('level B without advice is read by its information separators', () => {
  const levelB = MEDLAB.replace(/\?./g, '')
    .replaceAll('+', '\x1d')
    .replaceAll(':', '\x1f')
    .replaceAll("'", '\x1c')
    .replace('UNOA', 'UNOB');
  const [found] = sniff(levelB);
  assert.deepEqual([found?.syntax, found?.sender.id, remarksOf(found)], ['UNOB:1', '500000001', '']);
});

test('every deviation is told of, and the rest is read all the same', () => {
  const change = (from: string | RegExp, to: string): string => remarksOf(sniff(MEDLAB.replace(from, to))[0]);
  for (const [remarks, from, to] of [
    ['unt-count', "UNT+5+1'", "UNT+6+1'"],
    ['unt-count', "UNT+5+1'", "UNT++1'"],
    ['unt-reference', "UNT+5+1'", "UNT+5+9'"],
    ['unt-missing', "UNT+5+1'\r\n", ''],
    ['unz-count', 'UNZ+2', 'UNZ+3'],
    ['unz-reference', 'UNZ+2+LAB0001', 'UNZ+2+LAB0002'],
    ['unz-missing', "UNZ+2+LAB0001'", ''],
    ['unt-missing unz-missing', "UNT+2+2'\r\nUNZ+2+LAB0001'", ''],
    ['terminator-missing', "UNZ+2+LAB0001'", 'UNZ+2+LAB0001'],
    ['segment-outside', "UNZ+2+LAB0001'", "TXT+1'UNZ+2+LAB0001'"],
    ['segment-outside', "UNZ+2+LAB0001'", "UNT+1+1'UNZ+2+LAB0001'"],
    ['unb-unreadable', 'UNOA:1', 'x'],
  ] as const)
    assert.equal(change(from, to), remarks, `${from} -> ${to}`);
  const grouped = (from: string, to: string): string => remarksOf(sniff(GROUPED.replace(from, to))[0]);
  assert.equal(grouped('UNE+1+G1', 'UNE+2+G1'), 'une-count');
  assert.equal(grouped('UNE+1+G1', 'UNE+1+G2'), 'une-reference');
  assert.equal(grouped("UNE+1+G1'", ''), 'une-missing');
  assert.equal(sniff(MEDLAB.replace('UNT+5', 'UNT+6'))[0]?.controls, 'wrong');
  // Envelope fields may have blanks around them, and references zeros in front are other
  // references.
  assert.equal(change('UNZ+2+LAB0001', 'UNZ+ 2 + LAB0001 '), '');
});

test('several interchanges in one part, with text before, between and behind them', () => {
  const found = sniff(
    `${MEDLAB}\r\n\r\n${MEDVRI}\r\n${GROUPED}UNBELIEVABLE text of UN and\r\n${MEDLAB} -- \r\nregards UNA`,
  );
  assert.deepEqual(
    found.map((f) => `${f.reference} ${remarksOf(f)}`),
    ['LAB0001 ', '77 ', 'REF ', 'LAB0001 '],
  );
  assert.deepEqual(sniff(`${MEDLAB.replace("UNZ+2+LAB0001'", '')}${MEDVRI.slice(9)}`).map(remarksOf), [
    'unz-missing',
    '',
  ]);
  for (const none of ['Dear UNB+', 'UNBELIEVABLE', 'UN', 'UNA', "UNA:+.? 'UNH+1'", '', ' \r\n', 'PK\x03\x04'])
    assert.deepEqual(sniff(none), [], none);
});

test('fields are bounded and their control characters visible', () => {
  const [found] = sniff(`UNB+UNOC:3+${'s'.repeat(300)}+r\x1b[2J?'?+\xe9+261124:1037+a\r\nb'UNZ+0+a\r\nb'`);
  assert.equal(found?.sender.id.length, 70);
  assert.deepEqual([found.recipient.id, found.reference, remarksOf(found)], ["r\\u{1b}[2J'+é", 'a\\u{d}\\u{a}b', '']);
  for (const cut of [100, 10_000]) {
    const [long] = sniff(`UNB+UNOC:3+s+r+261124:1037+ref+${'x'.repeat(5000)}'UNZ+0+ref'`, () => cut);
    assert.equal(remarksOf(long), 'segment-long');
  }
});

test('messages are known again under another reference, other messages under the same one are others', () => {
  const digest = (text: string): string | undefined => sniff(text)[0]?.digest;
  const again = MEDLAB.replaceAll('LAB0001', 'LAB0002').replace('261124:1037', '261125:0800');
  assert.equal(digest(again), digest(MEDLAB));
  assert.equal(digest(again.replace("UNZ+2+LAB0002'", 'UNZ+2')), digest(MEDLAB));
  assert.notEqual(digest(MEDLAB.replace('SYN0001', 'SYN0002')), digest(MEDLAB));
  assert.equal(digest("UNB+UNOA:1+A+B+261124:1037+R'UNZ+0+R'"), '');
});

test('every segment of long messages is counted, wherever slices end, released terminators and empty segments too', () => {
  const random = seeded(4);
  const segments = Array.from({ length: 3000 }, () =>
    random.pick(["TXT+1+it?'s'", "TXT+1+???'s'\r\n", "TXT+??'", "'\n", "TXT+?+?:'  ", "U'", "RFF+AB:1'"]),
  ).join('');
  const text = `UNB+UNOC:3+S+R+261124:1037+REF'UNH+1+MEDLAB:1'${segments}UNT+3002+1'UNH+2+MEDLAB:1'${segments}UNT+3002+2'UNZ+2+REF'`;
  for (const cuts of [() => Infinity, () => 1 + random.below(40), () => 1 + random.below(20_000)])
    assert.deepEqual(
      sniff(text, cuts).map((found) => [remarksOf(found), found.controls, found.messages[0]?.count]),
      [['', 'right', 2]],
    );
});

test('nothing of what a message says leaves the reader', () => {
  const found = [MEDLAB, MEDVRI, GROUPED, PACKAGE].flatMap((sample) => sniff(sample));
  assert.equal(found.length, 4);
  assert.ok(!/TOKEN|SYN0001|QUESTION|t\u00e9kst|any octets/.test(JSON.stringify(found)));
});

test('each sample is read the same at every place where it can be cut in two, and octet by octet', () => {
  for (const sample of [MEDLAB, MEDVRI, GROUPED, PACKAGE.toString('latin1'), `${MEDLAB} text ${MEDVRI}`]) {
    const whole = sniff(sample);
    assert.deepEqual(
      sniff(sample, () => 1),
      whole,
    );
    for (let cut = 1; cut < sample.length; cut++) {
      let first = true;
      const next = (): number => {
        const length = first ? cut : Infinity;
        first = false;
        return length;
      };
      assert.deepEqual(sniff(sample, next), whole, `cut at ${cut}`);
    }
  }
});

test(`${SEEDS} seeded interchanges are read as a second, simple reader reads them`, () => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    const random = seeded(seed);
    const text = interchanges(random);
    const found = sniff(text, () => 1 + random.below(random.pick([3, 50, 4000])));
    const expected = readEnvelopes(text);
    assert.equal(found.length, expected.length, `seed ${seed}`);
    for (const [n, envelope] of expected.entries()) {
      const { sender, recipient, reference, messages, digest, controls } = found[n]!;
      const types = Object.fromEntries(messages.map((m) => [`${m.type} ${m.version}`, m.count]));
      assert.deepEqual(
        { sender: sender.id, recipient: recipient.id, reference, types, digest, right: controls === 'right' },
        envelope,
        `seed ${seed}`,
      );
    }
  }
});

/**
 * One to three interchanges: advice of any kind, releases, breaks between segments, totals that are
 * sometimes wrong.
 */
function interchanges(random: ReturnType<typeof seeded>): string {
  let text = '';
  for (let n = 1 + random.below(3); n > 0; n--) {
    const advice = random.pick(['', ":+.? '", ":+,? '", ":+ ? '", '|^.\\ ~', ":+.  '", '=*.! \n', "xy.z '"]);
    const [component = ':', element = '+', , release = '?', , terminator = "'"] = advice === '' ? ":+.? '" : advice;
    const breaks = terminator === '\n' ? '' : random.pick(['', '\r\n', '\n', '  ']);
    const token = (): string => {
      let token = '';
      for (let k = random.below(12); k > 0; k--) {
        const sign = random.pick(['A', 'z', '7', 'U', 'N', ' x', component, element, terminator, release, '--']);
        const special = [component, element, terminator, release].includes(sign);
        if (!special) token += sign;
        else if (release !== ' ') token += release + sign;
      }
      return token;
    };
    const name = (): string => `${random.pick(['S', 'R', 'LAB'])}${random.below(1000)}`;
    const segments: string[][] = [];
    const reference = name();
    segments.push(['UNB', `UNOC${component}3`, name(), name(), `261124${component}1037`, reference]);
    const messages = random.below(8);
    const wrong = (value: number): string => String(random.below(12) === 0 ? value + 1 : value);
    for (let m = 1; m <= messages; m++) {
      const lines = random.below(6);
      const its = `${m}${random.below(3) === 0 ? token() : ''}`;
      segments.push([
        'UNH',
        its,
        random.pick(['MEDLAB', 'MEDEUR', `MEDRPT${component}D${component}93A${component}UN`]),
      ]);
      for (let line = 0; line < lines; line++)
        segments.push([random.pick(['TXT', 'NAD', 'UNS', 'Q']), token(), `${token()}${component}${token()}`]);
      segments.push(['UNT', wrong(lines + 2), random.below(12) === 0 ? 'OTHER' : its]);
    }
    segments.push(['UNZ', wrong(messages), random.below(12) === 0 ? 'OTHER' : reference]);
    if (advice !== '') text += `UNA${advice}${breaks}`;
    text += segments.map((elements) => elements.join(element) + terminator + breaks).join('');
  }
  return text;
}

test(`${MEGABYTES} MB of any pattern take no memory and no quadratic time`, () => {
  const unb = "UNB+UNOC:3+S+R+261124:1037+REF'";
  for (const [name, begin, pattern] of [
    ['segments', `${unb}UNH+1+MEDLAB:1'`, "TXT+01+RESULT LINE OF SOME LENGTH:MORE OF IT'\r\n"],
    ['messages', unb, "UNH+1+MEDLAB:1'UNT+2+1'"],
    ['types', unb, "UNH+1+MEDLAB:1'UNT+2+1'"],
    ['interchanges', '', `${unb}UNZ+0+REF'`],
    ['terminators', unb, "'"],
    ['releases', unb, '?'],
    ['released terminators', unb, "?'"],
    ['one segment', unb, 'x'],
    ['text behind', `${unb}UNZ+0+REF'text`, 'UNUN'],
    ['advice', "UNA:+.? '", "UNA:+.? '"],
    ['objects', unb, "UNO+1+a+b+9'123456789UNP+9+1'"],
  ] as const) {
    const data = Buffer.alloc(4_000_000, pattern);
    data.write(begin);
    let found = 0;
    const before = process.memoryUsage().heapUsed;
    const started = process.cpuUsage();
    const sniffer = new EdiSniffer('1', () => (found += 1) < 100);
    for (let round = 0, at = 0; round * SLICE < MEGABYTES * 1e6; round++, at = (at + SLICE) % 3_900_000)
      sniffer.write(data.subarray(at, at + SLICE));
    sniffer.end();
    const { user, system } = process.cpuUsage(started);
    assert.ok(user + system < LIMIT, `${name}: ${Math.round((user + system) / 1000)} ms of CPU`);
    assert.ok(process.memoryUsage().heapUsed - before < 64e6, `${name}: memory`);
    assert.ok(found < 7000, name);
  }
});
