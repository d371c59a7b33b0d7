/** Copies of a store on PostgreSQL. */
import { existsSync, readdirSync } from 'node:fs';
import type { Copies } from '../copies.ts';
import { PostgresDraft, type PostgresDraftOptions } from './copy-draft.ts';

export const postgresCopies = (options: PostgresDraftOptions): Copies => ({
  engine: 'postgres',
  occupied: (folder) => (existsSync(folder) ? (readdirSync(folder)[0] ?? undefined) : undefined),
  // The draft's own folder is made by one alone.
  lock: () => ({ release: () => undefined }),
  begin: (folder, draft) => PostgresDraft.begin(folder, draft, options),
});
