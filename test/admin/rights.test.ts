/**
 * Who may do what: every operation of the table is called as every role, and each is let in exactly
 * where the golden file says so.
 */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { AdminContext } from '../../src/admin/context.ts';
import { AdminError } from '../../src/admin/error.ts';
import { operationNames, rightOf, runOperation } from '../../src/admin/operations.ts';
import { ROLES, type Role, commonRole, covers, mayDo } from '../../src/domain/roles.ts';
import { MemoryLog } from '../support/log.ts';

const GOLDEN = join(import.meta.dirname, '..', '..', 'test', 'golden', 'rights.json');

/**
 * A store that must not be touched: whoever reads anything of it before the right is known is
 * caught. The trail alone may be written.
 */
function untouched(): { readonly context: AdminContext; readonly touched: string[]; readonly noted: unknown[] } {
  const touched: string[] = [];
  const noted: unknown[] = [];
  const audit = { note: (row: unknown) => void noted.push(row) };
  const trap = (path: string): object =>
    new Proxy(
      {},
      {
        get: (_, key) => {
          touched.push(`${path}.${String(key)}`);
          throw new Error('touched');
        },
      },
    );
  const store = new Proxy({ audit }, { get: (of, key) => (key === 'audit' ? of.audit : trap(`store.${String(key)}`)) });
  const context = new Proxy({} as AdminContext, {
    get: (_, key) => (key === 'store' ? store : key === 'gateway' ? {} : trap(String(key))),
  });
  return { context, touched, noted };
}

/**
 * Whether the role comes past the gate: with an input that no operation takes it fails behind it,
 * in another way.
 */
async function isLetIn(name: (typeof operationNames)[number], role: Role): Promise<boolean> {
  const { context, touched, noted } = untouched();
  const call = {
    actor: { name: 'jan', reason: 'trial' },
    who: { role, proof: 'said' },
    progress: () => undefined,
  } as const;
  const ended = await runOperation(name, context, {}, call, new MemoryLog()).catch((error: unknown) => error);
  if (!(ended instanceof AdminError) || ended.kind !== 'forbidden') return true;
  assert.deepEqual(touched, [], `${name} as ${role}: refused after a look at the store`);
  assert.equal(noted.length, 1, `${name} as ${role}: a refusal is in the trail`);
  return false;
}

test('every operation, as every role: allowed where the golden file says so, and nowhere else', async () => {
  const allowed: Record<string, readonly Role[]> = {};
  for (const name of [...operationNames].sort()) {
    const roles: Role[] = [];
    for (const role of ROLES) if (await isLetIn(name, role)) roles.push(role);
    assert.deepEqual(
      roles,
      ROLES.filter((role) => mayDo(role, rightOf(name))),
      name,
    );
    allowed[name] = roles;
  }
  const lines = Object.entries(allowed).map(([name, roles]) => `  ${JSON.stringify(name)}: ${JSON.stringify(roles)}`);
  const text = `{\n${lines.join(',\n')}\n}\n`;
  if (process.env.WRITE_GOLDEN === '1') writeFileSync(GOLDEN, text);
  assert.deepEqual(allowed, JSON.parse(readFileSync(GOLDEN, 'utf8')));
});

test('the owner may do everything, and what only looks at counts is open to everybody', () => {
  for (const name of operationNames) assert(mayDo('owner', rightOf(name)), name);
  assert(mayDo('read', rightOf('gateway.status')));
});

test('two roles have the rights in common that both have, and no others', () => {
  for (const a of ROLES)
    for (const b of ROLES) {
      const common = commonRole(a, b);
      for (const right of ROLES)
        assert.equal(mayDo(common, right), mayDo(a, right) && mayDo(b, right), `${a} ${b} ${right}`);
      assert.equal(commonRole(b, a), common);
    }
  assert(!covers('registry', 'security') && !covers('security', 'registry'));
});
