/**
 * Refuses work on the files of SQLite if the store is PostgreSQL. The error says what does that
 * work there.
 */
import { AdminError } from './error.ts';

/**
 * Throws AdminError for PostgreSQL. `what`: such as `compact the store`. `instead`: a whole
 * sentence without a full stop.
 */
export function onSqliteOnly(engine: 'sqlite' | 'postgres', what: string, instead: string): void {
  if (engine === 'postgres')
    throw new AdminError('conflict', `Cannot ${what}: it is kept in PostgreSQL (store.engine); ${instead}`);
}
