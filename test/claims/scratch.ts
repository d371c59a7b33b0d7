/**
 * A copy of the program in which one file of the source is another, so that its tests show whether
 * they would notice.
 */
import { cpSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Break } from './claim.ts';
import { ROOT } from './table.ts';

/** Copied, since what is in them is changed or says where it lies; the rest is linked. */
const COPIED = ['scripts', 'src', 'test'];
/** Neither copied nor linked: a clone's history, and what was made beside it. */
const LEFT = ['.git', 'data', 'gateway'];

export interface Scratch {
  readonly root: string;
  /** Writes the change into the copy; what was changed before is as it was. */
  change(broken: Break): void;
  remove(): void;
}

export function scratch(folder: string): Scratch {
  const root = mkdtempSync(join(folder, 'sluis-claims-'));
  for (const name of readdirSync(ROOT))
    if (COPIED.includes(name))
      cpSync(join(ROOT, name), join(root, name), { recursive: true, preserveTimestamps: true, verbatimSymlinks: true });
    else if (!LEFT.includes(name)) symlinkSync(join(ROOT, name), join(root, name));
  let changed: string | undefined;
  const put = (file: string, text: string): void => writeFileSync(join(root, file), text);
  const back = (): void => {
    if (changed !== undefined) put(changed, readFileSync(join(ROOT, changed), 'utf8'));
    changed = undefined;
  };
  return {
    root,
    change: (broken) => {
      back();
      put(broken.file, brokenText(broken));
      changed = broken.file;
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
