/**
 * A program that is not ours checks all that proves something: verify_proof.py, written from
 * docs/formats.md alone, on the samples of a gateway that runs.
 *
 * A seed draws changed bits over all their octets. Each must be *found*: the program names a fault.
 * And *placed*: it names the changed file and no other, and a span of octets with the changed one,
 * which is one octet, a line, an entry or a value of base64. Whoever repeats it sets SEED to what
 * was printed; the samples have other keys then, and the same files.
 */
// @beside
import assert from 'node:assert/strict';
import { type KeyObject, createHash, generateKeyPairSync, sign } from 'node:crypto';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { type TestContext, after, before, test } from 'node:test';
import { effort } from '../support/effort.ts';
import { makeProofSamples } from '../support/proof-samples.ts';
import { withoutProgram } from '../support/require.ts';
import { seeded } from '../support/seeded.ts';
import { attempt } from './run.ts';
import { root } from './shell.ts';

const COUNT = effort(100, 1000);
const skip = withoutProgram('python3', 'python3');
const folder = mkdtempSync(join(tmpdir(), 'sluis-verifier-'));
const ends: (() => Promise<void> | void)[] = [];
before(async () => {
  if (skip === false) await makeProofSamples(folder, { after: (end) => void ends.push(end) });
});
after(async () => {
  for (const end of ends) await end();
  rmSync(folder, { recursive: true, force: true });
});

const VERIFIER = join(root, 'test', 'peers', 'verify_proof.py');

type Fault = readonly [file: string, first: number, last: number, text: string];
interface Change {
  readonly file: string;
  readonly octet: number;
  readonly bit: number;
}

/** What the program is given: all of the gateway that ran, or the lanes. */
function given(samples: string, lanes: boolean): string[] {
  const at = (...names: string[]): string => join(samples, ...names);
  if (lanes)
    return [
      ...['--key', at('lanes', 'anchor.pem'), '--anchors', at('lanes', 'anchors.jsonl')],
      ...['--export', at('lanes', 'export.jsonl')],
    ];
  const keys = { key: 'anchor', certificate: 'evidence', authority: 'authority' };
  return [
    ...Object.entries(keys).flatMap(([name, file]) => [`--${name}`, at('keys', `${file}.pem`)]),
    ...['--evidence', at('evidence', 'bundle.eml'), '--statement', at('statement'), '--drills', at('drills')],
    ...['--anchors', at('anchors'), '--export', at('trail', 'export.jsonl'), '--export', at('trail', 'bare.jsonl')],
  ];
}

const ofLanes = (file: string): boolean => dirname(file) === 'lanes';

/**
 * Faults of each change, in their order. The program stays loaded and changes each bit in memory.
 */
async function faultsOf(changes: readonly Change[]): Promise<Map<Change, readonly Fault[]>> {
  const told = await Promise.all(
    [false, true].map(async (lanes) => {
      const mine = changes.filter(({ file }) => ofLanes(file) === lanes);
      const lines = mine.map(({ file, octet, bit }) => `${join(folder, file)} ${octet} ${bit}\n`);
      const options = { home: folder, input: Buffer.from(lines.join('')), patience: 600_000 };
      const ran = await attempt('python3', [VERIFIER, ...given(folder, lanes), '--changes'], options);
      assert.equal(ran.status, 0, ran.err);
      const answers = ran.out.toString().trimEnd().split('\n');
      return mine.map((change, n) => [change, JSON.parse(answers[n]!) as Fault[]] as const);
    }),
  );
  return new Map(told.flat());
}

async function look(samples: string, lanes: boolean): Promise<{ status: number | null; said: string }> {
  const ran = await attempt('python3', [VERIFIER, ...given(samples, lanes)], { home: samples });
  return { status: ran.status, said: ran.out.toString() + ran.err };
}

test('all that a gateway gave out holds, and so do three lanes', { skip }, async () => {
  for (const lanes of [false, true]) assert.deepEqual(await look(folder, lanes), { status: 0, said: '' });
});

test(`each of ${COUNT} changed bits is found and placed`, { skip, timeout: 900_000 }, async (t) => {
  const seed = Number(process.env.SEED ?? Date.now() % 1_000_000);
  t.diagnostic(`SEED=${seed}`);
  const random = seeded(seed);
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .sort();
  const sizes = files.map((file) => statSync(join(folder, file)).size);
  const all = sizes.reduce((sum, size) => sum + size, 0);
  const changes = Array.from({ length: COUNT }, (_, n): Change => {
    const bit = random.below(8);
    // Every other one in any file alike: a signature of 64 octets would else not have its turn.
    if (n % 2 === 0) {
      const of = random.below(files.length);
      return { file: files[of]!, octet: random.below(sizes[of]!), bit };
    }
    let octet = random.below(all);
    const of = sizes.findIndex((size) => octet < size || ((octet -= size), false));
    return { file: files[of]!, octet, bit };
  });
  const wrong: string[] = [];
  for (const [{ file, octet, bit }, faults] of await faultsOf(changes)) {
    const there = faults.some(([, first, last]) => first <= octet && octet <= last);
    const alone = faults.every(([named]) => relative(folder, named) === file);
    if (!there || !alone) wrong.push(`${file} ${octet} ${bit}: ${JSON.stringify(faults)}`);
  }
  assert.deepEqual(wrong, [], `SEED=${seed}`);
});

test('the examples of the page hold', { skip }, async (t) => {
  const page = readFileSync(join(root, 'docs', 'formats.md'), 'utf8');
  const examples = Object.fromEntries(
    Array.from(page.matchAll(/<!-- example ([a-z]+)[^>]*-->\n\n```\n(.*?)```/gs), ([, name, text]) => [name!, text!]),
  );
  const home = mkdtempSync(join(tmpdir(), 'sluis-page-'));
  t.after(() => rmSync(home, { recursive: true, force: true }));
  const write = (name: string, text: string | Buffer): void => writeFileSync(join(home, name), text);
  const [key = '', anchor] = examples.anchor!.split('\n\n');
  const [lanes, overLanes] = examples.lanes!.split('\n\n');
  write('anchor.pem', `${key}\n`);
  const files = {
    export: examples.export!,
    lanes: `${lanes}\n`,
    anchors: `${anchor}\n`,
    'anchors-lanes': `${overLanes}\n`,
  };
  for (const [name, text] of Object.entries(files)) write(`${name}.jsonl`, text);
  write('approval.jsonl', sealed([rowsOf(examples.export!)[0]!, examples.approval!.trim()]));
  const [name, octets, signature] = Array.from(examples.report!.matchAll(/^\w+ +(.*)$/gm), ([, value]) => value!);
  mkdirSync(join(home, 'drills'));
  write(`drills/${name}`, Buffer.from(octets!, 'hex'));
  write(`drills/${name}.sig`, Buffer.from(signature!, 'hex'));
  for (const more of [
    ['--export', 'export.jsonl', '--anchors', 'anchors.jsonl', '--drills', 'drills'],
    ['--export', 'lanes.jsonl', '--anchors', 'anchors-lanes.jsonl'],
    ['--export', 'approval.jsonl'],
  ]) {
    const ran = await attempt('python3', [VERIFIER, '--key', 'anchor.pem', ...more], { home });
    assert.deepEqual([ran.status, ran.out.toString(), ran.err], [0, '', ''], more.join(' '));
  }
});

/** A copy of the samples to change, with the answers of the program that is started for it. */
function copied(t: TestContext): {
  read: (file: string) => string;
  write: (file: string, text: string | Buffer) => void;
  at: (file: string) => string;
  say: (lanes?: boolean) => Promise<string>;
} {
  const samples = mkdtempSync(join(tmpdir(), 'sluis-forged-'));
  t.after(() => rmSync(samples, { recursive: true, force: true }));
  cpSync(folder, samples, { recursive: true });
  const at = (file: string): string => join(samples, file);
  return {
    at,
    read: (file) => readFileSync(at(file), 'utf8'),
    write: (file, text) => writeFileSync(at(file), text),
    say: async (lanes = false) => {
      const { status, said } = await look(samples, lanes);
      assert.equal(status, 1, said);
      return said.replaceAll(`${samples}/`, '');
    },
  };
}

const hash = (...parts: (string | Buffer)[]): Buffer => {
  const made = createHash('sha256');
  for (const part of parts) made.update(part);
  return made.digest();
};
const sealed = (lines: readonly string[]): string => {
  const text = lines.map((line) => `${line}\n`).join('');
  return `${text}{"end":{"sha256":"${hash(text).toString('hex')}"}}\n`;
};
const rowsOf = (text: string): string[] => text.trimEnd().split('\n').slice(0, -1);

/** Rows from `from` on in a chain of their own, as whoever has the store could write them. */
function rewritten(lines: readonly string[], from: number, change: (row: Record<string, unknown>) => void): string[] {
  let before = (JSON.parse(lines[0]!) as { after: { hash: string } }).after.hash;
  return lines.map((line, n) => {
    if (n === 0) return line;
    const row = JSON.parse(line) as Record<string, string | number | null>;
    if (n >= from) {
      if (n === from) change(row);
      const { seq, at, event, outcome, message, account, facts, commitment } = row;
      const list = JSON.stringify([seq, Date.parse(String(at)), event, outcome, message, account, facts, commitment]);
      row.hash = hash('sluis audit link 2\n', Buffer.from(before, 'hex'), hash(list)).toString('hex');
    }
    before = String(row.hash);
    return JSON.stringify(row);
  });
}

test('whoever writes the trail anew and seals it is told by the anchors', { skip }, async (t) => {
  const { read, write, say } = copied(t);
  const lines = rewritten(rowsOf(read('trail/export.jsonl')), 11, (row) => (row.outcome = 'failure'));
  write('trail/export.jsonl', sealed(lines));
  // Row 11 stands in line 12. The next anchor is of row 15.
  assert.match(await say(), /^trail\/export\.jsonl: line 16, octets \d+ to \d+: the anchor of .* tells another hash$/m);
});

test('rows that were written anew behind the last anchor hold: it is what an anchor is for', { skip }, async (t) => {
  const { read, write, at } = copied(t);
  const lines = rowsOf(read('trail/export.jsonl'));
  write('trail/export.jsonl', sealed(rewritten(lines, lines.length - 1, (row) => (row.outcome = 'failure'))));
  assert.equal((await look(at('.'), false)).status, 0);
});

test('a tail that was cut off, a row that was taken out and a lane that vanished show', { skip }, async (t) => {
  const { read, write, say } = copied(t);
  const lines = rowsOf(read('trail/export.jsonl'));
  write('trail/export.jsonl', sealed(lines.slice(0, 20)));
  write('trail/bare.jsonl', sealed(rowsOf(read('trail/bare.jsonl')).toSpliced(5, 1)));
  const lanes = rowsOf(read('lanes/export.jsonl'));
  const last = lanes.findLastIndex((line) => line.startsWith('{"format"'));
  write(
    'lanes/export.jsonl',
    sealed(lanes.slice(0, last).map((line) => line.replace(/"piece":\[(\d),3\]/, '"piece":[$1,2]'))),
  );
  const said = await say();
  assert.match(said, /^trail\/export\.jsonl: .*lane 0 has no place 22/m);
  assert.match(said, /^trail\/bare\.jsonl: line 6, .*its place is 6/m);
  assert.match(await say(true), /^lanes\/export\.jsonl: .*lane 5 has no place 1\b/m);
});

const url = (octets: Buffer): string => octets.toString('base64url');
const jwkPart = (key: KeyObject, name: 'x' | 'y' | 'n' | 'e'): Buffer =>
  Buffer.from(key.export({ format: 'jwk' })[name]!, 'base64url');
const map = (...pairs: (string | Buffer)[]): Buffer =>
  Buffer.concat([
    Buffer.of(0xa0 + pairs.length / 2),
    ...pairs.map((p) => (typeof p === 'string' ? Buffer.from(p, 'hex') : p)),
  ]);
const octetString = (octets: Buffer): Buffer =>
  Buffer.concat([
    octets.length < 256 ? Buffer.of(0x58, octets.length) : Buffer.of(0x59, octets.length >> 8, octets.length & 255),
    octets,
  ]);

/**
 * The three kinds of key of a passkey: the key's COSE_Key as RFC 9053 and RFC 8230 write it, and
 * what signs.
 */
const PASSKEYS = {
  Ed25519: () => {
    const { privateKey, publicKey } = generateKeyPairSync('ed25519');
    const cose = map('01', '01', '03', '27', '20', '06', '21', octetString(jwkPart(publicKey, 'x')));
    return { cose, signed: (data: Buffer) => sign(null, data, privateKey) };
  },
  'P-256': () => {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const [x, y] = [octetString(jwkPart(publicKey, 'x')), octetString(jwkPart(publicKey, 'y'))];
    const cose = map('01', '02', '03', '26', '20', '01', '21', x, '22', y);
    return { cose, signed: (data: Buffer) => sign('sha256', data, privateKey) };
  },
  RSA: () => {
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const [n, e] = [octetString(jwkPart(publicKey, 'n')), Buffer.concat([Buffer.of(0x43), jwkPart(publicKey, 'e')])];
    const cose = map('01', '03', '03', '390100', '20', n, '21', e);
    return { cose, signed: (data: Buffer) => sign('sha256', data, privateKey) };
  },
};

test(
  'an approval by a passkey of each kind holds; one that was made up does not, in a trail that was written anew',
  { skip },
  async (t) => {
    const { at, read, write } = copied(t);
    const lines = rowsOf(read('lanes/export.jsonl'));
    const n = lines.findIndex((line) => line.includes('approval.signed'));
    // Lane 0 alone, and without anchors: nothing but the signature tells.
    const first = lines[0]!.replace(/,"piece".*$/, '}');
    for (const [kind, make] of Object.entries(PASSKEYS)) {
      const { cose, signed } = make();
      const row = JSON.parse(lines[n]!) as { facts: string };
      const facts = JSON.parse(row.facts) as Record<string, string>;
      const data = Buffer.from(facts.authenticatorData!, 'base64url');
      const signature = signed(Buffer.concat([data, hash(Buffer.from(facts.clientData!, 'base64url'))]));
      const trail = (by: Buffer): string =>
        sealed(
          rewritten([first, ...lines.slice(1, n + 1)], n, (changed) => {
            changed.facts = JSON.stringify({ ...facts, publicKey: url(cose), signature: url(by) });
          }),
        );
      const look = async (by: Buffer): Promise<unknown[]> => {
        write('lanes/export.jsonl', trail(by));
        const args = [VERIFIER, '--key', 'lanes/anchor.pem', '--export', 'lanes/export.jsonl'];
        const ran = await attempt('python3', args, { home: at('.') });
        return [ran.status, ran.out.toString().replace(/octets \d+ to \d+/, 'octets')];
      };
      assert.deepEqual(await look(signature), [0, ''], kind);
      signature[40]! ^= 1;
      assert.deepEqual(
        await look(signature),
        [1, 'lanes/export.jsonl: line 5, octets: the signature is wrong\n'],
        kind,
      );
    }
  },
);

test('bits of base64 that mean nothing are not free', { skip }, async (t) => {
  const { read, write, say } = copied(t);
  const digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
  const anchors = read('lanes/anchors.jsonl');
  // Of the last digit of 64 octets four bits.
  write(
    'lanes/anchors.jsonl',
    anchors.replace(/.(?===")/, (digit) => digits[digits.indexOf(digit) ^ 1]!),
  );
  assert.match(await say(true), /^lanes\/anchors\.jsonl: line 1, .*base64 that is written otherwise\n$/);
});

test('files that were put there, taken away, renamed or exchanged show', { skip }, async (t) => {
  const { at, read, write, say } = copied(t);
  const reports = readdirSync(at('drills')).filter((name) => name.endsWith('.json'));
  const [drill, site] = reports.sort() as [string, string];
  const later = drill.replace(/^drill-\d{4}/, 'drill-2999');
  for (const end of ['', '.sig']) renameSync(at(`drills/${drill}${end}`), at(`drills/${later}${end}`));
  rmSync(at(`drills/${site}.sig`));
  write('statement/extra.html', '<p>');
  rmSync(at('statement/roles.json'));
  write('statement/tls.json', read('statement/content.json'));
  const said = await say();
  for (const [file, text] of [
    [`drills/${later}`, 'its name is not that of its kind and time'],
    [`drills/${drill}`, 'is not there'],
    [`drills/${site}`, 'is not there'],
    ['statement/extra.html', 'not a file that certificates.json tells of'],
    ['statement/roles.json', 'not this part of statement.eml'],
    ['statement/tls.json', 'not this part of statement.eml'],
  ] as const)
    assert.ok(
      said.split('\n').some((line) => line.startsWith(`${file}: `) && line.endsWith(text)),
      `${file}: ${said}`,
    );
});

test('a copy on disk gets the answer that the change in memory got', { skip }, async (t) => {
  const { at, read, write, say } = copied(t);
  const file = 'evidence/bundle.eml';
  const octet = read(file).indexOf('Found ');
  const line = read(file).slice(0, octet).split('\n').length;
  const octets = readFileSync(at(file));
  octets[octet]! ^= 4;
  write(file, octets);
  const [faults] = (await faultsOf([{ file, octet, bit: 2 }])).values();
  assert.deepEqual(
    faults?.map(([named, ...more]) => [relative(folder, named), ...more]),
    [[file, octet, octet, 'the text is not what was signed']],
  );
  assert.match(
    await say(),
    new RegExp(`^${file}: line ${line}, octets ${octet} to ${octet}: the text is not what was signed\n$`),
  );
});

test('anchors that are not there are no anchors that agree', { skip }, async (t) => {
  const { write, say } = copied(t);
  write('lanes/anchors.jsonl', '');
  assert.match(await say(true), /^lanes\/anchors\.jsonl: .*no anchor is there/);
});

test('where it cannot look it ends with 2', { skip }, async (t) => {
  const { at } = copied(t);
  rmSync(at('trail/bare.jsonl'));
  assert.equal((await look(at('.'), false)).status, 2);
});
