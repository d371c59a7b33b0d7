/**
 * What `sluis doctor` does: it connects to the listeners of the configuration and judges what they
 * offer.
 */
import type { Here } from '../commands/core/row.ts';
import { hostnameOf, profileEnded } from '../config/listeners.ts';
import type { Config } from '../config/schema.ts';
import type { DoctorFinding } from '../domain/doctor.ts';
import { generalFindings } from '../gateway/doctor-checks.ts';
import { examineListener } from '../gateway/doctor-listeners.ts';
import type { ListenerReport } from '../gateway/doctor-report.ts';
import { daneFindings } from '../gateway/doctor-dane.ts';
import { scanFindings } from '../gateway/doctor-scan.ts';
import { setupFindings } from '../gateway/doctor-setup.ts';
import { systemClock } from '../platform/clock.ts';
import { ProbeFailed } from '../platform/tls-probe-connection.ts';
import { privacyFindings } from './privacy-reminder.ts';
import { CommandError } from './exit.ts';
import { newFile, withFiles } from './new-file.ts';
import { portsOfGateway } from './readiness.ts';

/** All that `doctor` found: `--json` writes it, and the text is made of it alone. */
export interface DoctorReport {
  readonly listeners: readonly ListenerReport[];
  readonly findings: readonly DoctorFinding[];
}

type Configured = Config['listener'][number];

export async function examineAll(here: Here): Promise<DoctorReport> {
  const config = here.config();
  const listeners: ListenerReport[] = [];
  // A legacy listener after its last day is closed; `check` tells of it.
  const open = config.listener.filter((listener) => !profileEnded(listener, systemClock.now()));
  const running = open.some(({ port }) => port === 0) ? await portsOfGateway(here) : new Map<string, number>();
  for (const listener of open)
    listeners.push(await examine(config, { ...listener, port: listener.port || (running.get(listener.name) ?? 0) }));
  const findings = [
    ...(await generalFindings(config, systemClock.now())),
    ...(await scanFindings(config, systemClock)),
    ...(await daneFindings(config, systemClock)),
    ...setupFindings(config),
    ...(await privacyFindings(here)),
  ];
  return { listeners, findings };
}

/**
 * Writes what was found of the listeners into a new file, with where and when it was found; where
 * it cannot be examined no file stays.
 */
export async function writeTlsReport(
  here: Here,
  path: string,
  textOf: (found: DoctorReport) => string,
): Promise<DoctorReport> {
  const file = newFile(path, 0o644);
  return await withFiles([file], async () => {
    const config = here.config();
    const found = await examineAll(here);
    const hosts = config.listener.map((one) => `${one.name.padEnd(12)}  ${hostnameOf(config, one)}`);
    const at = systemClock.now();
    const head = `TLS of ${config.hostname}, by the NCSC-NL guidelines 2025-05\nMeasured ${new Date(at).toISOString()}`;
    file.write(`${[head, ['LISTENER      HOST', ...hosts].join('\n'), textOf(found)].join('\n\n')}\n`);
    return found;
  });
}

/** A listener with port 0 has one that the gateway was given; the gateway that runs tells which. */
async function examine(config: Config, listener: Configured): Promise<ListenerReport> {
  if (listener.port === 0)
    throw new CommandError(
      'unavailable',
      `Cannot examine listener "${listener.name}": its port is 0 in the configuration, and no gateway that runs tells which one it has; start the gateway with this configuration, and try again`,
    );
  try {
    return await examineListener(config, listener);
  } catch (error) {
    if (!(error instanceof ProbeFailed)) throw error;
    throw new CommandError(
      'unavailable',
      `Cannot examine listener "${listener.name}": ${error.message}; start the gateway with this configuration, and try again`,
    );
  }
}
