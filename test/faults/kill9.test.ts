/**
 * kill -9 at any time: nothing that was acknowledged is lost, nothing is there twice, a session's
 * deletions happen wholly or not at all.
 *
 * This proves the order of things and the recovery, not the syncs: see power.test.ts for those. On
 * PostgreSQL: test/postgres/faults.test.ts.
 */
// @beside
import { effort } from '../support/effort.ts';
import { sqliteFaults } from './support/engine.ts';
import { killTests } from './support/kills.ts';

killTests(sqliteFaults, { rounds: effort(3, 30), quits: effort(2, 12) });
