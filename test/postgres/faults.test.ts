/**
 * The tests of kills of test/faults on PostgreSQL: of the gateway, and of the primary's machine
 * with it.
 */
// @beside
import { claimKillTest } from '../faults/support/claim-kills.ts';
import { killTests } from '../faults/support/kills.ts';
import { postgresFaults } from '../faults/support/postgres-engine.ts';
import { pushKillTest } from '../faults/support/push-kills.ts';
import { effort } from '../support/effort.ts';

const engine = postgresFaults();
killTests(engine, { rounds: effort(2, 20), quits: effort(1, 10) });
pushKillTest(engine, effort(1, 12));
// A gateway is started for each kill, until a mailbox is empty: too long for each merge.
if (effort(false, true)) claimKillTest(engine);
