/**
 * What doctor looks at besides the listeners: the clock, the escrow of the master key, the form of
 * the database, certificates that nobody renewed, backups. The running gateway makes the same
 * checks.
 */
import type { Config } from '../config/schema.ts';
import { readMasterKey } from '../config/master-key.ts';
import { formatDuration } from '../config/units.ts';
import { readEscrow } from '../crypto/keys/escrow-record.ts';
import { keyFingerprint } from '../crypto/keys/key-fingerprint.ts';
import type { DoctorFinding } from '../domain/doctor.ts';
import { escrowReminder } from '../domain/escrow.ts';
import { type Instant, type Milliseconds } from '../domain/units.ts';
import { type Ask, type ClockSync, clockSync } from '../platform/clock-sync.ts';
import { backupWarnings } from './backup-warnings.ts';
import { renewalFindings } from './renewal-findings.ts';
import { storeFindings } from './store-finding.ts';

export async function generalFindings(config: Config, now: Instant, run?: Ask): Promise<readonly DoctorFinding[]> {
  const reminder = escrowReminder(readEscrow(config.keys.folder), keyFingerprint(await readMasterKey(config)), now);
  const backups = await backupWarnings(config, now);
  return [
    ...clockFindings(await clockSync(run), config.doctor['max-offset']),
    ...(reminder === undefined ? [] : [warning('escrow', reminder)]),
    ...storeFindings(config.data.folder),
    ...renewalFindings(config, now),
    ...backups.map((what, i) => warning(`backup.${i + 1}`, what)),
  ];
}

const warning = (id: string, what: string): DoctorFinding => ({ id, severity: 'warning', what });

/**
 * NEN 7510 wants the same time on all systems, so that the trails of two systems can be compared.
 */
export function clockFindings(sync: ClockSync, most: Milliseconds): readonly DoctorFinding[] {
  if (sync.kind === 'unknown')
    return [
      warning(
        'clock',
        'nobody can tell whether the clock is kept by a time server: run chrony or systemd-timesyncd here',
      ),
    ];
  if (sync.kind === 'free')
    return [
      {
        id: 'clock',
        severity: 'failure',
        what: `the clock is not kept by a time server, says ${sync.by}: look at its sources ("chronyc sources", "timedatectl timesync-status")`,
      },
    ];
  const { offset = 0 } = sync;
  if (Math.abs(offset) * 1000 <= most) return [];
  const direction = offset > 0 ? 'ahead' : 'behind';
  return [
    {
      id: 'clock',
      severity: 'failure',
      what: `the clock is ${Math.abs(offset).toFixed(3)} s ${direction}, more than ${formatDuration(most)}, says ${sync.by}: wait until it is slewed, or step it ("chronyc makestep") with the gateway stopped`,
    },
  ];
}
