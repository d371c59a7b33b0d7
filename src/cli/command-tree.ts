/**
 * The commands as plain facts, for what is generated from them: completion and `docs/commands.md`.
 * What is hidden is not among them.
 */
import type { Argument, Command, Option } from 'commander';

export interface ArgumentFacts {
  readonly name: string;
  readonly about: string;
  readonly required: boolean;
  /** True: the argument takes all words that are left. */
  readonly variadic: boolean;
  readonly choices: readonly string[];
}

export interface OptionFacts {
  /** Name with its dashes: `--json`. */
  readonly name: string;
  readonly about: string;
  /** The word that stands for its value, such as `file`; undefined: it takes none. */
  readonly value: string | undefined;
  readonly choices: readonly string[];
  /** True: the option must be given. */
  readonly mandatory: boolean;
  readonly env: string | undefined;
}

export interface CommandFacts {
  /** `['account', 'password', 'add']`; empty for `sluis` itself. */
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
    // Commander adds `help` to those of a group, which is no command of ours.
    commands: help
      .visibleCommands(command)
      .filter((one) => command.commands.includes(one))
      .map((one) => factsOf(one, [...words, one.name()])),
  };
}

/** Commands that do something, in the order of the help. */
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
