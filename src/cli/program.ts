/** The command line: one file a group of commands. */
import { Command, CommanderError } from 'commander';
import { addAccountCommands } from './account.ts';
import { addAddressCommands } from './address.ts';
import { addCheckCommand } from './check.ts';
import { addDevCommand } from './dev.ts';
import { exitCodeOf, exitCodes, messageOf } from './exit.ts';
import { addInitCommand } from './init.ts';
import { addOrganisationCommands } from './organisation.ts';
import { addServeCommands } from './serve.ts';

export function buildProgram(): Command {
  const program = new Command('sluis')
    .description('A secure mail gateway for a closed user group.')
    .exitOverride()
    .showHelpAfterError('(add --help for what is expected)');
  addInitCommand(program);
  addCheckCommand(program);
  addServeCommands(program);
  addOrganisationCommands(program);
  addAccountCommands(program);
  addAddressCommands(program);
  addDevCommand(program);
  return program;
}

/** Runs one command and sets the exit code of the process. */
export async function runCommandLine(argv: readonly string[]): Promise<void> {
  const program = buildProgram();
  // Subcommands copy these at their making only in part: each must hand its errors back instead of ending the process.
  const inherit = (command: Command): void => {
    command.exitOverride();
    command.commands.forEach(inherit);
  };
  inherit(program);
  try {
    await program.parseAsync(argv);
  } catch (error) {
    if (error instanceof CommanderError) {
      process.exitCode = error.exitCode === 0 ? exitCodes.done : exitCodes.usage;
      return;
    }
    process.stderr.write(`${messageOf(error)}\n`);
    process.exitCode = exitCodeOf(error);
  }
}
