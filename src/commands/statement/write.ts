/**
 * The folder that `sluis statement` writes: the signed file, its parts as separate files, and the
 * certificates that were given.
 */
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { CommandError } from '../../cli/exit.ts';
import { fileCode, newFile } from '../../cli/new-file.ts';
import { defined } from '../../domain/defined.ts';
import { MAX_DOCUMENT, readDocument } from '../../trail/read-document.ts';
import type { AnyOperation, Here } from '../core/row.ts';
import { type Given, readCertificates, readProcessors, toldFiles } from './given.ts';
import type { WrittenStatement } from './make.ts';

interface Wish {
  readonly organisation?: string | undefined;
  readonly language: string;
  readonly certificate: readonly string[];
  readonly processors?: string | undefined;
  readonly out: string;
}

/**
 * Writes the folder. `make`: the operation that makes the statement. If anything fails, no folder
 * is left.
 */
export async function writeStatement(
  here: Here,
  make: AnyOperation,
  { organisation, language, certificate, processors, out }: Wish,
): Promise<WrittenStatement & { readonly folder: string }> {
  const files = readCertificates(certificate);
  const given: Given = {
    certificates: toldFiles(files),
    ...defined({ processors: processors === undefined ? undefined : await readProcessors(textOf(processors)) }),
  };
  makeFolder(out);
  try {
    const pieces: Buffer[] = [];
    let octets = 0;
    const receive = (piece: string): void => {
      octets += piece.length;
      if (octets <= MAX_DOCUMENT) pieces.push(Buffer.from(piece, 'latin1'));
    };
    const input = { language, ...defined({ organisation }) };
    const made = (await here.call(make, input, { upload: JSON.stringify(given), receive })) as WrittenStatement;
    const signed = Buffer.concat(pieces);
    // The parts are read back from the signed file, so that they are exactly what was signed.
    const read = await readDocument(signed);
    if (!read.ok)
      throw new CommandError(
        'failed',
        `Cannot write the statement: what the gateway sent is not whole (${read.error}); try again`,
      );
    newFile(join(out, 'statement.eml'), 0o644).write(signed);
    for (const [name, content] of read.value.parts) newFile(join(out, name), 0o644).write(content);
    if (files.length > 0) mkdirSync(join(out, 'certificates'));
    for (const { name, octets: content } of files) newFile(join(out, 'certificates', name), 0o644).write(content);
    return { folder: out, ...made };
  } catch (error) {
    rmSync(out, { recursive: true, force: true });
    throw error;
  }
}

function makeFolder(path: string): void {
  try {
    mkdirSync(path, { mode: 0o755 });
  } catch (error) {
    throw new CommandError(
      fileCode(error),
      `Cannot make the folder "${path}": ${(error as Error).message}; name a new folder in one that you may write`,
    );
  }
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new CommandError(
      'usage',
      `Cannot read "${path}": ${(error as Error).message}; name a CSV file that you may read`,
    );
  }
}
