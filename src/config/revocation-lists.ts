/**
 * Reads revocation lists from where the configuration says: files, and folders that an authority's
 * lists are put into.
 */
import { readFile, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Milliseconds } from '../domain/units.ts';
import { reasonOf } from './files.ts';
import type { Config } from './schema.ts';

/** Authorities whose lists the configuration names. */
export type ListedAuthorities = 'tls.client-authorities' | 'smime.authorities';

export interface ListPlaces {
  /** The setting that says where they are. */
  readonly name: string;
  /** Files and folders. */
  readonly places: readonly string[];
  /** How long an overdue list counts. */
  readonly grace: Milliseconds;
}

export const listsOf = ({ tls, smime }: Pick<Config, 'tls' | 'smime'>, of: ListedAuthorities): ListPlaces =>
  of === 'smime.authorities'
    ? { name: 'smime.revocation-lists', places: smime['revocation-lists'], grace: smime['revocation-grace'] }
    : {
        name: 'tls.client-revocation-lists',
        places: tls['client-revocation-lists'],
        grace: tls['client-revocation-grace'],
      };

/** Largest revocation list that is read; the largest of a national authority has a few MB. */
const MAX_LIST = 64 * 1024 * 1024;
const MOST_LISTS = 1000;

type ReadList = { readonly file: string } & ({ readonly octets: Buffer } | { readonly error: string });

/** Every revocation list of the files and folders, or why it cannot be read. */
export async function readRevocationLists(places: readonly string[]): Promise<readonly ReadList[]> {
  const found: ReadList[] = [];
  for (const place of places)
    for (const file of await listsAt(place)) if (found.length < MOST_LISTS) found.push(await readList(file));
  return found;
}

async function listsAt(place: string): Promise<readonly string[]> {
  try {
    const names = (await stat(place)).isDirectory() ? await readdir(place) : undefined;
    if (names === undefined) return [place];
    return names
      .filter((name) => /\.(?:crl|pem)$/i.test(name))
      .sort()
      .map((name) => join(place, name));
  } catch {
    // An error is reported when the file is read.
    return [place];
  }
}

async function readList(file: string): Promise<ReadList> {
  try {
    const { size } = await stat(file);
    if (size > MAX_LIST) return { file, error: `it has ${size} bytes, more than ${MAX_LIST}` };
    return { file, octets: await readFile(file) };
  } catch (error) {
    return { file, error: reasonOf(error) };
  }
}
