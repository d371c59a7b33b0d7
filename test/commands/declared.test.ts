/**
 * What docs/contributing.md shows: an operation that is declared in one file is everywhere. Its own
 * text is put into a copy of the program.
 */
// @release: one row in all its places, in a program made for it. At a merge each place has its rows: commands/rows, commands/fields, cli/completion, cli/frozen, api/administration/rights.
import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import type { AdminContext } from '../../src/admin/context.ts';
import type { Call } from '../../src/admin/call.ts';
import type * as Operations from '../../src/admin/operations.ts';
import type * as Tree from '../../src/cli/command-tree.ts';
import type * as Completion from '../../src/commands/completion.ts';
import type * as Page from '../../src/cli/commands-page.ts';
import type * as Rows from '../../src/cli/placed.ts';
import type * as Program from '../../src/cli/program.ts';
import { type Role, ROLES } from '../../src/domain/roles.ts';
import { serving, sluis } from '../support/command-line.ts';
import { MemoryLog } from '../support/log.ts';

const root = join(import.meta.dirname, '..', '..');
const page = readFileSync(join(root, 'docs', 'contributing.md'), 'utf8');
const [row = ''] = /^ {2}owner: reads\(\{\n[\s\S]*?^ {2}\}\),\n/m.exec(page) ?? [];

/** The program with one row more in src/commands/address.ts. */
function copied(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'sluis-declared-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const src = join(folder, 'src');
  cpSync(join(root, 'src'), src, { recursive: true });
  for (const name of ['node_modules', 'package.json']) symlinkSync(join(root, name), join(folder, name));
  const file = join(src, 'commands', 'address.ts');
  const before = readFileSync(file, 'utf8');
  const after = before.replace(/^ +list: lists\(\{$/m, (line) => `${row}${line}`);
  assert.notEqual(after, before);
  writeFileSync(file, after);
  return src;
}

test('the operation of docs/contributing.md is in help, completion, page, rights, socket and trail', async (t) => {
  assert.match(row, /right: 'support'/, 'the page shows it');
  const src = copied(t);
  const load = async <M>(name: string): Promise<M> => (await import(pathToFileURL(join(src, name)).href)) as M;

  const { buildProgram } = await load<typeof Program>('cli/program.ts');
  const program = await buildProgram({ out: () => undefined, err: () => undefined, code: 0 });
  const help = program.commands.find((one) => one.name() === 'address')?.commands.find((one) => one.name() === 'owner');
  assert.match(
    help?.helpInformation() ?? '',
    /Usage: sluis address owner \[options\] <address>\n\nsay whose an address is/,
  );

  const { factsOf } = await load<typeof Tree>('cli/command-tree.ts');
  const { completionScript } = await load<typeof Completion>('commands/completion.ts');
  assert.match(completionScript('bash', factsOf(program)), /'address owner'\) options='--config --json/);

  const { writeCommands } = await load<typeof Page>('cli/commands-page.ts');
  const { placed } = await load<typeof Rows>('cli/placed.ts');
  const before = readFileSync(join(root, 'docs', 'commands.md'), 'utf8');
  const written = writeCommands(before, factsOf(program), await placed());
  const section = /^### address owner\n[\s\S]*?(?=^###? )/m.exec(written)?.[0] ?? '';
  assert.match(section, /^Say whose an address is\.$/m);
  assert.match(section, /^sluis address owner lab@huisarts\.example$/m);
  assert.match(section, /^May be done by `support`, `registry`, `security`, `owner`\. Changes nothing\.$/m);
  assert.match(section, /^- `address`, `account`$/m);

  const { runOperation } = await load<typeof Operations>('admin/operations.ts');
  const allowed = await Promise.all(ROLES.map(async (role) => ((await refusedFor(runOperation, role)) ? [] : [role])));
  assert.deepEqual(allowed.flat(), ['support', 'registry', 'security', 'owner']);

  await onGateway(join(src, 'main.ts'));
});

/**
 * Asks a gateway of the copy over its socket, as a command and as a program, and reads what the
 * trail has of it.
 */
async function onGateway(main: string): Promise<void> {
  const config = join(dirname(main), 'sluis.toml');
  const done = async (...args: string[]): Promise<string> => {
    const ran = await sluis([...args, '--config', config], { main, env: { SUDO_USER: 'anna' } });
    assert.equal(ran.code, 0, ran.stderr);
    return ran.stdout;
  };
  await done('init', '--hostname', 'localhost', '--dev-certificates');
  const gateway = await serving(config, { main });
  try {
    await asked(done);
  } finally {
    // Before its folder goes.
    await gateway.end();
  }
}

async function asked(done: (...args: string[]) => Promise<string>): Promise<void> {
  await done('organisation', 'add', 'praktijk-jansen');
  await done('account', 'add', 'huisarts', '--organisation', 'praktijk-jansen', '--no-password');
  await done('address', 'add', 'huisarts', 'lab@huisarts.example');
  assert.equal(await done('address', 'owner', 'lab@huisarts.example'), 'lab@huisarts.example is of huisarts.\n');
  assert.deepEqual(JSON.parse(await done('address', 'owner', 'lab@huisarts.example', '--json')), {
    address: 'lab@huisarts.example',
    account: 'huisarts',
  });
  const rows = JSON.parse(await done('audit', 'list', '--event', 'operator.looked', '--json')) as Looked[];
  const found = rows.filter(({ facts }) => facts.operation === 'address.owner');
  assert.deepEqual(
    found.map(({ facts: { by, actor, address } }) => [by, actor, address]),
    Array(2).fill(['gateway', 'anna', 'lab@huisarts.example']),
  );
}

interface Looked {
  readonly facts: Readonly<Record<string, string>>;
}

/**
 * Whether somebody with this role is told that he may not. Whoever may comes as far as the store,
 * which is none.
 */
async function refusedFor(run: typeof Operations.runOperation, role: Role): Promise<boolean> {
  const call: Call = { actor: { name: 'anna' }, who: { role, proof: 'said' }, progress: () => undefined };
  const context = { store: { audit: { note: () => undefined, record: () => undefined } } } as unknown as AdminContext;
  try {
    await run(
      'address.owner' as Operations.OperationName,
      context,
      { address: 'lab@huisarts.example' },
      call,
      new MemoryLog(),
    );
    return false;
  } catch (error) {
    return (error as { kind?: string }).kind === 'forbidden';
  }
}
