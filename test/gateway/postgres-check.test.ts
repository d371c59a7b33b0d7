import assert from 'node:assert/strict';
import test from 'node:test';
import { judged } from '../../src/gateway/postgres-check.ts';

/**
 * In the order of what is asked: version, its number, checksums, powers, sees the standbys, owns,
 * TLS, may create, a store is there, lists the log.
 */
const WELL = ['17.6 (Debian 17.6-1)', '170006', 'on', false, true, false, 'TLSv1.3', false, true, true] as const;
const report = { server: 'db1.example.nl:5432' };
const warningsOf = (at: number, value: unknown): readonly string[] =>
  judged(
    report,
    WELL.map((one, i) => (i === at ? value : one)),
    'sluis',
  ).warnings;

test('judged() finds nothing to say of a server that is as it should be', () => {
  assert.deepEqual(judged(report, WELL, 'sluis'), {
    report: { server: 'db1.example.nl:5432', version: '17.6', tls: 'TLSv1.3' },
    warnings: [],
  });
});

test('judged() warns of each thing that is not as it should be, with what to do', () => {
  const found: readonly (readonly [at: number, value: unknown, warning: RegExp])[] = [
    [1, '190000', /version 19, newer than 18/],
    [2, 'off', /no checksums of its pages.*pg_checksums --enable/],
    [3, true, /"sluis" may more than it needs.*sluis init --postgres/],
    [4, false, /may not see the standbys.*GRANT pg_read_all_stats TO "sluis"/],
    [5, true, /may make and drop tables.*sluis init --postgres/],
    [7, true, /may make and drop tables/],
    [8, false, /no store in the database.*sluis init --postgres/],
    [9, false, /may not list the files of the log.*GRANT EXECUTE ON FUNCTION pg_catalog\.pg_ls_waldir\(\) TO "sluis"/],
  ];
  for (const [at, value, warning] of found) {
    const warnings = warningsOf(at, value);
    assert.equal(warnings.length, 1, `${at}`);
    assert.match(warnings[0] ?? '', warning);
  }
});
