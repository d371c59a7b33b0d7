/** Every file of the source, for tests that read what the code says. */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..', '..');

/** All files of the source, such as `src/smtp/server.ts`. */
export const sourceFiles = (): readonly string[] =>
  readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => `src/${file}`);

export const sourceText = (file: string): string => readFileSync(join(root, file), 'utf8');
