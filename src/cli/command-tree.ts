/**
 * The commands as plain facts. Completion and `docs/commands.md` are generated from them. Hidden
 * commands and options are left out.
 */
import type { Argument, Command, Option } from 'commander';

export interface ArgumentFacts {
  readonly name: string;
  readonly about: string;
  readonly required: boolean;
  /** True if the argument takes all words that are left. */
  readonly variadic: boolean;
  readonly choices: readonly string[];
}

export interface OptionFacts {
  /** The name with its dashes, such as `--json`. */
  readonly name: string;
  readonly about: string;
  /** The word that stands for its value, such as `file`; undefined if it takes none. */
  readonly value: string | undefined;
  readonly choices: readonly string[];
  /** True if the option must be given. */
  readonly mandatory: boolean;
  readonly env: string | undefined;
}

export interface CommandFacts {
  /**
   * The words of the command, such as `['account', 'password', 'add']`; empty for `sluis` itself.
   */
  readonly words: readonly string[];
  readonly about: string;
  readonly arguments: readonly ArgumentFacts[];
  readonly options: readonly OptionFacts[];
  readonly commands: readonly CommandFacts[];
}

export function factsOf(command: Command, words: readonly string[] = []): CommandFacts {
  const help = command.createHelp();
  return {
    words,
    about: command.description(),
    arguments: command.registeredArguments.map(argumentFacts),
    options: help.visibleOptions(command).map(optionFacts),
    // Commander adds `help` to the commands of a group; that is left out.
    commands: help
      .visibleCommands(command)
      .filter((one) => command.commands.includes(one))
      .map((one) => factsOf(one, [...words, one.name()])),
  };
}

/** Commands that do something, so no groups, in the order of the help. */
export const leavesOf = (command: CommandFacts): readonly CommandFacts[] =>
  command.commands.length === 0 ? [command] : command.commands.flatMap(leavesOf);

function argumentFacts(argument: Argument): ArgumentFacts {
  const { description, required, variadic, argChoices = [] } = argument;
  return { name: argument.name(), about: description, required, variadic, choices: argChoices };
}

function optionFacts(option: Option): OptionFacts {
  const { long, short, flags, description, argChoices = [], mandatory, envVar } = option;
  return {
    name: long ?? short ?? flags,
    about: description,
    value: /[<[](.+?)(?:\.\.\.)?[>\]]$/.exec(flags)?.[1],
    choices: argChoices,
    mandatory,
    env: envVar,
  };
}
