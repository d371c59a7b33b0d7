/** The command line: one file a group of commands. */
import { Command, CommanderError, type Help } from 'commander';
import { nearest } from '../domain/nearest.ts';
import { buildVersion } from '../platform/version.ts';
import { exitCodeOf, exitCodes, isUnexpected, messageOf, refusal } from './exit.ts';
import { groupsFor, summaries } from './groups.ts';
import { onlyReads } from './options.ts';
import { type Terminal, processTerminal, shielded } from './terminal.ts';

/**
 * With `word`, the command of the top level that is to run, only what it needs is there; without
 * it, every command. `writeErr` gets what commander says of a line that it cannot read.
 */
export async function buildProgram(terminal: Terminal, word?: string, writeErr = terminal.err): Promise<Command> {
  const program = emptyProgram({ ...terminal, err: writeErr });
  const loaded = await Promise.all(groupsFor(word).map(({ load }) => load()));
  if (loaded.length === 0) return program;
  const { addGroup } = await import('./subject.ts');
  for (const group of loaded) addGroup(terminal, program, group);
  return program;
}

/**
 * The help of the whole program shows names and sentences alone: nothing needs to be loaded for it.
 */
function overview(terminal: Terminal): Command {
  const program = emptyProgram(terminal);
  for (const [name, about] of summaries) program.command(name).description(about);
  return program;
}

const emptyProgram = (terminal: Terminal): Command =>
  new Verbs('sluis')
    .description('A secure mail gateway for a closed user group.')
    .version(buildVersion(), '--version', 'version, and date and hash of the commit that it was built from')
    .configureOutput({ writeOut: terminal.out, writeErr: terminal.err })
    .showHelpAfterError('(add --help for what is expected)');

const HELP = new Set(['--help', '-h', 'help']);

async function programFor(terminal: Terminal, [word, next]: readonly string[], json: boolean): Promise<Command> {
  // With --json what commander says is told as every other error is, and not twice.
  if (word === undefined || !HELP.has(word))
    return await buildProgram(terminal, word, json ? () => undefined : terminal.err);
  return word === 'help' && next !== undefined ? await buildProgram(terminal, next) : overview(terminal);
}

/**
 * An option as a word of its own: known before commander has read the line, and also where it
 * cannot.
 */
const asksFor = (option: string, argv: readonly string[]): boolean => {
  const end = argv.indexOf('--');
  return argv.slice(0, end < 0 ? argv.length : end).includes(option);
};

/** Runs one command; answers the exit code. */
export async function runCommandLine(argv: readonly string[], own?: Terminal): Promise<number> {
  const json = asksFor('--json', argv);
  const terminal = shielded(own ?? processTerminal({ plainly: json || asksFor('--csv', argv) }));
  if (argv.length === 0) {
    const { firstSteps } = await import('./first-steps.ts');
    terminal.err(await firstSteps());
    return exitCodes.usage;
  }
  const program = await programFor(terminal, argv, json);
  // Each subcommand must return its errors instead of ending the process.
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
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) return exitCodes.done;
      if (json) terminal.err(refusal(exitCodes.usage, usageProblem(error), json));
      return exitCodes.usage;
    }
    const shown =
      run !== undefined && error instanceof Error && isUnexpected(error)
        ? await (await import('./other-version.ts')).perhapsOtherVersion(run, error)
        : error;
    terminal.err(refusal(exitCodeOf(shown), messageOf(shown), json));
    return exitCodeOf(shown);
  }
}

/** The message of commander as one sentence in one line. */
const usageProblem = ({ message }: CommanderError): string => message.replace(/^error: /, '').replaceAll('\n', ' ');

/**
 * The commands, and what is said to somebody who mistypes one. A suggestion is one key press from
 * being run, so only commands that read are suggested: `mailbox delete` is not answered with
 * `reset`.
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

  /** The whole program lists names alone: what each takes is in its own help. */
  override createHelp(): Help {
    const help = super.createHelp();
    if (this.parent === null) help.subcommandTerm = (command) => command.name();
    return help;
  }

  /** Called by commander where no command has the name. */
  unknownCommand(): void {
    const [word = ''] = this.args;
    const offered = this.commands.filter(onlyReads).map((command) => command.name());
    const near = nearest(word, offered);
    const hint = near === undefined ? '' : `\n(Did you mean ${near}?)`;
    this.error(`error: unknown command '${word}'${hint}`, { code: 'commander.unknownCommand' });
  }
}
