/**
 * Facts of servers as a person wrote them down, in JSON: for the hour in which no gateway reaches
 * them and somebody asks each with psql. docs/two-sites.md has the query.
 */
import { defined } from '../domain/defined.ts';
import { lsnText, parseLsn } from '../domain/lsn.ts';
import type { PromotionFacts, ServerFacts } from './promote-check.ts';

/** What `readWrittenFacts` reads. */
export const factsText = ({ list, servers, acknowledging, ...known }: PromotionFacts): string => {
  const { listSeen, primary, lastAcknowledged } = known;
  return JSON.stringify({
    ...defined({ list: list === undefined ? undefined : listText(list), listSeen, primary, lastAcknowledged }),
    acknowledging,
    servers: servers.map(({ position, problem, ...one }) => ({
      ...one,
      ...defined({ problem: problem === undefined ? undefined : plainText(problem) }),
      ...(position === undefined ? {} : { lsn: lsnText(position) }),
    })),
  });
};
const plainText = (text: string): string => text.replace(/[^\x20-\x7e]+/g, ' ').slice(0, 200);

/** An empty list: it acknowledged alone. */
const NOBODY = { any: 0, names: [] };
const MOST_SERVERS = 8;
const isText = (value: unknown): value is string => typeof value === 'string' && /^[\x20-\x7e]{1,200}$/.test(value);

/** As `parseStandbyList` takes it. */
export const listText = ({ any, names }: NonNullable<PromotionFacts['list']>): string =>
  names.length === 0 ? '' : `ANY ${any} (${names.join(', ')})`;

/**
 * `ANY 1 (zuid-1, "derde-1")`, `FIRST 1 (...)`, or names alone, as PostgreSQL takes it. Of FIRST
 * each commit is on the first that answer: so many as well.
 */
export function parseStandbyList(text: string): PromotionFacts['list'] {
  const [, any = '1', inner = text] = /^\s*(?:(?:ANY|FIRST)\s+)?(\d{1,2})\s*\((.*)\)\s*$/i.exec(text) ?? [];
  const names = inner.split(',').map((name) => name.trim().replace(/^"(.*)"$/, '$1'));
  if (names.length > MOST_SERVERS || names.some((name) => !/^[\w.-]{1,63}$/.test(name))) return undefined;
  const count = Number(any);
  return count < 1 || count > names.length ? undefined : { any: count, names };
}

/** The place of a server is its name up to the first "-". */
const siteOf = (name: string): string => name.split('-', 1)[0] ?? name;

/** A text says what is wrong. */
export function readWrittenFacts(json: string): PromotionFacts | string {
  let read: unknown;
  try {
    read = JSON.parse(json);
  } catch {
    return 'it is not JSON';
  }
  if (typeof read !== 'object' || read === null) return 'it is not an object';
  const { list, listSeen, primary, servers, acknowledging = [], lastAcknowledged } = read as Record<string, unknown>;
  if (!Array.isArray(servers) || servers.length === 0 || servers.length > MOST_SERVERS)
    return `"servers" is not a list of 1 to ${MOST_SERVERS} servers`;
  const parsed =
    list === undefined ? undefined : list === '' ? NOBODY : isText(list) ? parseStandbyList(list) : undefined;
  if (list !== undefined && parsed === undefined)
    return '"list" is not what synchronous_standby_names may be, such as "ANY 1 (zuid-1, derde-1)"; of "*" nobody knows who it named';
  if (!Array.isArray(acknowledging) || acknowledging.length > 256 || !acknowledging.every(isText))
    return '"acknowledging" is not a list of names';
  if (lastAcknowledged !== undefined && !isText(lastAcknowledged)) return '"lastAcknowledged" is not a time';
  if (listSeen !== undefined && !isText(listSeen)) return '"listSeen" is not a time';
  if (primary !== undefined && !isText(primary)) return '"primary" is not a name';
  const known: ServerFacts[] = [];
  for (const [n, one] of servers.entries()) {
    const server = readServer(one);
    if (typeof server === 'string') return `server ${n + 1}: ${server}`;
    if (known.some(({ name }) => name.toLowerCase() === server.name.toLowerCase()))
      return `"${server.name}" is there twice`;
    known.push(server);
  }
  return {
    servers: known,
    acknowledging,
    ...defined({ list: parsed, listSeen, primary, lastAcknowledged }),
  };
}

function readServer(value: unknown): ServerFacts | string {
  if (typeof value !== 'object' || value === null) return 'it is not an object';
  const { name, site, role, timeline, lsn, problem, follows } = value as Record<string, unknown>;
  if (!isText(name)) return 'it has no name';
  // Of one whose name is not known.
  if (site !== undefined && site !== '' && !isText(site)) return `the site of "${name}" is not a name`;
  const at = { name, site: site ?? siteOf(name) };
  if (role === undefined) return { ...at, problem: isText(problem) ? problem : 'nothing was written down of it' };
  if (role !== 'primary' && role !== 'standby') return `the role of "${name}" is neither "primary" nor "standby"`;
  if (typeof timeline !== 'number' || !Number.isInteger(timeline) || timeline < 1)
    return `the timeline of "${name}" is not a whole number from 1 on`;
  const position = isText(lsn) ? parseLsn(lsn) : undefined;
  if (position === undefined) return `the lsn of "${name}" is not like "0/3000148"`;
  if (follows !== undefined && !isText(follows)) return `what "${name}" follows is not an address`;
  return { ...at, role, timeline, position, ...defined({ follows }) };
}
