/** The linter sees every form of import, so that no layer is passed by one that it overlooks. */
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { saidByRule } from '../support/one-rule.ts';

const root = join(import.meta.dirname, '..', '..');

/** What one of our own rules says of a file with this text, up to the first colon. */
async function judged(file: string, text: string, name = 'imports'): Promise<readonly string[]> {
  const said = await saidByRule(name, file, text);
  assert.ok(said !== undefined, `${file} has no rule for its ${name}`);
  return said.map((message) => message.split(':')[0] ?? message);
}

const FORMS = [
  (what: string) => `import { a } from '${what}'; a();`,
  (what: string) => `import type { A } from '${what}'; export const a: A = 1;`,
  (what: string) => `import '${what}';`,
  (what: string) => `export { a } from '${what}';`,
  (what: string) => `export * from '${what}';`,
  (what: string) => `export const a = async () => await import('${what}');`,
  (what: string) => `export type A = import('${what}').A;`,
];

test('no form of import reaches from the command line into the SQLite store, and each reaches the port', async () => {
  for (const form of FORMS) {
    const [shut, open] = [form('../store/sqlite/rotate.ts'), form('../store/store.ts')];
    assert.deepEqual(await judged('src/cli/here.ts', shut), ['src/cli may import only'], shut);
    assert.deepEqual(await judged('src/cli/here.ts', open), [], open);
  }
});

test('a part of the gateway imports neither the command line nor what connects the parts; four know the SQLite store', async () => {
  for (const form of FORMS) {
    for (const what of ['../cli/here.ts', '../gateway.ts', '../store/sqlite/open.ts'])
      assert.deepEqual(await judged('src/gateway/doctor.ts', form(what)), ['src/gateway may import only'], form(what));
    assert.deepEqual(await judged('src/gateway/stopped-store.ts', form('../store/sqlite/compact.ts')), []);
    assert.deepEqual(await judged('src/gateway/stopped-store.ts', form('../cli/here.ts')), [
      'src/gateway may import only',
    ]);
  }
});

test('an import whose name is computed is an error, since nobody can tell where it leads', async () => {
  const text = 'export const load = async (name: string) => await import(`../${name}.ts`);';
  assert.deepEqual(await judged('src/cli/here.ts', text), [
    'What is imported must stand here as a text, or no rule sees it.',
  ]);
});

test('every folder with files in src/ has a layer', async () => {
  const folders = new Set(
    readdirSync(join(root, 'src'), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
      .map(({ parentPath }) => parentPath.slice(root.length + 1)),
  );
  folders.delete('src');
  assert.ok(folders.size > 25, String(folders.size));
  for (const folder of folders) await judged(`${folder}/any.ts`, '');
});

/**
 * A table and what it refers to, a session and what it hands commands to: each pair knows the other
 * by its nature.
 */
const CIRCLES = ['domain/quirks.ts domain/refusal.ts', 'pop3/handlers.ts pop3/login.ts pop3/session.ts'];

test('no files import each other in a circle, types included, but for the known ones; the store is judged apart', () => {
  const files = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' }).filter(
    (file) => file.endsWith('.ts') && !file.startsWith(join('store', '')),
  );
  const imports = new Map(
    files.map((file) => {
      const text = readFileSync(join(root, 'src', file), 'utf8');
      const named = [...text.matchAll(/(?:\bfrom |\bimport\(|^import )'(\.[^']+\.ts)'/gm)];
      return [file, named.map(([, name = '']) => join(dirname(file), name))];
    }),
  );
  const reach = (from: string): ReadonlySet<string> => {
    const seen = new Set<string>();
    const waiting = [...(imports.get(from) ?? [])];
    for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
      if (seen.has(file)) continue;
      seen.add(file);
      waiting.push(...(imports.get(file) ?? []));
    }
    return seen;
  };
  const reached = new Map(files.map((file) => [file, reach(file)]));
  const circles = files
    .filter((file) => reached.get(file)?.has(file))
    .map((file) => files.filter((other) => reached.get(file)?.has(other) && reached.get(other)?.has(file)));
  assert.deepEqual([...new Set(circles.map((circle) => circle.sort().join(' ')))].sort(), CIRCLES);
});

test('a spread of a literal is an error; one with a condition is none', async () => {
  const spread = 'export const a = (b: number) => ({ ...{ b }, c: 1 });';
  assert.deepEqual(await judged('src/admin/purpose.ts', spread, 'properties'), [
    'Write plain properties in place of a spread of a literal.',
  ]);
  const chosen = 'export const a = (b: number) => ({ ...(b > 1 ? { b } : {}), c: 1 });';
  assert.deepEqual(await judged('src/admin/purpose.ts', chosen, 'properties'), []);
});
