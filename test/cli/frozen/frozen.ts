/**
 * What each command does today, held to golden files: exit code, fields of `--json`, what people
 * read, rows of the trail, files. A scene is a list of commands that build on each other.
 * `WRITE_GOLDEN=1` writes the files anew: read the difference before it is committed.
 */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { after, test } from 'node:test';
import { exitCodes } from '../../../src/cli/exit-codes.ts';
import { runCommandLine } from '../../../src/cli/program.ts';
import { dayOf, isoDay } from '../../../src/domain/working-days.ts';
import { buildVersion } from '../../../src/platform/version.ts';
import { DATABASE_FILE } from '../../../src/store/sqlite/writer-files.ts';
import { wordsOf } from '../../commands/scene/scene.ts';
import { FakeClock } from '../../support/clock.ts';
import { type TestGateway, type TestGatewayOptions, startTestGateway } from '../../support/gateway.ts';
import { type Files, changedFiles, filesIn, trailBehind } from './effects.ts';
import { leafOf, readsOnly, takesJson } from './tree.ts';
import { type Plain, Words, readable, shapeOf } from './words.ts';

const ROOT = join(import.meta.dirname, '..', '..', '..');
export const GOLDEN = join(ROOT, 'test', 'golden', 'commands');

/** One command. `{here}`, `{gateway}`, `{+30d}` and what was kept stand for values of the run. */
export interface Run {
  /** Words as in a shell: what has spaces stands in single quotes. */
  readonly run: string;
  /** Exit code; 0 when left out. */
  readonly code?: number;
  /** Standard input. */
  readonly input?: string;
  /** What a person types, question by question. */
  readonly typed?: readonly string[];
  /**
   * Values for commands that follow, by name: where they stand in the JSON, such as `0.serial`, or
   * `operation=operator.end.id` in the row of a list that has it.
   */
  readonly keep?: Readonly<Record<string, string>>;
  /** Also as people see it. Left out: where the command only reads and is not refused. */
  readonly people?: boolean;
  /** The rows of its list come in an order that is drawn at random. */
  readonly anyOrder?: boolean;
  /** Values depend on the machine or on Node: of the JSON only fields and types are kept. */
  readonly shape?: boolean;
  /** As people see it alone. */
  readonly plain?: boolean;
}

export type Step = Run | string | ((scene: Scene) => unknown);

export class Scene {
  /** Files of the test, outside the gateway's folder. */
  readonly here = realpathSync(mkdtempSync(join(tmpdir(), 'sluis-frozen-')));
  /**
   * A little ahead: a key of OpenPGP is made by the clock of the machine, and would not be valid
   * yet in some runs.
   */
  readonly clock = new FakeClock(Date.now() + 120_000);
  readonly kept: Record<string, string> = {};
  gateway!: TestGateway;
  serving = true;
  #last = 0;
  #files: Files = new Map();

  static async open(options: TestGatewayOptions): Promise<Scene> {
    const scene = new Scene();
    scene.gateway = await startTestGateway({ clock: scene.clock, ...options });
    return scene;
  }

  get config(): string {
    return this.gateway.config.file;
  }

  at(name: string): string {
    return join(this.here, name);
  }

  write(name: string, content: string | Uint8Array): void {
    writeFileSync(this.at(name), content, { mode: 0o600 });
  }

  /** From here on commands open the store themselves. */
  async stop(): Promise<void> {
    if (this.serving) await this.gateway.stop();
    this.serving = false;
  }

  async serve(): Promise<void> {
    this.gateway = await this.gateway.restart();
    this.serving = true;
  }

  async close(): Promise<void> {
    await this.gateway.remove();
    rmSync(this.here, { recursive: true, force: true });
  }

  get words(): Words {
    return new Words([
      [this.here, '{here}'],
      [realpathSync(this.gateway.folder), '{gateway}'],
      [this.gateway.folder, '{gateway}'],
      [buildVersion(), '<version>'],
      [process.versions.node, '<version>'],
      [process.versions.openssl, '<version>'],
      ...Object.entries(this.kept).map(([name, value]) => [value, `{${name}}`] as const),
    ]);
  }

  filled(text: string): string {
    return text.replace(/\{([^{}\s]+)\}/g, (whole, name: string) => {
      if (name === 'here') return this.here;
      if (name === 'gateway') return this.gateway.folder;
      const [, sign, n, unit] = /^([+-])(\d+)([dm])$/.exec(name) ?? [];
      if (n !== undefined) {
        const day = dayOf(this.clock.now()) + (sign === '-' ? -1 : 1) * Number(n);
        return isoDay(day).slice(0, unit === 'm' ? 7 : 10);
      }
      return this.kept[name] ?? assert.fail(`${whole} is not known: ${Object.keys(this.kept).join(', ')}`);
    });
  }

  async mark(): Promise<void> {
    await this.#rows();
    this.#files = this.#look();
  }

  #look(): Files {
    return filesIn([this.here, realpathSync(this.gateway.folder)]);
  }

  async #rows(): Promise<readonly Plain[]> {
    // Reads wait for what was noted.
    if (this.serving) await this.gateway.store.audit.head();
    const { last, rows } = trailBehind(join(this.gateway.config.data.folder, DATABASE_FILE), this.#last, this.words);
    this.#last = last;
    return rows;
  }

  /** What the last command left, and nothing of before. */
  async effects(): Promise<{ readonly trail: readonly Plain[]; readonly files: readonly Plain[] }> {
    const trail = await this.#rows();
    const files = this.#look();
    const changed = changedFiles(this.#files, files, this.words);
    this.#files = files;
    return { trail, files: changed };
  }
}

interface Said {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function ranWith(scene: Scene, line: readonly string[], step: Run): Promise<Said> {
  let [stdout, stderr] = ['', ''];
  const typed = [...(step.typed ?? [])];
  const ask = (question: string): Promise<string> => {
    stderr += `${question}\n`;
    return Promise.resolve(scene.filled(typed.shift() ?? assert.fail(`nobody answers "${question}"`)));
  };
  const config =
    line.includes('--config') || leafOf(line)?.command.options.every(({ long }) => long !== '--config') === true;
  const code = await runCommandLine([...line, ...(config ? [] : ['--config', scene.config])], {
    out: (text) => (stdout += text),
    err: (text) => (stderr += text),
    input: scene.filled(step.input ?? ''),
    ...(step.typed === undefined ? {} : { ask }),
    code: 0,
  });
  return { code, stdout, stderr };
}

/**
 * An error is in the golden file as people read it; with `--json` it is an object, whose kind and
 * code are those of the exit code.
 */
function asText(said: Said): Said {
  const [, before = '', object] = /^([\s\S]*?)(\{"error":.*)\n$/.exec(said.stderr) ?? [];
  if (object === undefined) return said;
  const { kind, code, message } = (JSON.parse(object) as { error: Record<string, unknown> }).error;
  assert.equal(code, said.code);
  assert.equal(exitCodes[kind as keyof typeof exitCodes], code);
  return { ...said, stderr: `${before}${message as string}\n` };
}

/** What one command did, as the golden file has it. */
async function frozen(scene: Scene, step: Run): Promise<Record<string, Plain>> {
  const words = wordsOf(step.run).map((word) => scene.filled(word));
  const leaf = leafOf(words) ?? assert.fail(`"${step.run}" is not a command`);
  await scene.mark();
  const json = takesJson(leaf) && step.plain !== true && !words.includes('--csv');
  const said = asText(await ranWith(scene, json ? [...words, '--json'] : words, step));
  assert.equal(said.code, step.code ?? 0, `${step.run}: ${said.stdout}${said.stderr}`);
  const { trail, files } = await scene.effects();
  const own = scene.words;
  const parsed = json && said.stdout !== '' ? (JSON.parse(said.stdout) as unknown) : undefined;
  for (const [name, path] of Object.entries(step.keep ?? {})) scene.kept[name] = valueAt(parsed, path);
  const read = json && (step.people ?? (readsOnly(leaf) && said.code === 0));
  const people = read ? await ranWith(scene, words, step) : undefined;
  if (people !== undefined) assert.equal(people.code, said.code, `${step.run} without --json: ${people.stderr}`);
  return {
    command: leaf.path,
    run: step.run,
    ...(step.input === undefined ? {} : { input: step.input }),
    ...(step.typed === undefined ? {} : { typed: step.typed }),
    code: said.code,
    ...(parsed === undefined
      ? {}
      : { json: step.shape === true ? shapeOf(own.value(parsed)) : inOrder(own.value(parsed), step) }),
    ...(parsed === undefined && said.stdout !== '' ? { stdout: own.lines(said.stdout) } : {}),
    ...(people === undefined ? {} : { people: inOrder(own.lines(people.stdout), step) }),
    ...(said.stderr === '' ? {} : { stderr: own.lines(said.stderr) }),
    trail,
    ...(files.length === 0 ? {} : { files }),
  };
}

function inOrder(value: Plain, { anyOrder = false }: Run): Plain {
  if (!anyOrder || !Array.isArray(value)) return value;
  return [...(value as readonly Plain[])].sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
}

function valueAt(json: unknown, path: string): string {
  const [, field = '', wanted, rest = path] = /^([a-z]+)=(.+)\.([a-z]+)$/i.exec(path) ?? [];
  let value = wanted === undefined ? json : (json as Record<string, unknown>[]).find((row) => row[field] === wanted);
  for (const name of rest.split('.')) value = (value as Record<string, unknown> | undefined)?.[name];
  assert.ok(
    typeof value === 'string' || typeof value === 'number',
    `nothing stands at ${path} in ${JSON.stringify(json)}`,
  );
  return String(value);
}

export interface SceneOptions extends TestGatewayOptions {
  /** Commands open the store themselves, from the beginning. */
  readonly stopped?: boolean;
}

/**
 * Whether the golden file was written by these commands: else every one behind the first that
 * differs would be compared with another one.
 */
const same = (named: readonly string[], golden: readonly Plain[]): boolean =>
  named.length === golden.length && named.every((run, n) => (golden[n] as { readonly run?: Plain }).run === run);

/** One test for each command of `steps`, against `test/golden/commands/NAME.json`. */
export function freeze(name: string, options: SceneOptions, steps: readonly Step[]): void {
  // Who gives the commands, with what.
  process.env.SUDO_USER = 'beheer';
  delete process.env.SLUIS_CONFIG;
  delete process.env.SLUIS_OPERATOR_KEY;
  process.umask(0o022);
  const file = join(GOLDEN, `${name}.json`);
  const writes = process.env.WRITE_GOLDEN === '1';
  const golden = !writes && existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Plain[]) : [];
  const done: Record<string, Plain>[] = [];
  test(`${name}: commands do what they did`, async (t) => {
    const scene = await Scene.open(options);
    t.after(() => scene.close());
    if (options.stopped === true) await scene.stop();
    const named = steps.flatMap((step) =>
      typeof step === 'function' ? [] : typeof step === 'string' ? step : step.run,
    );
    const isOfGolden = same(named, golden);
    for (const step of steps) {
      if (typeof step === 'function') {
        await step(scene);
        continue;
      }
      const run = typeof step === 'string' ? { run: step } : step;
      const n = done.length;
      done.push({});
      await t.test(run.run, async () => {
        done[n] = await frozen(scene, run);
        // As text: what differs is then shown however deep it lies.
        if (!writes && isOfGolden) assert.equal(readable(done[n]), readable(golden[n] ?? null));
      });
      // What follows builds on it, and would fail in its turn.
      if (!('code' in (done[n] ?? {})))
        assert.fail(
          `the scene ends here: "${run.run}" did not do what the scene expects, which its own test above says`,
        );
    }
    if (!writes)
      assert(isOfGolden, `the scene has other commands than ${relative(ROOT, file)}: "npm run goldens" writes it anew`);
  });
  after(() => {
    if (writes && done.every((run) => 'code' in run)) writeFileSync(file, `${readable(done)}\n`);
  });
}
