/**
 * kill -9 while mail is pushed to a partner: nothing that was acknowledged is lost on the way, and
 * what arrives twice was being answered when the process died. On PostgreSQL:
 * test/postgres/faults.test.ts.
 */
// @beside
import { effort } from '../support/effort.ts';
import { sqliteFaults } from './support/engine.ts';
import { pushKillTest } from './support/push-kills.ts';

pushKillTest(sqliteFaults, effort(2, 20));
