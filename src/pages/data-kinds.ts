/** The tables of docs/data.md: what the store keeps, how long, and what erases it. */
import { betweenMarks } from '../domain/between-marks.ts';
import type { DataKind } from '../domain/data-kinds/data-kind.ts';
import { DATA_KINDS } from '../domain/data-kinds.ts';
import { POSTGRES_KINDS } from '../domain/data-kinds/postgres.ts';

/** docs/data.md with its table of what is kept. */
export const writeDataKinds = (page: string): string =>
  betweenMarks(page, { begin: '<!-- kinds of data -->', end: '<!-- end of kinds -->' }, dataKindLines);

const named = (columns: readonly string[]): string => columns.map((column) => `\`${column}\``).join(' ');
const lineOf = ([table, { area, what, columns, onPostgres = [], kept, erase }]: readonly [
  string,
  DataKind,
]): string => {
  const more = onPostgres.length === 0 ? '' : ` (on PostgreSQL: ${named(onPostgres)})`;
  return `| \`${table}\` | ${area} | ${what}: ${named(columns)}${more} | ${kept} | ${erase} |`;
};
const HEAD = ['| table | area | what, and its columns | kept | erase |', '| --- | --- | --- | --- | --- |'];

/** The rows of the tables in docs/data.md: of every store, and what PostgreSQL has besides. */
const dataKindLines = (): readonly string[] => [
  ...[...HEAD, ...Object.entries(DATA_KINDS).map(lineOf)],
  ...['', 'On PostgreSQL besides, since several gateways write:', ''],
  ...[...HEAD, ...Object.entries(POSTGRES_KINDS).map(lineOf)],
];
