/** What a row says of its answer is what came: `--json` of every command in the frozen scenes. */
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type AnyRow, printedOf } from '../../src/commands/core/row.ts';
import { placed } from '../../src/cli/placed.ts';
import { z } from '../../src/config/zod.ts';
import { GOLDEN } from '../cli/frozen/frozen.ts';

interface Schema {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: Schema | false;
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
}

/**
 * Fields that the schema does not know, and those that it promises and are not there. Values stand
 * for others in golden files: only names are judged.
 */
function faults(schema: Schema, value: unknown, at: string): string[] {
  if (schema.anyOf !== undefined) {
    const all = schema.anyOf.map((one) => faults(one, value, at));
    return all.find((one) => one.length === 0) ?? all[0] ?? [];
  }
  if (Array.isArray(value)) return value.flatMap((one) => faults(schema.items ?? {}, one, `${at}[]`));
  if (typeof value !== 'object' || value === null || schema.type !== 'object') return [];
  const { properties = {}, required = [], additionalProperties: more } = schema;
  const known = (name: string): Schema | undefined =>
    (Object.hasOwn(properties, name) ? properties[name] : undefined) ?? (more === false ? undefined : more);
  return [
    ...required.filter((name) => !Object.hasOwn(value, name)).map((name) => `${at}.${name} is missing`),
    ...Object.entries(value).flatMap(([name, inner]) => {
      const found = known(name);
      return found === undefined ? [`${at}.${name} is not in the row`] : faults(found, inner, `${at}.${name}`);
    }),
  ];
}

interface Frozen {
  readonly command: string;
  readonly run: string;
  readonly code: number;
  readonly json?: unknown;
}

const frozen = readdirSync(GOLDEN)
  .filter((name) => name.endsWith('.json') && name !== 'flags.json')
  .flatMap((name) => JSON.parse(readFileSync(join(GOLDEN, name), 'utf8')) as readonly Frozen[]);

const shapeOf = (row: AnyRow): Schema => {
  const one = z.toJSONSchema(printedOf(row), { unrepresentable: 'any' }) as Schema;
  return row.effect === 'lists' ? { type: 'array', items: one } : one;
};

test('fields of --json are those of its row, for every command', async () => {
  const found = (await placed()).flatMap(({ words, row }) => {
    const shape = shapeOf(row);
    return frozen
      .filter((run) => run.command === words.join(' ') && run.code === 0 && run.json !== undefined)
      .flatMap((run) => faults(shape, run.json, '').map((fault) => `sluis ${run.run}: ${fault}`));
  });
  assert.deepEqual(found, []);
});

test('what comes over the socket is refused with the words that the command line has for it', async () => {
  for (const { words, row } of await placed())
    for (const [name, { kind }] of Object.entries(row.in))
      for (const value of [-1, 0.5, 1e9, '', '\u0007', '!'.repeat(80)]) {
        const [issue] = kind?.schema.safeParse(value).error?.issues ?? [];
        if (issue?.code !== 'custom' || kind === undefined) continue;
        assert(issue.message.startsWith(kind.expected.en), `${words.join(' ')} ${name}: ${issue.message}`);
      }
});

test('a field that a row does not know is found, and one that it promises in vain', () => {
  const shape: Schema = {
    type: 'object',
    properties: {
      a: { type: 'string' },
      list: { type: 'array', items: { type: 'object', properties: {}, required: ['b'] } },
    },
    required: ['a'],
    additionalProperties: false,
  };
  assert.deepEqual(faults(shape, { a: 'x' }, ''), []);
  assert.deepEqual(faults(shape, { c: 1, list: [{}] }, ''), [
    '.a is missing',
    '.c is not in the row',
    '.list[].b is missing',
  ]);
});
