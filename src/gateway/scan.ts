/** Scanning for malware in the gateway, assembled. */
import type { Config } from '../config/schema.ts';
import type { Clock, Log } from '../domain/effects.ts';
import { type Metric, counter, distribution, gauge, single } from '../http/metric.ts';
import type { ScanParts } from '../middleware/scan.ts';
import type { LineParts } from '../scan/line.ts';
import { Scanner } from '../scan/scanner.ts';

export type ScanConfig = Config['scan'];

/** Undefined where nothing is scanned. */
export const lineOf = (scan: ScanConfig, clock: Clock): LineParts | undefined =>
  scan.clamd === undefined
    ? undefined
    : {
        at: scan.clamd,
        times: { connect: scan['connect-time'], send: scan['send-time'], reply: scan['reply-time'] },
        clock,
      };

/** Undefined where nothing is scanned. */
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

/** None where nothing is scanned. */
export const scanMetrics = (scanner: Scanner | undefined): readonly Metric[] =>
  scanner === undefined
    ? []
    : [
        counter(
          'sluis_scan_verdicts_total',
          'Scans by verdict: clean, found, too-large, encrypted; or why there was none: away, slow, full, error, limits.',
          ['verdict'],
          () => scanner.verdicts.read(),
        ),
        distribution('sluis_scan_seconds', 'How long clamd took for one scan.', () => scanner.times),
        single('gauge', 'sluis_scan_waiting', 'Messages that wait for the scanner.', () => scanner.waiting),
        single('gauge', 'sluis_scan_ready', '1: clamd answers, and tells of its limits.', () =>
          scanner.examined.standing.kind === 'proven' ? 1 : 0,
        ),
        gauge('sluis_scan_signatures_timestamp_seconds', 'Of when the signatures of clamd are.', [], () => {
          const { signatures } = scanner.examined;
          return signatures === undefined ? [] : [{ value: signatures / 1000 }];
        }),
      ];
