/**
 * What a commit is worth rests on how a server answers, warns and ends connections, which its
 * makers may change from one version to the next. So the tests of that run on Debian's 17 as well,
 * and before a release those of every statement; everything else runs on npm's 18, and all of it on
 * either with `SLUIS_PGBIN`.
 */
// @beside
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { effort } from '../support/effort.ts';
import { present } from '../support/require.ts';

const DEBIAN = '/usr/lib/postgresql/17/bin';
const skip = present("PostgreSQL 17 of Debian's", existsSync(join(DEBIAN, 'postgres')), 'install postgresql-17');

const ESSENTIAL = ['../store/postgres-session', './guard'];
const ALL = [
  ...['./contract-endings', './contract-mail', './contract-registry', './contract-store'],
  ...['./claims', './filing', './filing-unknown', './lease-locks', './long-commit', './mistakes', './trail'],
];

const load = createRequire(import.meta.url);
if (skip !== false) test('the tests of connections on PostgreSQL 17', { skip });
else {
  process.env.SLUIS_PGBIN = DEBIAN;
  for (const name of effort(ESSENTIAL, [...ESSENTIAL, ...ALL]))
    describe(`${name.slice(name.lastIndexOf('/') + 1)} on PostgreSQL 17`, () => {
      // At once: what stands behind an await would belong to no suite, nor would its hooks.
      load(`${name}.test.ts`);
    });
}
