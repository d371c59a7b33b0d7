/**
 * Where the examples of the command table are run: one gateway for each subject, with the
 * organisations, accounts and addresses that all examples name. A subject that needs more has a
 * file of its own beside this one.
 */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import type { AnyRow } from '../../../src/commands/core/row.ts';
import { runCommandLine } from '../../../src/cli/program.ts';
import { start } from '../../support/command-line.ts';
import type { TestGatewayOptions } from '../../support/gateway.ts';
import { Scene } from '../../cli/frozen/frozen.ts';
import { leafOf } from '../../cli/frozen/tree.ts';

/**
 * A command line, perhaps with values of its JSON that are kept for what follows, or anything else
 * that must be there.
 */
export type Step =
  string | { readonly run: string; readonly keep: Readonly<Record<string, string>> } | ((scene: Scene) => unknown);

export interface SubjectScene {
  readonly options?: TestGatewayOptions;
  /** In the current folder, by name. */
  readonly files?: Readonly<Record<string, string>>;
  /** Once, before the first example. */
  readonly begin?: readonly Step[];
  /** Before each example of a command, named by its words: `address resume`. */
  readonly before?: Readonly<Record<string, readonly Step[]>>;
  /**
   * What an example names that the run calls otherwise: `{ '5d0q3v9kz2m4x': 'message' }` stands for
   * what was kept as `message`.
   */
  readonly replace?: Readonly<Record<string, string>>;
  /** Standard input, by the words of the command. */
  readonly input?: Readonly<Record<string, string>>;
  /** Exit codes other than 0, by the whole example: `partner test umc`. */
  readonly code?: Readonly<Record<string, number>>;
  /** Of a command that goes on until it is ended: what succeeds beside it, by its words. */
  readonly beside?: Readonly<Record<string, string>>;
}

/** What all examples may name; nothing in it costs a password. */
const SHARED: readonly string[] = [
  'organisation add praktijk-jansen --title "Praktijk Jansen" --contact post@jansen.example',
  'organisation add lab-noord --title "Laboratorium Noord"',
  'organisation add umc --title UMC',
  'account add huisarts --organisation praktijk-jansen --kind mail --no-password',
  'account add assistent --organisation praktijk-jansen --kind mail --no-password',
  'account add laboratorium --organisation lab-noord --kind edi --no-password',
  'partner add umc --organisation umc --host mail.umc.example',
  'address add huisarts huisarts@huisarts.example',
  'address add huisarts lab@huisarts.example',
  'address add assistent assistent@huisarts.example',
  'address add laboratorium uitslagen@lab-noord.example',
  'address add umc box@umc.example',
];

/** Words as a shell makes them. */
export const wordsOf = (line: string): string[] =>
  (line.match(/(?:"[^"]*"|'[^']*'|[^\s"'])+/g) ?? []).map((word) => word.replaceAll(/"([^"]*)"|'([^']*)'/g, '$1$2'));

export interface Said {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export class ExampleScene {
  readonly #scene: Scene;
  readonly #of: SubjectScene;

  private constructor(scene: Scene, of: SubjectScene) {
    this.#scene = scene;
    this.#of = of;
  }

  /** The process works in the folder of the scene until it is closed. */
  static async open(of: SubjectScene): Promise<ExampleScene> {
    const scene = new ExampleScene(await Scene.open(of.options ?? {}), of);
    const home = process.cwd();
    process.chdir(scene.#scene.here);
    scene.close = async () => {
      process.chdir(home);
      await scene.#scene.close();
    };
    for (const [name, text] of Object.entries(of.files ?? {})) writeFileSync(name, text, { mode: 0o600 });
    for (const step of [...SHARED, ...(of.begin ?? [])]) await scene.#prepare(step);
    return scene;
  }

  close = (): Promise<void> => Promise.resolve();

  /**
   * Runs `sluis COMMAND EXAMPLE`; `more`: options that the test adds. A shell would put what is
   * printed into the file behind `>`.
   */
  async run(command: string, example: string, ...more: string[]): Promise<Said> {
    return await this.#say([...(await this.#typed(command, example)), ...more], this.#of.input?.[command]);
  }

  /** Starts it in a process of its own, sees that it is ready, and ends it. */
  async runs(command: string, example: string): Promise<number | null> {
    const running = start(this.#withConfig(await this.#typed(command, example)));
    try {
      await running.until('gateway.started');
      await this.#prepare(this.#of.beside?.[command] ?? assert.fail(`nothing is asked beside ${command}`));
    } catch (error) {
      await running.end('SIGKILL');
      throw error;
    }
    return await running.end();
  }

  async #typed(command: string, example: string): Promise<readonly string[]> {
    for (const step of this.#of.before?.[command] ?? []) await this.#prepare(step);
    let [line = ''] = `${command} ${example}`.trimEnd().split(' > ');
    for (const [shown, kept] of Object.entries(this.#of.replace ?? {}))
      if (line.includes(shown))
        line = line.replaceAll(shown, this.#scene.kept[kept] ?? assert.fail(`nothing was kept as ${kept}`));
    return wordsOf(line);
  }

  codeOf(command: string, example: string): number {
    return this.#of.code?.[`${command} ${example}`.trimEnd()] ?? 0;
  }

  async #prepare(step: Step): Promise<void> {
    if (typeof step === 'function') {
      await step(this.#scene);
      return;
    }
    const { run, keep } = typeof step === 'string' ? { run: step, keep: undefined } : step;
    const said = await this.#say([...wordsOf(this.#scene.filled(run)), ...(keep === undefined ? [] : ['--json'])]);
    assert.equal(said.code, 0, `${run}: ${said.stderr}`);
    for (const [name, path] of Object.entries(keep ?? {})) {
      const value = path
        .split('.')
        .reduce<unknown>((from, part) => (from as Record<string, unknown>)[part], JSON.parse(said.stdout));
      this.#scene.kept[name] = String(value);
    }
  }

  async #say(words: readonly string[], input = ''): Promise<Said> {
    let [stdout, stderr] = ['', ''];
    const code = await runCommandLine(this.#withConfig(words), {
      out: (text) => (stdout += text),
      err: (text) => (stderr += text),
      input,
      code: 0,
    });
    return { code, stdout, stderr };
  }

  #withConfig(words: readonly string[]): readonly string[] {
    const takesConfig = leafOf(words)?.command.options.some(({ long }) => long === '--config') ?? false;
    return takesConfig && !words.includes('--config') ? [...words, '--config', this.#scene.config] : words;
  }
}

/** A look, which may be run twice: it writes no file, and has an answer for programs. */
export const onlyLooks = (row: AnyRow, example: string): boolean =>
  !/ --(?:out|bundle)\b/.test(` ${example}`) &&
  (row.at !== 'here' || row.shares?.includes('json') !== false) &&
  (row.effect === 'reads' || row.effect === 'lists' || / --dry-run\b/.test(` ${example}`));
