/** `sluis doctor`: connects to the listeners of the configuration and judges what they offer. */
import type { Command } from 'commander';
import { profileEnded } from '../config/listeners.ts';
import { loadConfig } from '../config/load.ts';
import type { Config } from '../config/schema.ts';
import type { DoctorFinding } from '../domain/doctor.ts';
import { generalFindings } from '../gateway/doctor-checks.ts';
import { examineListener } from '../gateway/doctor-listeners.ts';
import type { ListenerReport } from '../gateway/doctor-report.ts';
import { systemClock } from '../platform/clock.ts';
import { ProbeFailed } from '../platform/tls-probe.ts';
import { privacyFindings } from './privacy-reminder.ts';
import { CommandError, type ExitCode, exitCodes } from './exit.ts';
import { type CommonOptions, reading } from './options.ts';
import { print, table } from './output.ts';
import { portsOfGateway } from './readiness.ts';
import type { Terminal } from './terminal.ts';

export function addDoctorCommand(terminal: Terminal, program: Command): void {
  reading(program.command('doctor'))
    .description(
      'judge the TLS of the listeners by the NCSC-NL guidelines 2025-05, the clock, backups, and the escrow of the master key',
    )
    .action(async (options: CommonOptions) => {
      const config = loadConfig(options.config);
      const report = await examineAll(config, options);
      print(terminal, options, report, () => reportText(report));
      terminal.code = codeOf(report);
    });
}

/** All that `doctor` found: `--json` writes it, and the text is made of it alone. */
export interface DoctorReport {
  readonly listeners: readonly ListenerReport[];
  readonly findings: readonly DoctorFinding[];
}

type Configured = Config['listener'][number];

async function examineAll(config: Config, options: CommonOptions): Promise<DoctorReport> {
  const listeners: ListenerReport[] = [];
  // A legacy listener after its last day is closed; `check` tells of it.
  const open = config.listener.filter((listener) => !profileEnded(listener, systemClock.now()));
  const running = open.some(({ port }) => port === 0)
    ? await portsOfGateway(config, options)
    : new Map<string, number>();
  for (const listener of open)
    listeners.push(await examine(config, { ...listener, port: listener.port || (running.get(listener.name) ?? 0) }));
  const findings = [...(await generalFindings(config, systemClock.now())), ...(await privacyFindings(config, options))];
  return { listeners, findings };
}

function codeOf({ listeners, findings }: DoctorReport): ExitCode {
  if (listeners.some(({ passed }) => !passed) || findings.some(({ severity }) => severity === 'failure'))
    return exitCodes.configuration;
  return listeners.length === 0 ? exitCodes.unproven : exitCodes.done;
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

export const reportText = ({ listeners, findings }: DoctorReport): string =>
  [
    ...listeners.map(textOf),
    summaryOf(listeners),
    ...(findings.length === 0 ? [] : [findings.map(findingText).join('\n')]),
  ].join('\n\n');

const findingText = ({ severity, what }: DoctorFinding): string =>
  `${severity === 'failure' ? 'Wrong' : 'Warning'}: ${what}`;

const textOf = ({ listener, profile, until, findings, worst }: ListenerReport): string =>
  [
    `Listener ${listener}, profile ${profile}${until === undefined ? '' : ` until ${until}`}: ${worst}`,
    table(
      ['ABOUT', 'GRADE', 'WHAT'],
      findings.map(({ about, grade, what, remedy }) => [
        about,
        grade,
        remedy === undefined ? what : `${what}; ${remedy}`,
      ]),
    ),
  ].join('\n');

function summaryOf(reports: readonly ListenerReport[]): string {
  const failed = reports.filter(({ passed }) => !passed).map(({ listener }) => listener);
  const legacy = reports.filter(({ passed, worst }) => passed && worst === 'phase out');
  return [
    ...reports
      .slice(0, 1)
      .map(({ unprobed }) => `This OpenSSL cannot ask for, so nothing is said of: ${unprobed.join(', ')}.`),
    ...legacy.map(
      ({ listener, until }) => `Listener ${listener} offers what is to be phased out, until ${until ?? ''}.`,
    ),
    reports.length === 0
      ? 'No listener was examined: each has had its last day.'
      : failed.length === 0
        ? 'Every listener is sufficient or better.'
        : `Worse than sufficient: ${failed.join(', ')}. Set the profile, or replace the certificate.`,
  ].join('\n');
}
