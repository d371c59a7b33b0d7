/** The tests of kills of test/faults on PostgreSQL: of the gateway, and of the primary's machine with it. */
// @beside
import { claimKillTest } from '../faults/support/claim-kills.ts';
import { killTests } from '../faults/support/kills.ts';
import { postgresGround } from '../faults/support/postgres-ground.ts';
import { pushKillTest } from '../faults/support/push-kills.ts';
import { effort } from '../support/effort.ts';

const ground = postgresGround();
killTests(ground, { rounds: effort(2, 20), quits: effort(1, 10) });
pushKillTest(ground, effort(1, 12));
// A gateway is started for each kill, until a mailbox is empty: too long for each merge.
if (effort(false, true)) claimKillTest(ground);
