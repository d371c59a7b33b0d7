/** Assembles the scan for malware. */
import type { AdminContext } from '../admin/context.ts';
import type { Config } from '../config/schema.ts';
import type { Clock, Log } from '../domain/effects.ts';
import { type Metric, counter, distribution, gauge, single } from '../http/metric.ts';
import type { ScanParts } from '../scan/step.ts';
import { rulingOf } from '../scan/rules.ts';
import type { LineParts } from '../scan/line.ts';
import { Scanner } from '../scan/scanner.ts';
import type { AuditTrail } from '../store/port/audit.ts';

export type ScanConfig = Config['scan'];

/** How to reach the scanner; undefined if nothing is scanned. */
export const lineOf = (scan: ScanConfig, clock: Clock): LineParts | undefined =>
  scan.clamd === undefined
    ? undefined
    : {
        at: scan.clamd,
        times: { connect: scan['connect-time'], send: scan['send-time'], reply: scan['reply-time'] },
        clock,
      };

/** The scanner; undefined if nothing is scanned. */
export function gatewayScanner({ scan }: Pick<Config, 'scan'>, clock: Clock, log: Log): Scanner | undefined {
  const line = lineOf(scan, clock);
  if (line === undefined) return undefined;
  const { scans, 'wait-time': wait, 'silent-limits': silentLimits } = scan;
  return new Scanner({ ...line, log, scans, wait, silentLimits });
}

export const policyOf = ({ away, encrypted, 'too-large': tooLarge }: ScanConfig): ScanParts['policy'] => ({
  away,
  encrypted,
  tooLarge,
});

/**
 * Scans mail that is taken over from another server (decision 1973). A message with malware stays
 * there, and the list of what was not taken names it; the account still gets all its other mail.
 * Nobody can be asked to send old mail again without encryption, so encrypted mail is taken with a
 * mark.
 */
export const importScan =
  (
    scanner: Pick<Scanner, 'scan'>,
    scan: ScanConfig,
    audit: Pick<AuditTrail, 'note'>,
    log: Log,
  ): NonNullable<AdminContext['scanImported']> =>
  async (body, account, uidl) => {
    const verdict = await scanner.scan({ slices: () => body.slices() }, account);
    const ruling = rulingOf(verdict, { ...policyOf(scan), encrypted: 'pass' });
    if (ruling.kind === 'clean') return { kind: 'taken', fact: 'clean' };
    const about = { account, uidl, where: 'imported' } as const;
    if (ruling.kind === 'found') {
      log.warn('scan.found', { ...about, signature: ruling.name });
      const facts = { signature: ruling.name, where: 'imported', uidl };
      audit.note({ event: 'scan.found', outcome: 'failure', account, facts });
      return { kind: 'refused', why: `it holds malware (${ruling.name})` };
    }
    log.warn(ruling.kind === 'marked' ? 'scan.marked' : 'scan.refused', {
      ...about,
      mark: ruling.mark,
      why: ruling.why,
    });
    if (ruling.kind === 'marked') return { kind: 'taken', fact: ruling.mark };
    return ruling.mark === 'unscanned'
      ? { kind: 'away', why: ruling.why }
      : { kind: 'refused', why: `it holds too much to be scanned for malware (${ruling.why})` };
  };

/** Metrics of the malware scan; none if nothing is scanned. */
export const scanMetrics = (scanner: Scanner | undefined): readonly Metric[] =>
  scanner === undefined
    ? []
    : [
        counter(
          'sluis_scan_verdicts_total',
          'Scans by verdict: clean, found, too-large, encrypted; or why there was none: away, slow, full, error, limits, exempt.',
          ['verdict'],
          () => scanner.verdicts.read(),
        ),
        distribution('sluis_scan_seconds', 'How long clamd took for one scan.', () => scanner.times),
        single('gauge', 'sluis_scan_waiting', 'Messages that wait for the scanner.', () => scanner.waiting),
        single('gauge', 'sluis_scan_ready', '1: clamd answers, and has shown that it tells of its limits.', () =>
          scanner.examined.standing.kind === 'proven' ? 1 : 0,
        ),
        gauge('sluis_scan_signatures_timestamp_seconds', 'Of when the signatures of clamd are.', [], () => {
          const { signatures } = scanner.examined;
          return signatures === undefined ? [] : [{ value: signatures / 1000 }];
        }),
      ];
