/**
 * The work of `sluis doctor`: it connects to the listeners of the configuration and judges what
 * they offer.
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

/** All that `doctor` found. `--json` writes it, and the text is made from it alone. */
export interface DoctorReport {
  readonly listeners: readonly ListenerReport[];
  readonly findings: readonly DoctorFinding[];
}

type Configured = Config['listener'][number];

export async function examineAll(here: Here): Promise<DoctorReport> {
  const config = here.config();
  const listeners: ListenerReport[] = [];
  // A legacy listener is closed after its last day; `check` reports it.
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
 * Writes what was found about the listeners into a new file, with place and time. If they cannot be
 * examined, no file is left.
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

/**
 * Examines one listener. With port 0 the system chose the port, and only the running gateway can
 * tell it.
 */
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
