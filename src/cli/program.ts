/** The command line: one file a group of commands. */
import { type Command, CommanderError } from 'commander';
import { buildVersion } from '../platform/version.ts';
import { exitCodeOf, exitCodes, isUnexpected, messageOf } from './exit.ts';
import { groupsFor } from './groups.ts';
import { perhapsOtherVersion } from './other-version.ts';
import { type Terminal, processTerminal, shielded } from './terminal.ts';
import { Verbs } from './verbs.ts';

/** With `word`, the command of the top level that is to run, only what it needs is there; without it, every command. */
export async function buildProgram(terminal: Terminal, word?: string): Promise<Command> {
  const program = new Verbs('sluis')
    .description('A secure mail gateway for a closed user group.')
    .version(buildVersion(), '--version', 'version, and date and hash of the commit that it was built from')
    .configureOutput({ writeOut: terminal.out, writeErr: terminal.err })
    .showHelpAfterError('(add --help for what is expected)');
  const added = await Promise.all(groupsFor(word).map(({ load }) => load()));
  for (const add of added) add(terminal, program);
  return program;
}

/** Runs one command; answers the exit code. */
export async function runCommandLine(argv: readonly string[], own: Terminal = processTerminal()): Promise<number> {
  const terminal = shielded(own);
  const program = await buildProgram(terminal, argv[0]);
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
