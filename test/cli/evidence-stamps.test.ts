/**
 * Time stamps in evidence: packed where they cover the message, checked by us offline, and by
 * openssl with the very commands that go along.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { copyFileSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { evidenceKey } from '../../src/crypto/trail/evidence-keys.ts';
import { instant, seconds } from '../../src/domain/units.ts';
import { type ReadDocument, readDocument } from '../../src/trail/read-document.ts';
import { signedDocument } from '../../src/trail/signed-document.ts';
import { collect } from '../crypto/cms/support.ts';
import { value } from '../crypto/support.ts';
import { FakeClock } from '../support/clock.ts';
import { type Ran, sluisHere } from '../support/command-line.ts';
import { type TestGateway, addressOf, loginOf, startTestGateway } from '../support/gateway.ts';
import { send } from '../support/mail.ts';
import { type TimeAuthority, startTimeAuthority } from '../support/time-authority.ts';
import { until } from '../support/until.ts';

const folder = mkdtempSync(join(tmpdir(), 'sluis-stamped-'));
const at = (name: string): string => join(folder, name);
const ends: (() => unknown)[] = [];
let authority: TimeAuthority;
let gateway: TestGateway;
let clock: FakeClock;

before(async () => {
  authority = await startTimeAuthority({ after: (end) => void ends.push(end) });
  clock = new FakeClock(Date.now());
  const configuration = `[audit]\ntimestamp-url = "${authority.url}"\ntimestamp-authorities = ["${authority.root}"]\ntimestamp-every = "1h"\n`;
  gateway = await startTestGateway({ accounts: ['anna'], clock, configuration });
});
after(async () => {
  await gateway.remove();
  for (const end of ends) await end();
  rmSync(folder, { recursive: true, force: true });
});

const run = (...args: string[]): Promise<Ran> => sluisHere([...args, '--config', gateway.config.file]);
async function done(...args: string[]): Promise<string> {
  const ran = await run(...args);
  assert.equal(ran.code, 0, ran.stderr);
  return ran.stdout;
}
const away = (...args: string[]): Promise<Ran> =>
  sluisHere(['trace', '--config', at('none.toml'), '--verify', ...args]);
const anchorFolder = (): string => join(gateway.config.keys.folder, 'anchors');
const stampLines = (): string[] =>
  readdirSync(anchorFolder())
    .filter((name) => name.endsWith('.timestamps'))
    .flatMap((name) => readFileSync(join(anchorFolder(), name), 'utf8').trimEnd().split('\n'));
const submit = (id: string): Promise<string> =>
  send(gateway.target('submission'), loginOf('anna'), {
    ...{ from: addressOf('anna'), to: [addressOf('anna')] },
    content: Buffer.from(
      `From: <${addressOf('anna')}>\r\nTo: ${addressOf('anna')}\r\nDate: Wed, 25 Nov 2026 12:00:00 +0000\r\nMessage-ID: <${id}@group.test>\r\n\r\ntext\r\n`,
    ),
  });
const partsOf = async (name: string): Promise<ReadDocument> => value(await readDocument(readFileSync(at(name))));
const bundle = (id: string): Promise<string> =>
  done('trace', `${id}@group.test`, '--bundle', at(`${id}.eml`), '--reason', 'complaint 17');

test('the rows lead past the nearest anchor to one that was stamped; sluis checks both without a gateway', async () => {
  await until('the first head is stamped', () => stampLines().length === 1);
  await submit('one');
  await done('audit', 'anchor');
  assert.equal(stampLines().length, 1, 'once an hour');
  gateway.store.audit.note({ event: 'tls.certificates', outcome: 'success' });
  clock.advance(seconds(3601));
  await done('audit', 'anchor');
  await until('a later head is stamped', () => stampLines().length === 2);
  const told = await bundle('one');
  assert.match(told, /each led to a signed anchor; 1 with the stamp of a time-stamping authority\./);

  const { parts, summary } = await partsOf('one.eml');
  const lines = (name: string): string[] => parts.get(name)!.toString().trimEnd().split('\n');
  assert.deepEqual(lines('timestamps.jsonl'), [stampLines()[1]], 'as it lay in its file, and no other');
  assert.equal(lines('anchors.jsonl').length, 2, 'the nearest one, and the stamped one');
  assert.match(
    summary,
    /^1 of 1 pieces lead to a head that a time-stamping authority stamped \(RFC 3161, timestamps\.jsonl\):$/m,
  );
  assert.match(summary, /^- the trail up to row \d+ was as it stands here at \d{4}-\d\d-\d\d [\d:]+ UTC$/m);

  writeFileSync(at('evidence.pem'), (await done('evidence', 'certificate')).split('\n\n')[0]!);
  const known = [at('one.eml'), '--certificate', at('evidence.pem')] as const;
  const checked = await away(...known, '--timestamp-authority', authority.root);
  assert.equal(checked.code, 0, checked.stderr);
  assert.match(
    checked.stdout,
    /Time stamps: +1 holds, made by the authority that was given over heads that the rows lead to; the newest of \d{4}-/,
  );
  assert.match(checked.stdout, /an anchor is at the end of each/);
  const unasked = await away(...known);
  assert.equal(unasked.code, 9);
  assert.match(unasked.stderr, /its time stamps were not checked: add --timestamp-authority PEM/);
  assert.match(
    unasked.stdout,
    /Time stamps: +1, not checked: give the authority's certificate with --timestamp-authority PEM/,
  );
  const json = JSON.parse((await away(at('one.eml'), '--json')).stdout) as { timeStamps: object };
  assert.deepEqual(json.timeStamps, { stamps: 1, checked: false });
  assert.match(
    await done('trace', '--verify', at('one.eml')),
    /Time stamps: +1 holds/,
    'with the configuration at hand',
  );
});

test('the commands that go along do with openssl what they say', async () => {
  const { parts } = await partsOf('one.eml');
  for (const name of ['timestamps.jsonl', 'anchors.jsonl']) writeFileSync(at(name), parts.get(name)!);
  copyFileSync(authority.root, at('authority.pem'));
  const text = parts.get('HOW-TO-CHECK.txt')!.toString();
  const commands = /^4\. [^]*?\n\n((?: {4}.*\n)+)/m.exec(text)?.[1] ?? '';
  assert.equal(commands.trim().split('\n').length, 5);
  const ran = spawnSync('sh', ['-e', '-c', commands], { cwd: folder, encoding: 'utf8' });
  assert.equal(ran.status, 0, ran.stderr);
  assert.match(ran.stdout, /Verification: OK/);
  assert.match(ran.stdout, /Time stamp: \w+ +\d+ [\d:.]+ \d{4} GMT/);
  writeFileSync(at('anchors.jsonl'), parts.get('anchors.jsonl')!.toString().replaceAll('"hash":"', '"hash":"0'));
  const forged = spawnSync('sh', ['-e', '-c', commands], { cwd: folder, encoding: 'utf8' });
  assert.doesNotMatch(forged.stdout, /Verification: OK/);
});

test('another authority, a changed stamp, and one over a head that the rows do not lead to are findings', async (t) => {
  const other = await startTimeAuthority(t);
  const foreign = await away(at('one.eml'), '--timestamp-authority', other.root);
  assert.equal(foreign.code, 5);
  assert.match(foreign.stderr, /Cannot use line 1 of "timestamps\.jsonl in .*one\.eml" as a time stamp: /);

  // Whoever holds the evidence key can sign anything; the stamp is not theirs.
  const { parts } = await partsOf('one.eml');
  const now = instant(Date.now() - (Date.now() % 1000));
  const keyed = { keyFolder: at('keys'), masterKey: () => Promise.resolve(randomBytes(32)), hostname: 'mx.test' };
  const key = await evidenceKey({ ...keyed, random: randomBytes }, now);
  const forge = async (name: string, changes: Readonly<Record<string, string>>): Promise<string> => {
    const content = [...parts.keys()]
      .filter((part) => part !== 'about.json')
      .map((part) => ({
        ...{ name: part, type: 'application/json' },
        text: () => [changes[part] ?? parts.get(part)!.toString()],
      }));
    const head = { hostname: 'mx.test', subject: 'Evidence of a test', made: now };
    writeFileSync(at(name), await collect(signedDocument(head, { text: 'x\n', parts: content }, key)));
    const checked = await away(at(name), '--timestamp-authority', authority.root);
    return checked.stdout + checked.stderr;
  };
  assert.match(await forge('same.eml', {}), /Time stamps: +1 holds/, 'the control');
  const stamps = parts.get('timestamps.jsonl')!.toString();
  assert.match(
    await forge('earlier.eml', { 'timestamps.jsonl': stamps.replace(/"at":"\d{4}/, '"at":"2020') }),
    /as a time stamp: it says 2020-.*, and its token /,
  );
  const [first = ''] = stampLines();
  assert.match(
    await forge('first.eml', { 'timestamps.jsonl': `${first}\n` }),
    /the anchor that it is over .* is not among those given/,
  );
  const { seq } = JSON.parse(first) as { seq: number };
  const anchors = readdirSync(anchorFolder())
    .filter((name) => name.endsWith('.jsonl'))
    .flatMap((name) => readFileSync(join(anchorFolder(), name), 'utf8').split('\n'));
  const line = anchors.find((each) => each.includes(`"seq":${seq},`)) ?? '';
  assert.match(
    await forge('beside.eml', {
      'timestamps.jsonl': `${first}\n`,
      'anchors.jsonl': `${line}\n${parts.get('anchors.jsonl')!.toString()}`,
    }),
    /it has time stamps and anchors that its rows do not lead to/,
  );
});

test('where no stamp covers the rows yet, the bundle has none and leads to the nearest anchor', async () => {
  await submit('two');
  await bundle('two');
  const { parts, summary } = await partsOf('two.eml');
  assert.equal(parts.has('timestamps.jsonl'), false);
  assert.doesNotMatch(summary, /time-stamping/);
  assert.match((await away(at('two.eml'))).stdout, /an anchor is at the end of each/);
});
