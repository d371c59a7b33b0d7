/** Makes the command line of a subject from its rows: commands, options and help. */
import { Argument, type Command, InvalidArgumentError, Option } from 'commander';
import { systemClock } from '../platform/clock.ts';
import type { Kind, Outside } from '../commands/core/kind.ts';
import { type Param, nameOf } from '../commands/core/params.ts';
import { type AnyRow, type Upload, confirmOf } from '../commands/core/row.ts';
import { type AnySubject, isSubject } from '../commands/core/subject.ts';
import { type Group, isOne } from '../commands/core/walk.ts';
import { defined } from '../domain/defined.ts';
import { destroying } from './ask.ts';
import { factsOf } from './command-tree.ts';
import { changing, guarded, reading, sharing } from './options.ts';
import { secretOptions } from './secret-options.ts';
import { type Given, runRow } from './subject-run.ts';
import type { Terminal } from './terminal.ts';
import { readUpload } from './upload.ts';
import { watchOption } from './watch.ts';

export function addSubject(terminal: Terminal, parent: Command, subject: AnySubject): void {
  const group = parent.command(subject.name).description(subject.about);
  addRows(terminal, group, subject);
  group.addHelpText('after', `\n${moreOf(group)}`);
}

export function addRows(terminal: Terminal, group: Command, { rows, initial }: AnySubject): void {
  for (const [key, row] of Object.entries(rows)) {
    if (isSubject(row)) addSubject(terminal, group, row);
    else addVerb(terminal, group.command(key, { isDefault: key === initial }), row, { isInitial: key === initial });
    if (!isSubject(row))
      for (const was of row.was ?? []) addVerb(terminal, group.command(was, { hidden: true }), row, { now: key });
  }
}

export function addGroup(terminal: Terminal, program: Command, group: Group): void {
  if (isOne(group)) addSubject(terminal, program, group);
  else for (const [name, row] of Object.entries(group)) addVerb(terminal, program.command(name), row);
}

interface Spelling {
  /** The present name, for a word that belongs to the previous version. */
  readonly now?: string;
  /** True if the previous version allowed the group's name alone for this row. */
  readonly isInitial?: boolean;
}

function addVerb(terminal: Terminal, verb: Command, row: AnyRow, { now, isInitial = false }: Spelling = {}): void {
  const params = Object.entries(row.in);
  withCommon(verb, row).description(row.about);
  for (const [key, param] of params) addParam(terminal, verb, key, param);
  const upload = 'upload' in row ? row.upload : undefined;
  if (upload !== undefined) addUpload(verb, upload);
  const words = pathOf(verb).join(' ');
  verb.addHelpText(
    'after',
    `\nExamples:\n${row.examples.map((example) => `  ${words} ${example}`.trimEnd()).join('\n')}\n\n${moreOf(verb, now)}`,
  );
  verb.action(async (...all: readonly unknown[]) => {
    // After the arguments, commander passes the options and then the command itself.
    const options = all.at(-2) as Given;
    const group = pathOf(verb).slice(0, -1).join(' ');
    if (now !== undefined) tellOld(terminal, words, `${group} ${now}`);
    // The name of the group alone means this row, as in the previous version.
    if (isInitial && verb.parent?.args[0] !== verb.name()) tellOld(terminal, group, words);
    const wire = wireOf(terminal, params, all, options);
    const file = upload?.as === 'argument' ? all.at(-3) : uploadOf(terminal, row, all, options, wire);
    const given = { ...options, ...defined({ upload: file as string | undefined }) };
    await runRow(terminal, given, row, wire, () => factsOf(programOf(verb)));
  });
}

function addUpload(verb: Command, { about, as = 'from', needed, was }: Upload): void {
  const text = `${about}; - for standard input`;
  if (as === 'argument') verb.argument(needed === true ? '<file>' : '[file]', text);
  else verb.option(`--${as} <file>`, text);
  if (was !== undefined) verb.addOption(new Option(`--${was.name} <file>`, text).hideHelp());
}

/**
 * The file that was named. If the value belongs to another option in this version, it is put into
 * `wire`.
 */
function uploadOf(
  terminal: Terminal,
  row: AnyRow,
  all: readonly unknown[],
  options: Given,
  wire: Record<string, unknown>,
): unknown {
  const { as = 'from', was } = ('upload' in row ? row.upload : undefined) ?? {};
  const named = options[camelOf(as)];
  if (was === undefined) return named;
  const before = options[camelOf(was.name)];
  if (before !== undefined) tellOld(terminal, `--${was.name}`, `--${as}`);
  if (typeof named !== 'string' || all[0] === undefined || wire[was.beside] !== undefined) return named ?? before;
  tellOld(terminal, `--${as}`, `--${was.beside}`);
  wire[was.beside] = row.in[was.beside]?.kind?.fromText(named, outsideOf(terminal));
  return before;
}

const programOf = (command: Command): Command => (command.parent === null ? command : programOf(command.parent));

/** The words of the command, such as `["sluis", "account", "password", "add"]`. */
function pathOf(command: Command): string[] {
  return [...(command.parent === null ? [] : pathOf(command.parent)), command.name()];
}

/**
 * Where the documentation has its notes and the fields of its JSON. Each group and each command has
 * a section; a group inside another one is in that group's section. `now`: the present name of an
 * old word.
 */
function moreOf(command: Command, now?: string): string {
  const [, ...words] = pathOf(command);
  const section = command.commands.length > 0 ? words.slice(0, 1) : [...words.slice(0, -1), now ?? command.name()];
  return `More: docs/commands.md#${section.join('-')}`;
}

function tellOld(terminal: Terminal, was: string, now: string): void {
  terminal.err(`"${was}" is written "${now}" now; the old word is taken in this version for the last time.\n`);
}

function withCommon(verb: Command, row: AnyRow): Command {
  if (row.at === 'here' && row.shares !== undefined)
    return (row.effect === 'reads' ? reading : sharing)(verb, row.shares);
  if (row.effect === 'lists' && row.newest !== undefined)
    verb.option('--limit <number>', `most rows, the newest; default: ${row.newest}`, rowLimit);
  if (row.effect === 'lists')
    return (row.reason === undefined ? reading : changing)(verb).option('--csv', 'print CSV for a spreadsheet');
  if (row.watch === true) verb.addOption(watchOption());
  if (row.csv !== undefined) verb.option('--csv', 'print CSV for a spreadsheet');
  if (row.effect === 'reads' && row.reason === undefined && row.second === undefined) return reading(verb);
  const common = row.second === undefined ? changing(verb) : guarded(verb);
  return confirmOf(row) === undefined ? common : destroying(common);
}

const MAX_ROWS = 1_000_000;

function rowLimit(text: string): number {
  const limit = /^\d{1,7}$/.test(text) ? Number(text) : 0;
  if (limit < 1 || limit > MAX_ROWS) throw new InvalidArgumentError(`expected a number from 1 to ${MAX_ROWS}.`);
  return limit;
}

function addParam(
  terminal: Terminal,
  verb: Command,
  key: string,
  { kind, about, as, optional, beside, bare, also = [], was = [], moved }: Param,
): void {
  const name = nameOf(key);
  const word = kind?.word ?? name;
  if (as === 'argument') {
    const made = new Argument(optional ? `[${word}]` : `<${word}>`, about);
    verb.addArgument(
      (kind?.choices === undefined ? made : made.choices(kind.choices)).argParser(reader(terminal, kind)),
    );
  } else if (as === 'secret') {
    secretOptions(verb, beside === undefined);
    if (optional && beside === undefined) verb.option(`--no-${name}`, about);
  } else if (as === 'rest') verb.argument(`[${word}...]`, about, gathering(reader(terminal, kind)));
  else {
    const option = (called: string): Option => {
      const form =
        { flag: `--${called}`, no: `--no-${called}` }[as as string] ??
        `--${called} ${bare === undefined ? `<${word}>` : `[${word}]`}`;
      const made = new Option(form, about);
      // For the help, and for shells that complete it. The kind itself decides what is refused.
      if (kind?.choices !== undefined) made.choices(kind.choices);
      if (bare !== undefined) made.preset(bare);
      if (as === 'option') made.argParser(reader(terminal, kind));
      if (as === 'many') made.argParser(gathering(reader(terminal, kind)));
      return made;
    };
    const made = option(name).makeOptionMandatory(as === 'option' && !optional && also.length + was.length === 0);
    verb.addOption(moved === undefined ? made : made.hideHelp());
    for (const other of [...also, ...was]) verb.addOption(option(other).hideHelp());
  }
}

type Reader = (text: string) => unknown;

const outsideOf = (terminal: Terminal): Outside => ({
  textOf: (file) => readUpload(terminal, file),
  lineOf: () => {
    const [line = '', ...more] = readUpload(terminal, '-').split(/\r?\n/);
    terminal.input = more.join('\n');
    return line;
  },
  now: () => systemClock.now(),
});

const reader =
  (terminal: Terminal, kind: Kind<unknown, never> | undefined): Reader =>
  (text) => {
    const value: unknown = kind?.fromText(text, outsideOf(terminal));
    if (value === undefined) throw new InvalidArgumentError(`expected ${kind?.expected.en ?? 'nothing'}.`);
    return value;
  };

/** Collects the values of an option that may be repeated. */
const gathering =
  (read: Reader) =>
  (text: string, before: readonly unknown[] = []): readonly unknown[] => [...before, read(text)];

/** The input as it is sent over the socket. */
function wireOf(
  terminal: Terminal,
  params: readonly (readonly [string, Param])[],
  all: readonly unknown[],
  options: Given,
): Record<string, unknown> {
  let place = 0;
  let isTold = false;
  const input: Record<string, unknown> = {};
  for (const [key, { as, also = [], was = [], moved }] of params) {
    if (as === 'secret') continue;
    const inPlace = as === 'argument' || as === 'rest';
    let value = inPlace ? all[place++] : options[key];
    for (const other of also) value ??= options[camelOf(other)];
    for (const before of was) {
      const given = options[camelOf(before)];
      // Commander says true for a `--no-x` that was not given.
      if (given === undefined || (as === 'no' && given === true)) continue;
      tellOld(terminal, `--${before}`, `--${nameOf(key)}`);
      value ??= given;
    }
    if (value !== undefined && moved !== undefined && !isTold) tellOld(terminal, `--${nameOf(key)}`, `sluis ${moved}`);
    isTold ||= value !== undefined && moved !== undefined;
    if (value !== undefined) input[nameOf(key)] = value;
  }
  return input;
}

const camelOf = (name: string): string => name.replaceAll(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
