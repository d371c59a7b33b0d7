/**
 * Every kind of data that the store keeps: what it is, how long, and what becomes of it when an
 * organisation is erased. docs/data.md shows this table (`npm run docs`); a test holds it against
 * the schema, so that nothing is kept that nobody told of. The rows are in data-kinds/.
 */
import { type DataKind, type DataKinds, together } from './data-kinds/data-kind.ts';
import { CREDENTIAL_KINDS } from './data-kinds/credentials.ts';
import { MAIL_KINDS } from './data-kinds/mail.ts';
import { REGISTRY_KINDS } from './data-kinds/registry.ts';
import { TECHNICAL_KINDS } from './data-kinds/technical.ts';
import { TRAIL_KINDS } from './data-kinds/trail.ts';
import { POSTGRES_KINDS } from './data-kinds/postgres.ts';

const EVERY = together(REGISTRY_KINDS, CREDENTIAL_KINDS, MAIL_KINDS, TRAIL_KINDS, TECHNICAL_KINDS, POSTGRES_KINDS);

/** Those of every store by table, in the order of their names. */
export const DATA_KINDS: DataKinds = Object.fromEntries(
  Object.entries(EVERY)
    .filter(([table]) => !(table in POSTGRES_KINDS))
    .sort(([one], [other]) => (one < other ? -1 : 1)),
);

/** What any store has. */
export const everyKind = (): readonly (readonly [table: string, kind: DataKind])[] =>
  Object.entries({ ...DATA_KINDS, ...POSTGRES_KINDS });
