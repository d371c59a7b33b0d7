/** What `check` and `doctor` say about the scanner for malware. */
import type { Config } from '../config/schema.ts';
import type { DoctorFinding } from '../domain/doctor.ts';
import type { Clock } from '../domain/effects.ts';
import { days } from '../domain/units.ts';
import { type Examined, examine } from '../scan/trust.ts';
import { type ScanConfig, lineOf } from './scan.ts';

/**
 * New signatures come several times a day; if the last are older than this, nobody fetches them.
 */
const STALE = days(7);

/** Asks clamd itself; empty if nothing is scanned. */
export async function scanFindings({ scan }: Pick<Config, 'scan'>, clock: Clock): Promise<readonly DoctorFinding[]> {
  const line = lineOf(scan, clock);
  return line === undefined ? [] : findingsOf(await examine(line), scan, clock);
}

export function findingsOf(
  { standing, signatures }: Examined,
  { away, 'silent-limits': silentLimits }: Pick<ScanConfig, 'away' | 'silent-limits'>,
  clock: Clock,
): readonly DoctorFinding[] {
  const so = away === 'refuse' ? 'all mail is answered 451' : 'all mail passes unscanned';
  const found: DoctorFinding[] = [];
  if (standing.kind === 'away')
    found.push({
      id: 'scan',
      severity: 'failure',
      what: `clamd does not scan (${standing.why}), so ${so}: start it, and let the gateway reach scan.clamd`,
    });
  if (standing.kind === 'silent')
    found.push({
      id: 'scan.limits',
      severity: silentLimits === 'away' ? 'failure' : 'warning',
      what: `clamd says OK of what it does not look at (${standing.what})${silentLimits === 'away' ? `, so ${so}` : ''}: set "AlertExceedsMax yes" and MaxFileSize as large as MaxScanSize in clamd.conf, and restart it`,
    });
  if (signatures !== undefined && clock.now() - signatures > STALE)
    found.push({
      id: 'scan.signatures',
      severity: 'warning',
      what: `the signatures of clamd are of ${new Date(signatures).toISOString().slice(0, 10)}: look at freshclam, which fetches them`,
    });
  return found;
}
