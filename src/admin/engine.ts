/**
 * What is done to the files of SQLite has no sense on PostgreSQL: it is said, with who does it
 * there.
 */
import { AdminError } from './error.ts';

/**
 * `what`: `compact the store`. `instead`: a whole sentence without a full stop. Throws AdminError.
 */
export function onSqliteOnly(engine: 'sqlite' | 'postgres', what: string, instead: string): void {
  if (engine === 'postgres')
    throw new AdminError('conflict', `Cannot ${what}: it is kept in PostgreSQL (store.engine); ${instead}`);
}
