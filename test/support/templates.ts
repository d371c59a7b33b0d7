/**
 * Finds the SQL statements in the source of the store without running it. So a statement that no
 * test runs is checked as well.
 *
 * What stands between the values of a template is either a part (`locked`, `among(text, keys)`) or
 * a value. Parts and columns are computed with the module of columns, and with constants of the
 * file and of the files that it imports.
 */
import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { compileFunction } from 'node:vm';
import ts from 'typescript';
import { lookParts, lookRows, looksFor } from '../../src/store/postgres/filing-looks.ts';
import { expectedOf } from '../../src/store/postgres/filing-messages.ts';
import { namesOf } from '../../src/store/postgres/filing-names.ts';
import { writtenParts } from '../../src/store/postgres/filing-write.ts';
import * as columns from '../../src/store/sql/columns.ts';
import * as parts from '../../src/store/sql/parts.ts';
import { type Plan, sql } from '../../src/store/sql/sql.ts';
import { ownText } from '../../src/store/sqlite/statements.ts';
import { workWithAll, writesWithAll } from './postgres-filing.ts';

export interface Template {
  /** File and line. */
  readonly where: string;
  readonly plan: Plan;
}

type Scope = Record<string, unknown>;

/** The value of an expression, without its types. Undefined if it needs more than the scope has. */
function worth(expression: string, scope: Scope): unknown {
  if (expression in scope) return scope[expression];
  try {
    return madeOf(expression, Object.keys(scope))(...Object.values(scope));
  } catch {
    return undefined;
  }
}

/**
 * Compiles an expression. Types are removed only if there are any, since that costs a hundred times
 * as much as the rest. The source is this project's own, so it may be run.
 */
function madeOf(expression: string, names: string[]): (...values: unknown[]) => unknown {
  // A type argument is no syntax error without types, but a comparison.
  if (!expression.includes('<'))
    try {
      return compileFunction(`return (${expression})`, names) as () => unknown;
    } catch {
      // It has types.
    }
  const untyped = ts.transpile(`(${expression})`, { target: ts.ScriptTarget.ES2023 });
  return compileFunction(untyped.replace(/^("use strict";)?\s*/, 'return '), names) as () => unknown;
}

class Sources {
  readonly #files = new Map<string, ts.SourceFile>();
  readonly #scopes = new Map<string, Scope>();

  file(path: string): ts.SourceFile {
    const known = this.#files.get(path);
    if (known !== undefined) return known;
    const made = ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.Latest, true);
    this.#files.set(path, made);
    return made;
  }

  /**
   * The constants of a file that can be computed, and those that it imports from other files of the
   * store.
   */
  scope(path: string): Scope {
    const known = this.#scopes.get(path);
    if (known !== undefined) return known;
    const scope: Scope = { ...columns, ...parts };
    this.#scopes.set(path, scope);
    for (const statement of this.file(path).statements) {
      if (ts.isImportDeclaration(statement) && statement.importClause?.phaseModifier !== ts.SyntaxKind.TypeKeyword)
        this.#take(statement, path, scope);
      if (!ts.isVariableStatement(statement)) continue;
      for (const { name, initializer } of statement.declarationList.declarations) {
        const value = initializer === undefined ? undefined : worth(initializer.getText(), scope);
        if (value !== undefined) scope[name.getText()] = value;
      }
    }
    return scope;
  }

  #take({ moduleSpecifier, importClause }: ts.ImportDeclaration, path: string, scope: Scope): void {
    const from = (moduleSpecifier as ts.StringLiteral).text;
    const names = importClause?.namedBindings;
    if (!/^\.\.?\//.test(from) || names === undefined || !ts.isNamedImports(names)) return;
    const there = join(dirname(path), from);
    if (!there.includes(join('src', 'store'))) return;
    const theirs = this.scope(there);
    for (const { name } of names.elements) if (name.text in theirs) scope[name.text] ??= theirs[name.text];
  }
}

const WORKS = [workWithAll()];
const LOOKS = looksFor(namesOf(WORKS), { early: expectedOf(WORKS), more: 0 });

/** Parts that a function of the store makes, with all that they can have. */
const MADE: Readonly<Record<string, parts.Part>> = {
  lookParts: lookParts(LOOKS),
  lookRows: lookRows(LOOKS),
  writtenParts: writtenParts(
    { writes: writesWithAll(), resubmissionsLeft: [], noticesLeft: [] },
    { trail: [], late: expectedOf(WORKS) },
  ),
};

/** The part that an expression stands for; null for a value. */
function givenOf(expression: ts.Expression, scope: Scope): parts.Part | null {
  const made = ts.isCallExpression(expression) ? MADE[expression.expression.getText()] : undefined;
  if (made !== undefined) return made;
  const list = ts.isCallExpression(expression) && ['among', 'rowsOf'].includes(expression.expression.getText());
  const text = list
    ? `${expression.expression.getText()}(${expression.arguments[0]?.getText()}, [])`
    : expression.getText();
  const value = worth(text, scope);
  if (list && value === undefined) throw new Error(`cannot work out ${expression.getText()}`);
  return parts.isPart(value) ? value : null;
}

interface Parts {
  readonly strings: readonly string[];
  readonly given: readonly (parts.Part | null)[];
}

function partsOf(template: ts.TemplateLiteral, scope: Scope): Parts {
  if (!ts.isTemplateExpression(template)) return { strings: [template.text], given: [] };
  const spans = template.templateSpans;
  return {
    strings: [template.head.text, ...spans.map(({ literal }) => literal.text)],
    given: spans.map(({ expression }) => givenOf(expression, scope)),
  };
}

function planOf({ tag, template }: ts.TaggedTemplateExpression, scope: Scope): Plan {
  const { strings, given } = partsOf(template, scope);
  const made = worth(tag.getText(), { ...scope, sql }) as typeof sql.run | undefined;
  if (typeof made !== 'function') throw new Error(`cannot work out ${tag.getText()}`);
  const { value } = made(strings as unknown as TemplateStringsArray, ...given).next();
  return (value as { plan: Plan }).plan;
}

const NEUTRAL = /^sql\b/;
const OWN = /^(this\.#sql|own)\b/;

/**
 * What `find` makes of the templates in all files below a folder of the source, with file and line.
 */
function all<T>(folder: string, tags: RegExp, find: (node: ts.TaggedTemplateExpression, scope: Scope) => T) {
  const sources = new Sources();
  const found: (T & { readonly where: string })[] = [];
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort()) {
    if (!name.endsWith('.ts')) continue;
    const path = join(folder, name);
    const source = sources.file(path);
    const visit = (node: ts.Node): void => {
      if (ts.isTaggedTemplateExpression(node)) take(node);
      ts.forEachChild(node, visit);
    };
    const take = (node: ts.TaggedTemplateExpression): void => {
      const tag = node.tag.getText();
      if (tag.startsWith('cte(')) return;
      const where = `${name}:${source.getLineAndCharacterOfPosition(node.getStart()).line + 1}`;
      if (!NEUTRAL.test(tag) && !OWN.test(tag))
        throw new Error(`${where}: statements of one engine are those of "this.#sql" or "own", not of ${tag}`);
      if (!tags.test(tag)) return;
      try {
        found.push({ ...find(node, sources.scope(path)), where });
      } catch (error) {
        throw new Error(`${where}: columns and lists are beside the statement, or in a constant`, { cause: error });
      }
    };
    visit(source);
  }
  return found;
}

/** Templates for both engines. */
export const templatesIn = (folder: string): readonly Template[] =>
  all(folder, NEUTRAL, (node, scope) => ({ plan: planOf(node, scope) }));

/** A template of SQLite's own code. */
export interface OwnTemplate {
  readonly where: string;
  readonly text: string;
  /** The method of `Tags`. */
  readonly tag: string;
}

export const ownTemplatesIn = (folder: string): readonly OwnTemplate[] =>
  all(folder, OWN, ({ tag, template }, scope) => {
    const { strings, given } = partsOf(template, scope);
    return { text: ownText(strings, given), tag: tag.getText().split('.').at(-1) ?? '' };
  });
