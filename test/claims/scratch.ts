/**
 * A copy of the compiled program in which one file of the source is another, so that its tests show
 * whether they would notice.
 */
import { cpSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import ts from 'typescript';
import type { Break } from './claim.ts';
import { ROOT } from './table.ts';

/** Copied, since what is in them is changed or says where it lies; the rest is linked. */
const COPIED = ['dist', 'scripts', 'src'];
/** Neither copied nor linked: a clone's history, and what was made beside it. */
const LEFT = ['.git', 'data', 'gateway'];

export interface Scratch {
  readonly root: string;
  /**
   * Compiles the change into the copy, threads and the command included; what was changed before is
   * as it was.
   */
  change(broken: Break): Promise<void>;
  remove(): void;
}

export function scratch(folder: string): Scratch {
  const root = mkdtempSync(join(folder, 'sluis-claims-'));
  for (const name of readdirSync(ROOT))
    if (COPIED.includes(name))
      cpSync(join(ROOT, name), join(root, name), { recursive: true, preserveTimestamps: true, verbatimSymlinks: true });
    else if (!LEFT.includes(name)) symlinkSync(join(ROOT, name), join(root, name));
  let changed: string | undefined;
  const put = (file: string, text: string): void => {
    writeFileSync(join(root, file), text);
    writeFileSync(join(root, 'dist', file.replace(/\.ts$/, '.js')), compiled(file, text));
  };
  const bundled = async (): Promise<void> => {
    // What threads and the command load is in files of their own. It finds the copy by its own
    // argument, so the original's does.
    const { bundle } = (await import(pathToFileURL(join(ROOT, 'scripts', 'bundle.mjs')).href)) as {
      bundle: (of: string) => Promise<string | undefined>;
    };
    const unfit = await bundle(root);
    if (unfit !== undefined) throw new Error(`Cannot bundle the changed copy: ${unfit}`);
  };
  const back = (): void => {
    if (changed !== undefined) put(changed, readFileSync(join(ROOT, changed), 'utf8'));
    changed = undefined;
  };
  return {
    root,
    change: async (broken) => {
      back();
      put(broken.file, brokenText(broken));
      changed = broken.file;
      await bundled();
    },
    remove: () => rmSync(root, { recursive: true, force: true }),
  };
}

/** Throws if a text does not stand in the file once. */
export function brokenText({ file, edits }: Break): string {
  let source = readFileSync(join(ROOT, file), 'utf8');
  for (const [text, by] of edits) {
    const pieces = source.split(text);
    if (pieces.length !== 2)
      throw new Error(`Cannot change ${file}: expected once, found ${pieces.length - 1} times: ${text}`);
    source = pieces.join(by);
  }
  return source;
}

function compiled(file: string, text: string): string {
  const { config } = ts.readConfigFile(join(ROOT, 'tsconfig.json'), (name) => readFileSync(name, 'utf8')) as {
    config: unknown;
  };
  const { options } = ts.parseJsonConfigFileContent(config, { ...ts.sys, readDirectory: () => [] }, ROOT);
  const { outputText } = ts.transpileModule(text, {
    // By itself it does not see that package.json says "module".
    compilerOptions: { ...options, module: ts.ModuleKind.ESNext, sourceMap: false, incremental: false },
    fileName: join(ROOT, file),
  });
  return outputText;
}
