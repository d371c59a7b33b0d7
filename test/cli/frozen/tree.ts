/** The commands, as commander has them. */
import type { Argument, Command, Option } from 'commander';
import { onlyReads } from '../../../src/cli/options.ts';
import { buildProgram } from '../../../src/cli/program.ts';

export interface Leaf {
  /** As it is typed: "account password add". */
  readonly path: string;
  readonly command: Command;
}

export const program = await buildProgram({ out: () => undefined, err: () => undefined, code: 0 });

const below = (command: Command, path: readonly string[]): readonly Leaf[] =>
  command.commands.length === 0
    ? [{ path: path.join(' '), command }]
    : command.commands.flatMap((one) => below(one, [...path, one.name()]));

export const leaves: readonly Leaf[] = below(program, []);

/** The command that these words run, also one that its group takes when none is named. */
export function leafOf(words: readonly string[]): Leaf | undefined {
  let command = program;
  const path: string[] = [];
  for (const word of words) {
    const next = command.commands.find((one) => one.name() === word);
    if (next === undefined) break;
    path.push(word);
    command = next;
  }
  const other: unknown = Reflect.get(command, '_defaultCommandName');
  if (typeof other === 'string') path.push(other);
  return leaves.find((leaf) => leaf.path === path.join(' '));
}

/** A word of the version before: test/commands/old-words has those. */
export const isOld = ({ command }: Leaf): boolean =>
  command.parent?.createHelp().visibleCommands(command.parent).includes(command) === false;

const has = (command: Command, name: string): boolean => command.options.some(({ long }) => long === name);
export const takesJson = ({ command }: Leaf): boolean => has(command, '--json');
/** Whatever changes something: options.ts. */
export const takesReason = ({ command }: Leaf): boolean => has(command, '--reason');
export const readsOnly = (leaf: Leaf): boolean => takesJson(leaf) && onlyReads(leaf.command);

const marks = (all: readonly (string | false | undefined)[]): string => {
  const said = all.filter((one) => typeof one === 'string');
  return said.length === 0 ? '' : ` (${said.join(', ')})`;
};

/**
 * "-x, --name <value> (must, default: 2)": whatever a script can rely on, and not the sentence
 * beside it.
 */
const optionText = (option: Option): string =>
  option.flags +
  marks([
    option.mandatory && 'must',
    option.hidden && 'hidden',
    option.envVar !== undefined && `env: ${option.envVar}`,
    option.defaultValue !== undefined && `default: ${String(option.defaultValue)}`,
    option.argChoices !== undefined && `one of: ${option.argChoices.join(' ')}`,
  ]);

const argumentText = (argument: Argument): string => {
  const name = `${argument.name()}${argument.variadic ? '...' : ''}`;
  return argument.required ? `<${name}>` : `[${name}]`;
};

export interface Flags {
  readonly arguments: readonly string[];
  readonly options: readonly string[];
  readonly [other: string]: string | readonly string[];
}

export const flagsOf = ({ command }: Leaf): Flags => ({
  arguments: command.registeredArguments.map(argumentText),
  options: command.options.map(optionText),
  ...(command.aliases().length === 0 ? {} : { aliases: command.aliases() }),
});

/** Groups that run one of their commands when none is named. */
export function defaults(command = program, path: readonly string[] = []): readonly string[] {
  const own: unknown = Reflect.get(command, '_defaultCommandName');
  return [
    ...(typeof own === 'string' ? [`${path.join(' ')} -> ${own}`] : []),
    ...command.commands.flatMap((one) => defaults(one, [...path, one.name()])),
  ];
}
