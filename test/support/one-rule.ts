/**
 * Runs one of our own rules of the linter (eslint.config.js) on a file. Other rules need the whole
 * program.
 */
import { join } from 'node:path';
import { ESLint, Linter } from 'eslint';

const root = join(import.meta.dirname, '..', '..');
const eslint = new ESLint({ cwd: root });

interface Judged {
  readonly plugins: { readonly layers?: ESLint.Plugin };
  readonly languageOptions: { readonly parser: Linter.Parser };
  readonly rules: Readonly<Record<string, Linter.RuleEntry | undefined>>;
}

/**
 * What the rule `layers/NAME` says about a file with this text; undefined if the rule does not
 * apply to the file.
 */
export async function saidByRule(name: string, file: string, text: string): Promise<readonly string[] | undefined> {
  const { plugins, languageOptions, rules } = (await eslint.calculateConfigForFile(join(root, file))) as Judged;
  const { layers } = plugins;
  const rule = rules[`layers/${name}`];
  if (layers === undefined || rule === undefined) return undefined;
  const messages = new Linter({ cwd: root }).verify(
    text,
    {
      files: ['**/*.ts'],
      plugins: { layers },
      languageOptions: { parser: languageOptions.parser },
      rules: { [`layers/${name}`]: rule },
    },
    { filename: join(root, file) },
  );
  return messages.map(({ message }) => message);
}
