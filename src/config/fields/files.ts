/** Fields that are files, folders and programs. */
import { isAbsolute } from 'node:path';
import type { z } from '../zod.ts';
import { field, withInitial, writeValue } from './field.ts';

const MAX_PATH = 4096;

export const isPath = (raw: unknown): raw is string =>
  typeof raw === 'string' && raw !== '' && raw.length <= MAX_PATH && !raw.includes('\0');

/** A file or folder. A relative path starts at the folder of the configuration file. */
export const path = (about: string, initial?: string): z.ZodType<string> =>
  field(
    withInitial(
      { about, expects: 'a path in quotes, relative to the folder of this file or absolute', isPath: true },
      initial,
    ),
    (raw) => (isPath(raw) ? raw : undefined),
  );

/** One file, or a list of them. */
export const paths = (about: string): z.ZodType<readonly string[]> =>
  field({ about, expects: 'a path in quotes, or a list of at most 4 paths', isPath: true }, (raw) => {
    const list: unknown[] = Array.isArray(raw) ? raw : [raw];
    const read = list.filter((p): p is string => isPath(p));
    return read.length === list.length && read.length > 0 && read.length <= 4 ? read : undefined;
  });

/**
 * A list of files. Relative paths start at the folder of the configuration file. Empty if left out.
 */
export const files = (about: string): z.ZodType<readonly string[]> =>
  field({ about, expects: 'a list of paths, such as ["client-ca.pem"]', initial: [], isPath: true }, (raw) => {
    if (!Array.isArray(raw) || raw.length > 100) return undefined;
    const list = raw.filter((p): p is string => isPath(p));
    return list.length === raw.length ? list : undefined;
  });

/** Writes a program. Its arguments may hold a secret, so only its path is shown. */
const programWritten = ([program = '', ...more]: readonly string[]): string =>
  writeValue(more.length === 0 ? [program] : [program, `(not shown: ${more.length})`]);

/**
 * A program by its absolute path, and its arguments. No shell is used, so nothing in it is
 * expanded.
 */
export const command = (about: string): z.ZodType<readonly string[]> =>
  field(
    {
      about,
      expects:
        'a list of a program with its absolute path and its arguments, such as ["/usr/bin/systemd-creds", "decrypt", "KEY"]',
      written: programWritten,
    },
    (raw) => {
      if (!Array.isArray(raw) || raw.length === 0 || raw.length > 64) return undefined;
      const words = raw.filter((w): w is string => typeof w === 'string' && !w.includes('\0'));
      return words.length === raw.length && isAbsolute(words[0] ?? '') ? words : undefined;
    },
  );
