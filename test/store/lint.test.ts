/**
 * The lint rules that keep changes honest: what the compiler lets pass, and does nothing or too
 * much.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { ESLint } from 'eslint';
import ts from 'typescript';

const root = join(import.meta.dirname, '..', '..');

const FILE = join(root, 'src/store/changes/facts.ts');

/** Stands in for the file, so that it is judged as one of the store's. */
const SOURCE = `
import { int } from '../sql/columns.ts';
import { type Change, sql } from '../sql/sql.ts';

export function* fine(list: readonly number[]): Change<number> {
  for (const one of list) yield* note(one);
  return yield* first();
}
export const handedOn = (n: number): Change<void> => note(n);

export function* lost(n: number): Change<void> {
  sql.run\`DELETE FROM fact\`;
  note(n);
  if (first()) yield* note(n);
  const found = first();
  yield* note(Number(found));
}
export function* plain(): Generator {
  yield first();
}
export function* caught(): Change<void> {
  try {
    yield* note(1);
  } catch {
    yield* note(2);
  }
}
export async function waits(): Promise<void> {
  await Promise.resolve();
}
function* note(n: number): Change<void> {
  yield* sql.run\`UPDATE fact SET value = \${n}\`;
}
function* first(): Change<number> {
  return (yield* sql.one({ n: int })\`SELECT 1 AS n\`).n;
}
`;

function programOf(file: string, source: string): ts.Program {
  const options: ts.CompilerOptions = { target: ts.ScriptTarget.ES2023, module: ts.ModuleKind.NodeNext, strict: true };
  const host = ts.createCompilerHost(options);
  const readFile = host.readFile.bind(host);
  host.readFile = (name) => (name === file ? source : readFile(name));
  return ts.createProgram([file], { ...options, allowImportingTsExtensions: true, noEmit: true, types: [] }, host);
}

/** Each line on which one of these rules finds something. */
async function findings(file: string, source: string): Promise<readonly string[] | undefined> {
  const eslint = new ESLint({
    cwd: root,
    // Of the few files that the rules look at: the project's own program takes ten seconds.
    overrideConfig: {
      languageOptions: { parserOptions: { projectService: false, programs: [programOf(file, source)] } },
    },
  });
  const [result] = await eslint.lintText(source, { filePath: file });
  const lines = source.split('\n');
  return result?.messages
    .filter(({ ruleId }) => ruleId === 'store/changes-are-run' || ruleId === 'no-restricted-syntax')
    .map(({ ruleId, line }) => `${ruleId}: ${lines[line - 1]?.trim()}`);
}

test('a change that is not run, a plain yield, a try around a step and an await are errors in changes', async () => {
  assert.deepEqual(await findings(FILE, SOURCE), [
    'store/changes-are-run: sql.run`DELETE FROM fact`;',
    'store/changes-are-run: note(n);',
    'store/changes-are-run: if (first()) yield* note(n);',
    'store/changes-are-run: const found = first();',
    'no-restricted-syntax: yield first();',
    'store/changes-are-run: yield first();',
    'no-restricted-syntax: yield* note(1);',
    'no-restricted-syntax: yield* note(2);',
    'no-restricted-syntax: await Promise.resolve();',
  ]);
});

const OWN = `
import type Database from 'better-sqlite3';
export class Kept {
  readonly #typed: Database.Statement;
  readonly #made = (db: Database.Database) => db.prepare('SELECT 1');
  #inferred;
  constructor(db: Database.Database) {
    this.#inferred = db.prepare('SELECT 2').pluck(true);
    db.prepare('VACUUM').run();
  }
}
`;

test("a field with a prepared statement is an error in SQLite's own code", async () => {
  assert.deepEqual(await findings(join(root, 'src/store/sqlite/standing.ts'), OWN), [
    'no-restricted-syntax: readonly #typed: Database.Statement;',
    "no-restricted-syntax: readonly #made = (db: Database.Database) => db.prepare('SELECT 1');",
    "no-restricted-syntax: this.#inferred = db.prepare('SELECT 2').pluck(true);",
  ]);
});
