/** `sluis doctor`: connects to the listeners of the configuration and judges what they offer. */
import type { Command } from 'commander';
import { profileEnded } from '../config/listeners.ts';
import { loadConfig } from '../config/load.ts';
import type { Config } from '../config/schema.ts';
import { systemClock } from '../platform/clock.ts';
import { ProbeFailed } from '../platform/tls-probe.ts';
import { generalFindings } from './doctor-checks.ts';
import { privacyFindings } from './privacy-reminder.ts';
import { examineListener } from './doctor-listeners.ts';
import type { ListenerReport } from './doctor-report.ts';
import { CommandError, exitCodes } from './exit.ts';
import { type CommonOptions, reading } from './options.ts';
import { print, table } from './output.ts';
import type { Terminal } from './terminal.ts';

export function addDoctorCommand(terminal: Terminal, program: Command): void {
  reading(program.command('doctor'))
    .description(
      'judge the TLS of the listeners by the NCSC-NL guidelines 2025-05, the clock, backups, and the escrow of the master key',
    )
    .action(async (options: CommonOptions) => {
      const config = loadConfig(options.config);
      const reports: ListenerReport[] = [];
      // A legacy listener after its last day is closed; `check` tells of it.
      const open = config.listener.filter((listener) => !profileEnded(listener, systemClock.now()));
      for (const listener of open) reports.push(await examine(config, listener));
      const found = [
        ...(await generalFindings(config, systemClock.now())),
        ...(await privacyFindings(config, options)),
      ];
      const shown = found.map(({ severity, what }) => `${severity === 'failure' ? 'Wrong' : 'Warning'}: ${what}`);
      const reminders = shown.length === 0 ? [] : [shown.join('\n')];
      print(terminal, options, reports, () => [...reports.map(textOf), summaryOf(reports), ...reminders].join('\n\n'));
      if (reports.some(({ passed }) => !passed) || found.some(({ severity }) => severity === 'failure'))
        terminal.code = exitCodes.configuration;
      else if (reports.length === 0) terminal.code = exitCodes.unproven;
    });
}

async function examine(config: Config, listener: Config['listener'][number]): Promise<ListenerReport> {
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
