/**
 * What only the operator can give: certificates of auditors, and who else processes the data. The
 * statement has names and hashes of the files, which are copied as they are.
 */
import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { basename } from 'node:path';
import { problemLines, readTable } from '../../admin/csv-table.ts';
import { CommandError } from '../../cli/exit.ts';
import { z } from '../../config/zod.ts';
import type { CsvProblem } from '../../domain/csv-problem.ts';

/** Most octets of one certificate: a scan of a few pages. */
const MAX_FILE = 16 * 1024 * 1024;
export const MAX_FILES = 20;
const MAX_PROCESSORS = 200;

const cell = z.string().min(1).max(200);
export const givenView = z.object({
  certificates: z
    .array(z.object({ name: cell, octets: z.number(), sha256: z.string().regex(/^[0-9a-f]{64}$/) }))
    .max(MAX_FILES)
    .readonly(),
  processors: z
    .array(z.object({ name: cell, service: cell, country: cell }))
    .max(MAX_PROCESSORS)
    .readonly()
    .optional()
    .meta({ description: 'Absent: nobody gave a file of them. Empty: the file says that there is none.' }),
});
export type Given = z.infer<typeof givenView>;

export interface GivenFile {
  readonly name: string;
  readonly octets: Buffer;
}

/**
 * Reads the files. Throws CommandError, exit code 2, if a file cannot be read, is empty or too
 * large, or if two have the same name.
 */
export function readCertificates(paths: readonly string[]): readonly GivenFile[] {
  const refuse = (path: string, why: string): never => {
    throw new CommandError('usage', `Cannot use "${path}" as a certificate of the operator: ${why}`);
  };
  if (paths.length > MAX_FILES) refuse(paths[MAX_FILES] ?? '', `at most ${MAX_FILES} files can be given`);
  const names = new Set<string>();
  return paths.map((path) => {
    const name = basename(path);
    if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/.test(name))
      refuse(path, 'its name may have letters, digits, ".", "-" and "_", at most 100; rename it');
    if (names.has(name)) refuse(path, 'another file of that name was given; rename one');
    names.add(name);
    let octets: Buffer;
    try {
      if (statSync(path).size > MAX_FILE) refuse(path, `it is larger than ${MAX_FILE} bytes; give a smaller copy`);
      octets = readFileSync(path);
    } catch (error) {
      if (error instanceof CommandError) throw error;
      return refuse(path, `${(error as Error).message}; name a file that you may read`);
    }
    if (octets.length === 0) refuse(path, 'it is empty; name the file that the auditor gave');
    return { name, octets };
  });
}

export const toldFiles = (files: readonly GivenFile[]): Given['certificates'] =>
  files.map(({ name, octets }) => ({
    name,
    octets: octets.length,
    sha256: createHash('sha256').update(octets).digest('hex'),
  }));

/**
 * Reads a CSV file with the columns `name`, `service` and `country`. Throws CommandError, exit code
 * 2, with every line that cannot be used.
 */
export async function readProcessors(text: string): Promise<NonNullable<Given['processors']>> {
  const problems: CsvProblem[] = [];
  const found: { name: string; service: string; country: string }[] = [];
  const columns = ['name', 'service', 'country'] as const;
  const shape = { required: columns, optional: [], records: MAX_PROCESSORS };
  for await (const item of readTable([Buffer.from(text)] as unknown as AsyncIterable<Uint8Array>, shape)) {
    if (item.kind === 'problem') problems.push(item.problem);
    if (item.kind !== 'record') continue;
    const { record } = item;
    const bad = columns.find((column) => !cell.safeParse(record.cell(column)).success);
    if (bad === undefined)
      found.push({ name: record.cell('name'), service: record.cell('service'), country: record.cell('country') });
    else problems.push({ line: record.line, column: bad, text: 'expected 1 to 200 characters' });
  }
  if (problems.length > 0)
    throw new CommandError(
      'usage',
      `Cannot use the file of sub-processors, nothing was written:\n${problemLines(problems)}`,
    );
  return found;
}
