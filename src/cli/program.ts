/** The command line: one file a group of commands. */
import { type Command, CommanderError } from 'commander';
import { addAccountCommands } from './account.ts';
import { addAddressCommands } from './address.ts';
import { addApproveCommand } from './approve.ts';
import { addAuditCommands } from './audit.ts';
import { addBackupCommands } from './backup.ts';
import { addPrivacyCommands } from './privacy.ts';
import { addEvidenceCommands } from './evidence.ts';
import { addCaCommands } from './ca.ts';
import { addCertCommands } from './cert.ts';
import { addCheckCommand } from './check.ts';
import { addDevCommand } from './dev.ts';
import { addDoctorCommand } from './doctor.ts';
import { exitCodeOf, exitCodes, isUnexpected, messageOf } from './exit.ts';
import { addDrillCommands } from './drill.ts';
import { addInitCommand } from './init.ts';
import { perhapsOtherVersion } from './other-version.ts';
import { addKeyGroup } from './key.ts';
import { addMailboxCommands } from './mailbox.ts';
import { addNoticeCommands } from './notice.ts';
import { addOperatorCommands } from './operator.ts';
import { addOrganisationCommands } from './organisation.ts';
import { addPartnerCommands } from './partner.ts';
import { addPgpCommands } from './pgp.ts';
import { addQueueCommands } from './queue.ts';
import { addRestoreCommand } from './restore.ts';
import { addServeCommands } from './serve.ts';
import { addReportCommands } from './report.ts';
import { addSessionCommands } from './session.ts';
import { addSmimeCommands } from './smime.ts';
import { addTraceCommands } from './trace.ts';
import { type Terminal, processTerminal, shielded } from './terminal.ts';
import { Verbs } from './verbs.ts';

export function buildProgram(terminal: Terminal): Command {
  const program = new Verbs('sluis')
    .description('A secure mail gateway for a closed user group.')
    .configureOutput({ writeOut: terminal.out, writeErr: terminal.err })
    .showHelpAfterError('(add --help for what is expected)');
  addInitCommand(terminal, program);
  addCheckCommand(terminal, program);
  addServeCommands(terminal, program);
  addOrganisationCommands(terminal, program);
  addAccountCommands(terminal, program);
  addAddressCommands(terminal, program);
  addPartnerCommands(terminal, program);
  addSessionCommands(terminal, program);
  addNoticeCommands(terminal, program);
  addReportCommands(terminal, program);
  addMailboxCommands(terminal, program);
  addQueueCommands(terminal, program);
  addTraceCommands(terminal, program);
  addAuditCommands(terminal, program);
  addKeyGroup(terminal, program);
  addOperatorCommands(terminal, program);
  addApproveCommand(terminal, program);
  addBackupCommands(terminal, program);
  addRestoreCommand(terminal, program);
  addEvidenceCommands(terminal, program);
  addPrivacyCommands(terminal, program);
  addDrillCommands(terminal, program);
  addCaCommands(terminal, program);
  addCertCommands(terminal, program);
  addSmimeCommands(terminal, program);
  addPgpCommands(terminal, program);
  addDoctorCommand(terminal, program);
  addDevCommand(terminal, program);
  return program;
}

/** Runs one command; answers the exit code. */
export async function runCommandLine(argv: readonly string[], own: Terminal = processTerminal()): Promise<number> {
  const terminal = shielded(own);
  const program = buildProgram(terminal);
  // Each subcommand must hand its errors back instead of ending the process.
  const inherit = (command: Command): void => {
    command.exitOverride();
    command.commands.forEach(inherit);
  };
  inherit(program);
  let run: Command | undefined;
  program.hook('preAction', (_, command) => {
    run = command;
  });
  try {
    await program.parseAsync(argv, { from: 'user' });
    return terminal.code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.done : exitCodes.usage;
    const told =
      run !== undefined && error instanceof Error && isUnexpected(error)
        ? await perhapsOtherVersion(run, error)
        : error;
    terminal.err(`${messageOf(told)}\n`);
    return exitCodeOf(told);
  }
}
