/**
 * What a start reads before it opens the database: the folder, the head of the file, the day keys.
 * The database itself stays closed: opening it leaves files beside it, which must be those of the
 * gateway, and a running gateway has looked into it.
 */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { KeyFolder } from '../../crypto/keys/key-folder.ts';
import { KeyFolderRefused } from '../../crypto/keys/key-folder-refused.ts';
import { StoreRefused } from '../store.ts';
import { checkFile } from './check-database.ts';
import { DATABASE_FILE } from './writer-files.ts';

export const dataFolderMissing = (folder: string): StoreRefused =>
  new StoreRefused(
    `The data folder "${folder}" is missing; mount or restore it, or run "sluis init" for a new gateway`,
  );

/** Throws StoreRefused with the text that a start would give. */
export function checkStartFiles(dataFolder: string, keyFolder: string, masterKey: Uint8Array): void {
  if (!existsSync(dataFolder)) throw dataFolderMissing(dataFolder);
  checkFile(join(dataFolder, DATABASE_FILE));
  const keys = new KeyFolder(keyFolder, masterKey);
  if (keys.storeId === undefined)
    throw new StoreRefused(
      `The key folder "${keyFolder}" has no keys, but there is a database; restore the key folder from its own backup (without it the content cannot be read)`,
    );
  try {
    for (const name of readdirSync(keyFolder)) {
      const [, day] = /^(\d{4}-\d{2}-\d{2})\.key$/.exec(name) ?? [];
      if (day !== undefined && !keys.isErased(day)) keys.keyOf(day);
    }
  } catch (error) {
    throw error instanceof KeyFolderRefused ? new StoreRefused(error.message, { cause: error }) : error;
  }
}
