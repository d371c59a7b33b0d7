/**
 * What this engine's reader does in its own way, beside the reads that are written once for all
 * engines: it opens contents, and lists maildrops. Plain methods, called as reads are.
 */
import type { KeyFolder } from '../../crypto/keys/key-folder.ts';
import type { Remote } from '../sql/remote.ts';
import { ContentReader } from './content-reader.ts';
import type { Db } from './database.ts';
import { ListingReader } from './listing-reader.ts';

export const OWN_READS = { contents: ContentReader, listings: ListingReader };
/** An instance of each class of reads, in the reader's thread. */
export type OwnReads = { readonly [K in keyof typeof OWN_READS]: InstanceType<(typeof OWN_READS)[K]> };
/** The reads as callers of the main thread have them. */
export type OwnReadCalls = { readonly [K in keyof OwnReads]: Remote<OwnReads[K]> };

export const ownReads = (db: Db, keys: KeyFolder): OwnReads => ({
  contents: new ContentReader(db, keys),
  listings: new ListingReader(db),
});
