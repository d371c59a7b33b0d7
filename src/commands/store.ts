/** `sluis store`: the file of the database itself. */
import { onSqliteOnly } from '../admin/engine.ts';
import { showProgress } from '../cli/progress.ts';
import { loadConfig } from '../config/load.ts';
import { z } from '../config/zod.ts';
import { many } from '../domain/counted.ts';
import { mebibytes } from '../domain/octets-text.ts';
import { MiB } from '../domain/units.ts';
import { compactStore } from '../gateway/stopped-store.ts';
import { changesHere, subject } from './core/row.ts';

const compact = changesHere({
  about:
    'write the database anew, in the form of new ones and without free pages; proved before it takes the place of the old file',
  in: {},
  out: z.object({
    before: z.number().meta({ description: 'Octets of the old file.' }),
    after: z.number().meta({ description: 'Octets of the new one.' }),
    tables: z.number(),
    rows: z.number(),
  }),
  right: 'owner',
  // The trail is in what is compared, so nothing can be added to it.
  trail: [],
  shares: ['config', 'json'],
  examples: [''],
  run: async ({ options }) => {
    const config = loadConfig(options.config, { files: false });
    onSqliteOnly(
      config.store.engine,
      'compact the store',
      'autovacuum gives room back there, and VACUUM FULL all of it',
    );
    const progress = showProgress('Writing', 'MiB');
    return await compactStore({
      dataFolder: config.data.folder,
      told: (octets, of) => progress.show(Math.ceil(octets / MiB), Math.ceil(of / MiB)),
    }).finally(() => progress.end());
  },
  say: ({ before, after, rows, tables }) =>
    [
      `The database has ${mebibytes(after)}, before ${mebibytes(before)}.`,
      `Proved before it took the place of the old file: ${many(rows, 'row')} in ${many(tables, 'table')}, every page, the audit trail to its last row.`,
    ].join('\n'),
});

export const stores = subject('store', 'the file of the database; the gateway is stopped meanwhile', { compact });
