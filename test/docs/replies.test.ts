/**
 * docs/replies.md tells of every reply, and codes stay what they were unless CHANGELOG.md says so.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { writeContents } from '../../src/pages/contents.ts';
import { pop3Rows, repliesNow, smtpRows, writeLock, writeReplies } from '../../src/pages/replies.ts';
import { sourceFiles, sourceText } from '../support/source-files.ts';

const root = join(import.meta.dirname, '..', '..');
const read = (...path: string[]): string => readFileSync(join(root, ...path), 'utf8');
const sources = sourceFiles().map((file) => ({ name: file.slice('src/'.length), text: sourceText(file) }));

test('docs/replies.md is what the tables say (npm run docs)', () => {
  assert.equal(read('docs', 'replies.md'), writeContents(writeReplies()));
});

test('every table that replies are made of stands in the page', () => {
  const page = read('src', 'pages', 'replies.ts');
  const tables = sources.flatMap(({ text }) =>
    [...text.matchAll(/= refusing\((\w+)\)/g)].map(([, table = '']) => table),
  );
  assert.ok(tables.length >= 12, tables.join(' '));
  assert.deepEqual(
    tables.filter((table) => !page.includes(table)),
    [],
  );
});

test('no reply is made beside the tables', () => {
  // The types hold it; a cast would not be seen by them.
  const allowed = ['domain/refusal.ts', 'pop3/replies.ts'];
  const casts = sources.filter(
    ({ name, text }) => !allowed.includes(name) && /\bas (?:unknown as )?(?:Refusal|Trouble)\b/.test(text),
  );
  assert.deepEqual(
    casts.map(({ name }) => name),
    [],
  );
  const byHand = sources.filter(
    ({ name, text }) => name !== 'pop3/response.ts' && /-ERR [^ft}]*['`]/.test(text) && name.startsWith('pop3/'),
  );
  assert.deepEqual(
    byHand.map(({ name }) => name),
    [],
  );
});

test('names are unique, causes are sentences, and whatever is refused has a remedy', () => {
  for (const rows of [smtpRows, pop3Rows]) {
    const names = rows.map(([name]) => name);
    assert.equal(new Set(names).size, names.length, String(names.filter((name, i) => names.indexOf(name) !== i)));
  }
  for (const [name, { cause }] of [...smtpRows, ...pop3Rows]) assert.match(cause, /^[A-Z*][^|]{5,}\.$/, name);
  for (const [name, { text, remedy }] of smtpRows) assert.ok(remedy !== undefined || text.includes('; '), name);
});

test('a code that changed and a reply that is gone are named in CHANGELOG.md', () => {
  const lock = read('test', 'golden', 'replies.txt');
  assert.equal(lock, writeLock(lock), 'new replies are locked by npm run docs');
  const now = new Set(repliesNow());
  const news = read('CHANGELOG.md').split(/^## /m)[1] ?? '';
  const gone = lock.split('\n').filter((line) => line !== '' && !now.has(line));
  assert.deepEqual(
    gone.filter((line) => !news.includes(`\`${line.split(' ')[1] ?? ''}\``)),
    [],
  );
});

test('the lock keeps what was there, and takes what is new', () => {
  const kept = writeLock('smtp goneForEver 550 5.9.9\n').split('\n');
  assert.ok(kept.includes('smtp goneForEver 550 5.9.9') && kept.includes('pop3 inUse IN-USE'));
});
