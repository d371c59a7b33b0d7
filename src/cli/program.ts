/** The command line: one file a group of commands. */
import { Command, CommanderError } from 'commander';
import { connectControl } from '../admin/client.ts';
import { notUnderstood } from '../admin/control-protocol.ts';
import { controlSocketOf, loadConfig } from '../config/load.ts';
import { nearest } from '../domain/nearest.ts';
import { buildVersion } from '../platform/version.ts';
import { CommandError, exitCodeOf, exitCodes, isUnexpected, messageOf } from './exit.ts';
import { groupsFor } from './groups.ts';
import { type CommonOptions, callerOf } from './options.ts';
import { type Terminal, processTerminal, shielded } from './terminal.ts';

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
    const shown =
      run !== undefined && error instanceof Error && isUnexpected(error)
        ? await perhapsOtherVersion(run, error)
        : error;
    terminal.err(`${messageOf(shown)}\n`);
    return exitCodeOf(shown);
  }
}

/**
 * The commands, and what is said to somebody who mistypes one. A suggestion is one key press from being run, so only commands that read are
 * suggested: `mailbox delete` is not answered with `reset`.
 */
class Verbs extends Command {
  constructor(name?: string) {
    super(name);
    // Offers any command that is spelled alike.
    this.showSuggestionAfterError(false);
  }

  override createCommand(name?: string): Command {
    return new Verbs(name);
  }

  /** Called by commander where no command has the name. */
  unknownCommand(): void {
    const [word = ''] = this.args;
    const offered = this.commands.filter(reads).map((command) => command.name());
    const near = nearest(word, offered);
    const hint = near === undefined ? '' : `\n(Did you mean ${near}?)`;
    this.error(`error: unknown command '${word}'${hint}`, { code: 'commander.unknownCommand' });
  }
}

/**
 * Whether running it changes nothing: it takes `--json` and no `--reason`, which whatever changes takes (options.ts); or it is a group of which
 * no command is run by its name alone.
 */
function reads(command: Command): boolean {
  if (command.commands.length > 0) return typeof Reflect.get(command, '_defaultCommandName') !== 'string';
  const options = new Set(command.options.map(({ long }) => long));
  return options.has('--json') && !options.has('--reason');
}

/**
 * Where a command ends in an error that nobody expected, and the running gateway is of another version, the person has to know that: the number in
 * admin/control-protocol.ts is raised by hand, and may have been forgotten. Answers the error itself where no gateway of another version runs, or none
 * can be asked.
 */
async function perhapsOtherVersion(command: Command, error: Error): Promise<Error> {
  const options = command.opts<Partial<CommonOptions>>();
  if (options.config === undefined) return error;
  let other: string | undefined;
  try {
    const client = await connectControl(
      controlSocketOf(loadConfig(options.config)),
      callerOf({ ...options, config: '' }),
    );
    if (client === undefined) return error;
    await client.call('gateway.status', {}).finally(() => client.close());
    other = client.otherVersion?.();
  } catch {
    return error;
  }
  if (other === undefined) return error;
  const words = [command.parent?.name(), command.name()].filter((word) => word !== undefined && word !== 'sluis');
  const { message } = notUnderstood(words.join(' '), other, buildVersion());
  return new CommandError('unavailable', `${message} (what it came to: ${error.message})`);
}
