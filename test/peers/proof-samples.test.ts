/**
 * The samples of all that proves something are what docs/formats.md says, by our own commands and
 * by openssl: whoever writes a program for them begins here.
 */
// @beside
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { before, after, test } from 'node:test';
import { sluisHere } from '../support/command-line.ts';
import { makeProofSamples } from '../support/proof-samples.ts';
import { run } from './run.ts';

const folder = mkdtempSync(join(tmpdir(), 'sluis-proofs-'));
const ends: (() => Promise<void> | void)[] = [];
before(async () => await makeProofSamples(folder, { after: (end) => void ends.push(end) }));
after(async () => {
  for (const end of ends) await end();
  rmSync(folder, { recursive: true, force: true });
});

const at = (...names: string[]): string => join(folder, ...names);
const linesOf = (text: string | Buffer): readonly string[] => text.toString().trimEnd().split('\n');

async function verified(file: string, anchors: string, key: string, ...more: string[]): Promise<string> {
  const files = ['--anchors', anchors, '--key', key, ...more];
  const ran = await sluisHere(['audit', 'verify', file, ...files, '--config', at('none.toml')]);
  assert.equal(ran.code, 0, ran.stderr);
  return ran.stdout;
}

test('both trails hold, with the anchors and their time stamps', async () => {
  const authority = ['--timestamp-authority', at('keys', 'authority.pem')];
  for (const name of ['export.jsonl', 'bare.jsonl'])
    assert.match(
      await verified(at('trail', name), at('anchors'), at('keys', 'anchor.pem'), ...authority),
      /chain holds/,
    );
  const told = await verified(at('lanes', 'export.jsonl'), at('lanes', 'anchors.jsonl'), at('lanes', 'anchor.pem'));
  assert.match(told, /16 rows of mail\.example\.nl in 3 pieces, .*the chain holds in each, and an anchor/);
});

test('openssl says yes to bundle, statement and both reports of drills', async () => {
  const key = at('keys', 'anchor.pem');
  for (const file of [at('evidence', 'bundle.eml'), at('statement', 'statement.eml')])
    await run('openssl', ['cms', '-verify', '-in', file, '-CAfile', at('keys', 'evidence.pem'), '-out', '/dev/null'], {
      home: folder,
    });
  const reports = readdirSync(at('drills')).filter((name) => name.endsWith('.json'));
  assert.deepEqual(reports.map((name) => name.slice(0, 4)).sort(), ['dril', 'site']);
  for (const name of reports) {
    const files = ['-in', at('drills', name), '-sigfile', at('drills', `${name}.sig`)];
    await run('openssl', ['pkeyutl', '-verify', '-pubin', '-inkey', key, '-rawin', ...files], { home: folder });
    const text = readFileSync(at('drills', name), 'utf8');
    const end = text.indexOf('  "sha256": ');
    assert.equal(
      text.slice(end),
      `  "sha256": "${createHash('sha256').update(text.slice(0, end)).digest('hex')}"\n}\n`,
    );
  }
});

test('the bundle has rows that are not told, and the folder of the statement has what about.json tells, and no more', async () => {
  const bundle = await sluisHere([
    'trace',
    '--verify',
    at('evidence', 'bundle.eml'),
    '--certificate',
    at('keys', 'evidence.pem'),
    '--timestamp-authority',
    at('keys', 'authority.pem'),
    '--config',
    at('none.toml'),
  ]);
  assert.match(bundle.stdout, /Signature: +holds/, bundle.stderr);
  assert.match(bundle.stdout, /[1-9]\d* between them not told/);
  assert.match(bundle.stdout, /Time stamps: +1/);
  const about = JSON.parse(readFileSync(at('statement', 'about.json'), 'utf8')) as {
    parts: { name: string; sha256: string }[];
  };
  for (const { name, sha256 } of about.parts)
    assert.equal(
      createHash('sha256')
        .update(readFileSync(at('statement', name)))
        .digest('hex'),
      sha256,
      name,
    );
  const expected = [...about.parts.map(({ name }) => name), 'about.json', 'certificates', 'statement.eml'];
  assert.deepEqual(readdirSync(at('statement')).sort(), expected.sort());
});

test('lines are written as the page says', () => {
  for (const names of [
    ['trail', 'export.jsonl'],
    ['lanes', 'export.jsonl'],
    ['lanes', 'anchors.jsonl'],
  ])
    for (const line of linesOf(readFileSync(at(...names)))) assert.equal(JSON.stringify(JSON.parse(line)), line);
});
