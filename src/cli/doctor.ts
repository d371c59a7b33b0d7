/** `sluis doctor`: connects to the listeners of the configuration and judges what they offer. */
import type { Command } from 'commander';
import { hostnameOf, profileEnded } from '../config/listeners.ts';
import { loadConfig } from '../config/load.ts';
import type { Config } from '../config/schema.ts';
import { systemClock } from '../platform/clock.ts';
import { ProbeFailed, type ProbeTarget, probeTls } from '../platform/tls-probe.ts';
import { backupWarnings } from './backup-warnings.ts';
import { type ListenerReport, judgeOffer } from './doctor-report.ts';
import { CommandError, exitCodes } from './exit.ts';
import { type CommonOptions, reading } from './options.ts';
import { print, table } from './output.ts';
import type { Terminal } from './terminal.ts';

export function addDoctorCommand(terminal: Terminal, program: Command): void {
  reading(program.command('doctor'))
    .description('connect to the listeners and judge their TLS against the NCSC-NL guidelines 2025-05')
    .action(async (options: CommonOptions) => {
      const config = loadConfig(options.config);
      const reports: ListenerReport[] = [];
      // A legacy listener after its last day is closed; `check` tells of it.
      const open = config.listener.filter((listener) => !profileEnded(listener, systemClock.now()));
      for (const listener of open) reports.push(await examine(config, listener));
      const warnings = await backupWarnings(config, systemClock.now());
      const reminders = warnings.length === 0 ? [] : [warnings.map((w) => `Warning: ${w}`).join('\n')];
      print(terminal, options, reports, () => [...reports.map(textOf), summaryOf(reports), ...reminders].join('\n\n'));
      if (reports.some(({ passed }) => !passed)) terminal.code = exitCodes.configuration;
    });
}

async function examine(config: Config, listener: Config['listener'][number]): Promise<ListenerReport> {
  const { name, profile, 'profile-until': until } = listener;
  const hostname = hostnameOf(config, listener);
  try {
    const offer = await probeTls(targetOf(hostname, listener));
    return judgeOffer(offer, { listener: name, profile, until, hostname, now: systemClock.now() });
  } catch (error) {
    if (!(error instanceof ProbeFailed)) throw error;
    throw new CommandError(
      'unavailable',
      `Cannot examine listener "${name}": ${error.message}; start the gateway with this configuration, and try again`,
    );
  }
}

/** An address that stands for every one of this machine is reached at its loopback. */
const targetOf = (servername: string, { protocol, tls, address, port }: Config['listener'][number]): ProbeTarget => ({
  protocol,
  tls,
  host: address === '0.0.0.0' ? '127.0.0.1' : address === '::' ? '::1' : address,
  port,
  servername,
});

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
    `This OpenSSL cannot ask for, so nothing is said of: ${(reports[0]?.unprobed ?? []).join(', ')}.`,
    ...legacy.map(
      ({ listener, until }) => `Listener ${listener} offers what is to be phased out, until ${until ?? ''}.`,
    ),
    failed.length === 0
      ? 'Every listener is sufficient or better.'
      : `Worse than sufficient: ${failed.join(', ')}. Set the profile, or replace the certificate.`,
  ].join('\n');
}
