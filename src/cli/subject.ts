/** The command line of a subject: its words, help, questions and output, made from its rows. */
import type { Command } from 'commander';
import { InvalidArgumentError } from 'commander';
import type { AdminClient } from '../admin/client.ts';
import type { Input } from '../admin/input.ts';
import { type SureOptions, askToDestroy, destroying } from './ask.ts';
import { pages, withAdmin } from './connect.ts';
import { defined } from '../domain/defined.ts';
import { printPages } from './listing.ts';
import { changing, guarded, reading } from './options.ts';
import { print } from './output.ts';
import type { Terminal } from './terminal.ts';
import { readInput } from '../commands/core/operations.ts';
import {
  type AnyRow,
  type ListRow,
  type Param,
  type Params,
  type Row,
  type Subject,
  nameOf,
} from '../commands/core/row.ts';

// What comes from commander has the names of the rows; the rows know the types.
type Given = SureOptions & Readonly<Record<string, unknown>>;
type One = Row<Params, unknown>;
type List = ListRow<Params, unknown>;
/** What a verb was given, as it goes over the socket. */
interface Asked {
  readonly operation: string;
  readonly input: Input;
}
/** The client knows names of operations; here they come from the table. */
type Caller = (name: string, input: Input) => Promise<unknown>;

export function addSubject(
  terminal: Terminal,
  group: Command,
  { name, rows }: Subject<string, Readonly<Record<string, AnyRow>>>,
): void {
  for (const [key, row] of Object.entries(rows)) addVerb(terminal, group.command(nameOf(key)), `${name}.${key}`, row);
}

function addVerb(terminal: Terminal, verb: Command, operation: string, row: One | List): void {
  const params = Object.entries(row.in);
  withCommon(verb, row).description(row.about);
  for (const [key, param] of params) addParam(verb, key, param);
  const words = `${verb.parent?.name() ?? ''} ${verb.name()}`;
  verb.addHelpText('after', `\nExamples:\n${row.examples.map((example) => `  sluis ${words} ${example}`).join('\n')}`);
  verb.action(async (...all: readonly unknown[]) => {
    // Behind the arguments commander gives the options, and the command itself.
    const options = all.at(-2) as Given;
    const input = inputOf(params, all, options);
    if (row.effect === 'lists') await list(terminal, options, row, { operation, input });
    else await run(terminal, options, row, { operation, input });
  });
}

function withCommon(verb: Command, row: One | List): Command {
  if (row.effect === 'lists' || row.effect === 'reads') return reading(verb);
  const common = row.second === undefined ? changing(verb) : guarded(verb);
  return row.confirm === undefined ? common : destroying(common);
}

function addParam(verb: Command, key: string, { kind, about, as, optional }: Param): void {
  const read = (text: string): unknown => {
    const value: unknown = kind?.fromText(text);
    if (value === undefined) throw new InvalidArgumentError(`expected ${kind?.expected ?? 'nothing'}.`);
    return value;
  };
  const name = nameOf(key);
  const word = kind?.word ?? name;
  if (as === 'flag') verb.option(`--${name}`, about);
  else if (as === 'option') verb.option(`--${name} <${word}>`, about, read);
  else {
    const shown = as === 'rest' ? `${word}...` : word;
    verb.argument(optional ? `[${shown}]` : `<${shown}>`, about, read);
  }
}

/** As it goes over the socket. */
function inputOf(params: readonly (readonly [string, Param])[], all: readonly unknown[], options: Given): Input {
  let place = 0;
  const input: Record<string, unknown> = {};
  for (const [key, { as }] of params) {
    const value = as === 'argument' || as === 'rest' ? all[place++] : options[key];
    if (value !== undefined) input[nameOf(key)] = value;
  }
  return input;
}

const callOf = (client: AdminClient): Caller => client.call.bind(client) as Caller;

async function list(terminal: Terminal, options: Given, row: List, { operation, input }: Asked): Promise<void> {
  await withAdmin(options, async (client) => {
    const all = pages(
      async (page) => (await callOf(client)(operation, { ...input, ...page })) as readonly unknown[],
      (one) => row.after(one),
    );
    const { header, none } = row;
    await printPages(terminal, options, all, { header, row: (one) => row.cells(one), ...defined({ none }) });
  });
}

async function run(terminal: Terminal, given: Given, row: One, { operation, input }: Asked): Promise<void> {
  const call = (options: Given, more: Input = {}): Promise<unknown> =>
    withAdmin(options, (client) => callOf(client)(operation, { ...input, ...more }));
  const say = (result: unknown): string => row.say(result, readInput(row.in, input));
  const { confirm } = row;
  const looks = input['dry-run'] === true;
  let options = given;
  if (confirm !== undefined && !looks) {
    // Refused here, before anybody is asked whether he is sure, where the gateway would refuse it.
    const values = readInput(row.in, input);
    options = await askToDestroy(terminal, given, {
      what: confirm.what(values),
      name: confirm.name(values),
      goes: async () => say(await call(given, { 'dry-run': true })),
    });
  }
  const result = await call(options);
  print(terminal, options, result, () => (looks ? 'Nothing was done. ' : '') + say(result));
}
