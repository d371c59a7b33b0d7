/**
 * A command loads what it runs, and says all the same whatever it would say if every command were
 * there.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type TestContext, test } from 'node:test';
import { Command } from 'commander';
import { groups, summaries } from '../../src/cli/groups.ts';
import { buildProgram } from '../../src/cli/program.ts';
import { addGroup } from '../../src/cli/subject.ts';
import { sluis, sluisHere } from '../support/command-line.ts';
import { loginOf, startTestGateway } from '../support/gateway.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const silent = { out: () => undefined, err: () => undefined, code: 0 };

/**
 * Most files that "account show" may load, with those of packages, and those of our own among them:
 * a subject has what the gateway runs in its rows as well. Each takes 0.4 ms of processor time to
 * find, to read, to link and to run.
 */
const MOST = { sources: 186, files: 237 };
/** Most that help may load, which needs no command. */
const MOST_OF_HELP = { sources: 24, files: 32 };

test('the table names exactly the commands that each file adds, each once', async () => {
  for (const { names, load } of groups) {
    const program = new Command();
    addGroup(silent, program, await load());
    assert.deepEqual(
      program.commands.map((command) => [command.name(), command.description()]),
      Object.entries(names),
    );
  }
  const all = (await buildProgram(silent)).commands.map((command) => command.name());
  assert.deepEqual(
    all,
    summaries.map(([name]) => name),
  );
  assert.equal(new Set(all).size, all.length);
});

test('every command has the same help, alone or with all the others', async () => {
  const helpOf = (command: Command): string[] => [command.helpInformation(), ...command.commands.flatMap(helpOf)];
  const full = await buildProgram(silent);
  for (const command of full.commands) {
    const alone = (await buildProgram(silent, command.name())).commands.find((one) => one.name() === command.name());
    assert(alone !== undefined, command.name());
    assert.deepEqual(helpOf(alone), helpOf(command));
  }
});

test('help of the whole program lists every command, and help of one is had by its name', async () => {
  for (const args of [['--help'], ['help']]) {
    const { code, stdout } = await sluisHere(args);
    assert.equal(code, 0);
    for (const [name] of summaries) assert.match(stdout, new RegExp(`^ {2}${name} `, 'm'));
  }
  const { stdout } = await sluisHere(['help', 'account']);
  assert.equal(stdout, (await sluisHere(['account', '--help'])).stdout);
});

test('help of the whole program loads none of the commands', async (t) => {
  for (const args of [['--help'], ['help']]) {
    const loaded = await loadedBy(t, args);
    const own = sourcesOf(loaded);
    assert(own.includes('src/main.ts'), own.join('\n'));
    assert(own.length <= MOST_OF_HELP.sources, `${own.length} sources:\n${own.join('\n')}`);
    assert(loaded.length <= MOST_OF_HELP.files, `${loaded.length} files:\n${loaded.join('\n')}`);
    assert(!own.includes('src/commands/account.ts'));
  }
});

const sourcesOf = (loaded: readonly string[]): readonly string[] => loaded.filter((file) => file.startsWith('src/'));

/**
 * The files that a command loaded, as V8 counts them for coverage: paths below the project's
 * folder.
 */
async function loadedBy(t: TestContext, args: readonly string[]): Promise<readonly string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'sluis-loaded-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const ran = await sluis(args, { env: { NODE_V8_COVERAGE: folder } });
  assert.equal(ran.code, 0, ran.stderr);
  const urls = readdirSync(folder).flatMap((name) => {
    const { result } = JSON.parse(readFileSync(join(folder, name), 'utf8')) as { result: { url: string }[] };
    return result.map(({ url }) => url);
  });
  const files = urls.filter((url) => url.startsWith('file:')).map((url) => fileURLToPath(url));
  return [...new Set(files)].map((file) => file.replace(ROOT, ''));
}

test('account show beside a running gateway loads no more files and packages than it needs', async (t) => {
  const gateway = await startTestGateway({ accounts: ['anna'] });
  t.after(() => gateway.remove());
  const loaded = await loadedBy(t, ['account', 'show', loginOf('anna').login, '--config', gateway.config.file]);
  const own = sourcesOf(loaded);
  assert(own.includes('src/commands/account.ts'), own.join('\n'));
  assert(
    own.length <= MOST.sources,
    `${own.length} sources, at most ${MOST.sources}: what a row needs only in \`run\` it loads there, with \`await import(...)\`. Loaded:\n${own.join('\n')}`,
  );
  assert(loaded.length <= MOST.files, `${loaded.length} files, at most ${MOST.files}. Loaded:\n${loaded.join('\n')}`);
  const packages = loaded.flatMap((file) => /node_modules\/(@[^/]+\/[^/]+|[^/]+)\//.exec(file)?.[1] ?? []);
  assert.deepEqual([...new Set(packages)].sort(), ['commander', 'smol-toml', 'zod']);
});
