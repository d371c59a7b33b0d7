/**
 * Reads revocation lists from the places that the configuration names: files, and folders into
 * which an authority's lists are put.
 */
import { readFile, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Milliseconds } from '../domain/units.ts';
import { reasonOf } from './files.ts';
import type { Config } from './schema.ts';

/** The settings of authorities for which the configuration names lists. */
export type ListedAuthorities = 'tls.client-authorities' | 'smime.authorities';

export interface ListPlaces {
  /** The setting that says where the lists are. */
  readonly name: string;
  /** The files and folders. */
  readonly places: readonly string[];
  /** How long a list still counts after it was due to be replaced. */
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

/**
 * Octets of the largest list that is read. The largest list of a national authority has a few MB.
 */
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
    // Reading the file will report the error.
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
