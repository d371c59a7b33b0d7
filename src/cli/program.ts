/** The command line, with one file for each group of commands. */
import { Command, CommanderError, type Help } from 'commander';
import { nearest } from '../domain/nearest.ts';
import { buildVersion } from '../platform/version.ts';
import { exitCodeOf, exitCodes, isUnexpected, messageOf, refusal } from './exit.ts';
import { groupsFor, summaries } from './groups.ts';
import { onlyReads } from './options.ts';
import { type Terminal, processTerminal, shielded } from './terminal.ts';

/**
 * Builds the program. With `word`, the command of the top level that will run, it loads only what
 * that needs; without it, every command. `writeErr` gets what commander says about a line that it
 * cannot read.
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
 * The help of the whole program. It shows only names and sentences, so nothing is loaded for it.
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
  // With --json, an error of commander is reported in the same form as every other error, and not
  // twice.
  if (word === undefined || !HELP.has(word))
    return await buildProgram(terminal, word, json ? () => undefined : terminal.err);
  return word === 'help' && next !== undefined ? await buildProgram(terminal, next) : overview(terminal);
}

/**
 * True if the option stands on the line as a word of its own. It must be known before commander has
 * read the line, and even if commander cannot read it.
 */
const asksFor = (option: string, argv: readonly string[]): boolean => {
  const end = argv.indexOf('--');
  return argv.slice(0, end < 0 ? argv.length : end).includes(option);
};

/** Runs one command. Resolves to the exit code. */
export async function runCommandLine(argv: readonly string[], own?: Terminal): Promise<number> {
  const json = asksFor('--json', argv);
  const terminal = shielded(own ?? processTerminal({ plainly: json || asksFor('--csv', argv) }));
  if (argv.length === 0) {
    const { firstSteps } = await import('./first-steps.ts');
    terminal.err(await firstSteps());
    return exitCodes.usage;
  }
  const program = await programFor(terminal, argv, json);
  // Each subcommand must return its errors and not end the process.
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

/** The message of commander as one sentence on one line. */
const usageProblem = ({ message }: CommanderError): string => message.replace(/^error: /, '').replaceAll('\n', ' ');

/**
 * The commands, and the answer to a mistyped one. A suggestion is one key press away from being
 * run, so only commands that read are suggested: `mailbox delete` is not answered with `reset`.
 */
class Verbs extends Command {
  constructor(name?: string) {
    super(name);
    // Commander's own suggestion would offer any command with a similar spelling.
    this.showSuggestionAfterError(false);
  }

  override createCommand(name?: string): Command {
    return new Verbs(name);
  }

  /**
   * The help of the whole program lists names alone: the help of each command says what it takes.
   */
  override createHelp(): Help {
    const help = super.createHelp();
    if (this.parent === null) help.subcommandTerm = (command) => command.name();
    return help;
  }

  /** Commander calls it if no command has the name. */
  unknownCommand(): void {
    const [word = ''] = this.args;
    const offered = this.commands.filter(onlyReads).map((command) => command.name());
    const near = nearest(word, offered);
    const hint = near === undefined ? '' : `\n(Did you mean ${near}?)`;
    this.error(`error: unknown command '${word}'${hint}`, { code: 'commander.unknownCommand' });
  }
}
