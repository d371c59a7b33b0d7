/**
 * Code 1 means a bug: whatever can be expected ends with another one, here and where the gateway
 * answers over its socket.
 */
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { AdminError } from '../../src/admin/error.ts';
import { knownRefusal } from '../../src/admin/known-refusal.ts';
import { AuthorityError } from '../../src/auth/authorities.ts';
import { BackupRefused } from '../../src/backup/refused.ts';
import { exitCodeOf, isUnexpected } from '../../src/cli/exit.ts';
import { ConfigError } from '../../src/config/problem.ts';
import { KeyFolderRefused } from '../../src/crypto/keys/key-folder-refused.ts';
import { SealBroken } from '../../src/crypto/keys/sealing.ts';
import { Unusable } from '../../src/domain/unusable.ts';
import { TlsMaterialError } from '../../src/platform/tls.ts';
import { RegistryError } from '../../src/store/registry.ts';
import { ContentDamaged, StoreFailed, StoreFull, StoreRefused, StoreUnavailable } from '../../src/store/store.ts';

const system = (code: string): Error => Object.assign(new Error(code), { code, syscall: 'open', path: '/somewhere' });

test('what can be expected has a code of its own, and none is taken for a bug', () => {
  const expected: readonly (readonly [number, Error])[] = [
    [5, new ConfigError('sluis.toml', [])],
    [5, new TlsMaterialError('no certificate')],
    [5, new AuthorityError('no authority')],
    [5, new KeyFolderRefused('no day key')],
    [5, new Unusable('no key of the trail')],
    [5, new SealBroken('changed')],
    [5, new ContentDamaged('changed')],
    [5, new BackupRefused('unusable', 'damaged')],
    [7, new BackupRefused('unavailable', 'full')],
    [4, new RegistryError('exists', 'twice')],
    [6, new StoreFull('full')],
    [6, new StoreFailed('failed')],
    [7, new StoreUnavailable('away')],
    [6, new StoreRefused('no')],
    [7, new StoreRefused('held', { held: true })],
    ...['ENOSPC', 'EROFS', 'EMFILE', 'EACCES', 'EIO'].map((code) => [7, system(code)] as const),
  ];
  for (const [code, error] of expected) {
    assert.equal(exitCodeOf(error), code, error.name);
    assert.equal(isUnexpected(error), false, error.name);
    // As the gateway tells the command of it.
    const known = error instanceof StoreRefused ? undefined : knownRefusal(error);
    if (known !== undefined) assert.equal(exitCodeOf(new AdminError(known.kind, known.message)), code, error.name);
  }
  assert.equal(exitCodeOf(new TypeError('a bug')), 1);
  assert.equal(isUnexpected(new TypeError('a bug')), true);
  assert.equal(knownRefusal(new TypeError('a bug')), undefined);
  assert.equal(exitCodeOf(new AdminError('later' as 'failed', 'a kind of a later gateway')), 1);
});

/**
 * Nothing of these can be expected: the gateway sent what none sends, or the connection to it was
 * lost.
 */
const BUGS = [
  ...['admin/client.ts', 'admin/socket.ts'],
  ...['commands/organisation/export-folder.ts', 'commands/statement/write.ts'],
];

test('no command ends with 1 by its own choice', () => {
  const src = fileURLToPath(new URL('../../src', import.meta.url));
  const files = ['admin', 'backup', 'cli', 'commands'].flatMap((folder) =>
    readdirSync(join(src, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => `${folder}/${name}`),
  );
  assert.ok(files.length > 100);
  const chosen = /(?:CommandError|AdminError|BackupRefused)\(\s*'failed'|\? *'[a-z]+' *: 'failed',|code = 1\b/;
  assert.deepEqual(files.filter((file) => chosen.test(readFileSync(join(src, file), 'utf8'))).sort(), BUGS);
});
