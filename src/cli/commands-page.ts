/**
 * Writes docs/commands.md: a section for each command, from the commander tree and the command's
 * row.
 */
import type { Placed } from '../commands/core/walk.ts';
import type { AnyRow } from '../commands/core/row.ts';
import { betweenMarks, marksOf } from '../domain/between-marks.ts';
import { ROLES, ROLE_ABOUT, mayDo } from '../domain/roles.ts';
import { cell } from '../pages/cell.ts';
import { answerLines } from './answer-fields.ts';
import { COMMAND_NOTES } from './command-notes.ts';
import { type ArgumentFacts, type CommandFacts, type OptionFacts, leavesOf } from './command-tree.ts';

/**
 * The page with its generated sections up to date. What stands outside the two marks is written by
 * hand.
 */
export function writeCommands(page: string, program: CommandFacts, all: readonly Placed[]): string {
  const rows = new Map(all.map(({ words, row }) => [words.join(' '), row]));
  const rowOf = ({ words }: CommandFacts): AnyRow => {
    const row = rows.get(words.join(' '));
    if (row === undefined) throw new Error(`"${words.join(' ')}" has no row`);
    return row;
  };
  const sections = program.commands.flatMap((one) => sectionOf(one, rowOf));
  const stray = Object.keys(COMMAND_NOTES).filter(
    (name) => !sections.some((line) => /^###? /.test(line) && line.endsWith(`# ${name}`)),
  );
  if (stray.length > 0) throw new Error(`notes are about commands that are not there: ${stray.join(', ')}`);
  return betweenMarks(page, marksOf('commands'), () => ['', ...roleLines(), ...sections]);
}

const roleLines = (): string[] => [
  '| role | may |',
  '| --- | --- |',
  ...ROLES.map((role) => `| \`${role}\` | ${cell(ROLE_ABOUT[role])} |`),
  '',
];

function sectionOf(command: CommandFacts, rowOf: (command: CommandFacts) => AnyRow): string[] {
  const name = command.words.join(' ');
  if (command.commands.length === 0) return [`## ${name}`, '', ...lines(command, rowOf(command)), ''];
  const leaves = leavesOf(command);
  return [
    ...[`## ${name}`, '', sentence(command.about), '', ...noteLines(name)],
    ...leaves.flatMap((leaf) => [`### ${leaf.words.join(' ')}`, '', ...lines(leaf, rowOf(leaf)), '']),
  ];
}

function lines(command: CommandFacts, row: AnyRow): string[] {
  const own = command.options.filter(({ name }) => !SHARED.has(name));
  const shared = command.options.map(({ name }) => name).filter((name) => SHARED.has(name) && name !== '--help');
  const taken = [...command.arguments.map(argumentLine), ...own.map(optionLine)];
  return [
    sentence(command.about),
    '',
    '```',
    [
      'sluis',
      ...command.words,
      ...command.arguments.map(shown),
      ...own.filter(({ mandatory }) => mandatory).map(given),
    ].join(' ') + (own.some(({ mandatory }) => !mandatory) ? ' [OPTION...]' : ''),
    '',
    ...row.examples.map((example) => `sluis ${[...command.words, example].join(' ')}`.trimEnd()),
    '```',
    '',
    ...(taken.length > 0 ? [...taken, ''] : []),
    ...(shared.length > 0 ? [`Also ${shared.map((name) => `\`${name}\``).join(', ')}.`, ''] : []),
    ruleLine(row),
    ...noteLines(command.words.join(' '), 'above'),
    ...answerLines(row),
  ];
}

/** The note of a command, with an empty line on the side of `space`. */
const noteLines = (name: string, space: 'above' | 'below' = 'below'): string[] => {
  const note = COMMAND_NOTES[name] ?? [];
  if (note.length === 0) return [];
  return space === 'above' ? ['', ...note] : [...note, ''];
};

/** Options that are explained once, at the top of the page. */
const SHARED = new Set(['--config', '--json', '--csv', '--reason', '--yes', '--approval', '--operator-key', '--help']);

const shown = ({ name, required, variadic }: ArgumentFacts): string => {
  const word = `${name.toUpperCase()}${variadic ? '...' : ''}`;
  return required ? word : `[${word}]`;
};
const given = ({ name, value }: OptionFacts): string => (value === undefined ? name : `${name} ${value.toUpperCase()}`);

const argumentLine = (argument: ArgumentFacts): string =>
  `- \`${argument.name.toUpperCase()}\`${saying(argument.about, argument.choices)}`;
const optionLine = (option: OptionFacts): string =>
  `- \`${given(option)}\`${saying(option.about, option.choices)}${option.env === undefined ? '' : ` (or \`${option.env}\`)`}`;

function saying(about: string, choices: readonly string[]): string {
  const parts = [about, choices.map((choice) => `\`${choice}\``).join(', ')].filter((part) => part !== '');
  return parts.length === 0 ? '' : `: ${parts.join('; one of ')}`;
}

/** The line on who may run a command, and how its change is undone. */
function ruleLine(row: AnyRow): string {
  const may = ROLES.filter((role) => mayDo(role, row.right)).map((role) => `\`${role}\``);
  const who = `May be done by ${may.length === ROLES.length ? 'every role' : may.join(', ')}.`;
  if (row.effect === 'reads' || row.effect === 'lists') return `${who} Changes nothing.`;
  if (row.effect === 'runs') return `${who} Runs until Ctrl-C or SIGTERM ends it.`;
  return [
    who,
    row.undo === undefined ? 'Cannot be undone.' : `Undo: ${row.undo}.`,
    ...(row.confirm === undefined ? [] : ['Asks for confirmation, and needs a reason.']),
    ...(row.second === undefined
      ? []
      : [`Needs a second person if \`operators.second-person\` has \`${row.second}\`.`]),
  ].join(' ');
}

const sentence = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
