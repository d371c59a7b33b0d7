/** `sluis store`: the database as a whole. */
import { onSqliteOnly } from '../admin/engine.ts';
import { tellsWait } from '../cli/folder-wait.ts';
import { showProgress } from '../cli/progress.ts';
import { loadConfig } from '../config/load.ts';
import { z } from '../config/zod.ts';
import { many } from '../domain/counted.ts';
import { mebibytes } from '../domain/octets-text.ts';
import { MiB } from '../domain/units.ts';
import { compactStore } from '../gateway/stopped-store.ts';
import { text } from './core/kind.ts';
import { file } from './core/files.ts';
import { flag, opt } from './core/params.ts';
import { changesHere } from './core/row.ts';
import { subject } from './core/subject.ts';

const compact = changesHere({
  about:
    'rewrite the database in the current format and without free pages; the new file is checked before it replaces the old one',
  in: {},
  out: z.object({
    before: z.number().meta({ description: 'Size of the old file, in bytes.' }),
    after: z.number().meta({ description: 'Size of the new file, in bytes.' }),
    tables: z.number(),
    rows: z.number(),
  }),
  right: 'owner',
  // The command compares all rows before and after, those of the trail too, so nothing can be added
  // to the trail.
  trail: [],
  shares: ['config', 'json'],
  examples: [''],
  run: async ({ options }) => {
    const config = loadConfig(options.config, { files: false });
    onSqliteOnly(config.store.engine, 'compact the store', 'autovacuum returns space there, and VACUUM FULL all of it');
    const progress = showProgress('Writing', 'MiB');
    const told = (octets: number, of: number): void => progress.show(Math.ceil(octets / MiB), Math.ceil(of / MiB));
    return await compactStore(config, { told }, tellsWait).finally(() => progress.end());
  },
  say: ({ before, after, rows, tables }) =>
    [
      `The database has ${mebibytes(after)}, before ${mebibytes(before)}.`,
      `Proved before it took the place of the old file: ${many(rows, 'row')} in ${many(tables, 'table')}, every page, the audit trail to its last row.`,
    ].join('\n'),
});

const moved = z.object({
  rows: z.number(),
  tables: z.number(),
  digest: z.string().meta({ description: 'SHA-256 over all rows, as both sides came to it.' }),
  found: z.enum(['nothing', 'a part', 'an older part']).meta({
    description:
      'What a move before this one had left there: a part, from which it continued, or one of an older state of the store, which was thrown away.',
  }),
  kept: z.string().meta({ description: 'The old database, which nobody serves from now on.' }),
  config: z.string(),
});

const move = changesHere({
  about: 'carry a store of SQLite over to PostgreSQL, compared row by row; the gateway is stopped meanwhile',
  in: {
    owner: opt(text('name', 63), 'the role that owns the tables, used here alone; default: sluis_owner'),
    ownerPasswordFile: opt(file, 'file with the password of that role, mode 0600'),
    yes: flag('do not ask'),
  },
  out: moved,
  right: 'owner',
  reason: 'needed',
  second: 'store-move',
  trail: ['store.moved'],
  undo: 'renaming sluis-moved.db to sluis.db, before a gateway has served the new store',
  examples: ['--config sluis-postgres.toml --owner-password-file owner.password --yes --reason "a second site"'],
  run: async (here, input) => await (await import('./store/move.ts')).moveHere(here, input),
  say: ({ rows, tables, digest, found, kept, config }) =>
    [
      `Carried over and compared: ${many(rows, 'row')} in ${many(tables, 'table')}; both sides come to ${digest}.`,
      ...(found === 'a part' ? ['It continued from where an earlier move had stopped.'] : []),
      ...(found === 'an older part'
        ? ['What a move before had brought was of an older state of the store; it was thrown away.']
        : []),
      `The store is in PostgreSQL now. The old database is ${kept}, which nobody serves; the key folder is the same.`,
      `Then: sluis check --config ${config} && sluis serve --config ${config}`,
      'Take a backup of PostgreSQL before you delete the old database: it holds all earlier mail, sealed, also what is erased from now on.',
    ].join('\n'),
});

export const stores = subject('store', 'the database as a whole; the gateway is stopped meanwhile', { compact, move });
