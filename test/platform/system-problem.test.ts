import assert from 'node:assert/strict';
import { mkdirSync, openSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { exitCodeOf, exitCodes, messageOf } from '../../src/cli/exit.ts';
import { systemProblem } from '../../src/platform/system-problem.ts';
import { StoreRefused } from '../../src/store/store.ts';
import { createStoreAt, openStoreAt, testOptions } from '../support/store.ts';

const refused = (code: string, path?: string): Error =>
  Object.assign(new Error(`${code}: no`), { code, syscall: 'open', ...(path === undefined ? {} : { path }) });

test('what the machine refuses is one line with its remedy, and no stack trace', () => {
  for (const code of [
    'EROFS',
    'EMFILE',
    'ENFILE',
    'ENOSPC',
    'EDQUOT',
    'EACCES',
    'EPERM',
    'ENOENT',
    'ENOTDIR',
    'EISDIR',
    'EIO',
  ]) {
    const text = messageOf(refused(code, '/srv/sluis/x'));
    assert.match(text, new RegExp(`^Cannot open "/srv/sluis/x": [^\\n]+ \\(${code}\\); [^\\n]+$`), code);
    assert.equal(exitCodeOf(refused(code)), exitCodes.unavailable);
  }
  for (const code of ['SQLITE_READONLY_DBMOVED', 'SQLITE_CANTOPEN', 'SQLITE_FULL', 'SQLITE_IOERR_FSYNC'])
    assert.match(messageOf(Object.assign(new Error('no'), { code })), /^Cannot use the database: [^\n]+$/, code);
  try {
    openSync('/nonexistent/x', 'r');
  } catch (error) {
    assert.match(systemProblem(error) ?? '', /^Cannot open "\/nonexistent\/x": it does not exist \(ENOENT\); /);
  }
});

test('a bug keeps its stack trace, also one with a code', () => {
  assert.match(messageOf(new TypeError('x is not a function')), /\n {4}at /);
  assert.match(messageOf(Object.assign(new Error('no'), { code: 'ERR_MODULE_NOT_FOUND' })), /\n {4}at /);
  assert.match(messageOf(Object.assign(new Error('no'), { code: 'toString', syscall: 'open' })), /\n {4}at /);
});

test('a data folder that cannot be locked for want of a right is a store that cannot be opened', async (t) => {
  const options = testOptions(t);
  await createStoreAt(options);
  rmSync(join(options.dataFolder, 'lock'));
  mkdirSync(join(options.dataFolder, 'lock'));
  await assert.rejects(openStoreAt(options), (error) => {
    assert.ok(error instanceof StoreRefused && !error.held);
    assert.match(error.message, /^Cannot open ".*lock": it is a folder \(EISDIR\)/);
    assert.equal(exitCodeOf(error), exitCodes.store);
    return true;
  });
});
