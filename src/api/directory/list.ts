/**
 * `GET /directory`: searches it, copies it whole, or shows what has changed since a copy was made.
 */
import { type Directory, mayLookUp } from '../../admin/directory.ts';
import { z } from '../../config/zod.ts';
import { defined } from '../../domain/defined.ts';
import type { DirectoryQuery, DirectoryState } from '../../domain/directory.ts';
import { ACCOUNT_KINDS } from '../../domain/registry.ts';
import type { Caller } from '../core/callers.ts';
import { ifNoneMatch, isCurrent } from '../core/etags.ts';
import { limit } from '../core/fields.ts';
import { linkToNext } from '../core/next-page.ts';
import { malformed, problem } from '../core/problem.ts';
import { type Remote, route } from '../core/route.ts';
import type { ApiServices } from '../core/services.ts';
import { directoryEntry, viewRecord } from './views.ts';

const NDJSON = 'application/x-ndjson';
/** Seconds after which to try again, when a part of the hour has passed. */
const RETRY = 600;

const version = (about: string) =>
  z
    .string()
    .regex(/^[0-9]{1,15}$/)
    .meta({ description: about, examples: ['1764324000123'] })
    .transform(Number)
    .optional();

const page = z
  .object({
    entries: z.array(directoryEntry).meta({ description: 'In the order of their versions.' }),
    version: z.string().meta({
      description:
        'Version of the whole directory: when you have read the last page, give it as `changedSince` the next time.',
    }),
    next: z
      .string()
      .optional()
      .meta({ description: 'Present if there are more pages: give it as `after` for the next one.' }),
  })
  .meta({ id: 'DirectoryPage' });

const HEADERS = { ETag: 'The version of the directory, for `If-None-Match`.', Vary: 'Accept' };

type Services = Pick<ApiServices, 'directory' | 'log' | 'store'>;

export const listDirectory = route({
  id: 'listDirectory',
  method: 'GET',
  path: '/directory',
  tag: 'directory',
  summary: 'Look addressees up, or keep a copy of the directory',
  description: [
    'Shows the addresses of organisations that agreed. To find somebody, give `q` or `kind`. To keep a copy, ask for all of it once, as JSON page by page or as NDJSON (`Accept: application/x-ndjson`: one entry a line, all pages), keep the highest `version` that you saw, and ask with it as',
    '`changedSince` from then on: you get what has changed, and what was removed. With `If-None-Match` an unchanged directory costs next to nothing. An account may ask for a limited number of entries in an hour; above it the answer is 429.',
  ].join(' '),
  access: { kind: 'either', scope: 'any', right: 'read' },
  query: {
    q: z
      .string()
      .regex(/^[ -~\u00a0-\uffff]{1,100}$/)
      .optional()
      .meta({ description: 'A part of the address, title, role or AGB code; case does not matter.' }),
    kind: z.enum(ACCOUNT_KINDS).optional(),
    changedSince: version(
      'The version that your copy has: the answer has only what changed after it, and what was removed. Not together with `q` or `kind`.',
    ),
    after: version('Where the page begins: `next` of the page before.'),
    limit: limit(500),
  },
  headers: { 'if-none-match': ifNoneMatch },
  answers: {
    200: {
      about: 'The entries',
      json: page,
      stream: NDJSON,
      headers: { ...HEADERS, Link: 'The next page, `rel="next"`.' },
    },
    304: { about: 'Nothing in the directory has changed', headers: HEADERS },
    410: 'The gateway no longer knows what was removed since that version: take a whole copy',
  },
  async run({ query, headers, caller, remote, accepts, signal }, services: Services) {
    const { q, kind, changedSince, after, limit: most } = query;
    if (changedSince !== undefined && (q !== undefined || kind !== undefined))
      throw malformed(
        'changedSince goes with neither q nor kind: an entry that no longer fits would be missed; keep a whole copy',
      );
    const { directory } = services.directory;
    const state = await directory.current();
    mustBeKnown(changedSince, state);
    const streams = accepts === NDJSON;
    const etag = `"${streams ? 'n' : ''}${state.version}"`;
    const told = { ETag: etag, Vary: 'Accept' };
    if (isCurrent(headers['if-none-match'], etag)) return { status: 304, headers: told };
    const give = mayAsk(services, caller, remote);
    const wanted: DirectoryQuery = {
      after: Math.max(after ?? 0, changedSince ?? 0),
      limit: most,
      removed: changedSince !== undefined,
      ...defined({ kind, text: q }),
    };
    if (streams) {
      give(1);
      return { status: 200, stream: lines(directory, wanted, give, signal), type: NDJSON, headers: told };
    }
    const found = await directory.page(wanted);
    give(Math.max(1, found.length));
    const next = found.length === most ? found.at(-1)?.version : undefined;
    const link = linkToNext('/directory', query, next === undefined ? undefined : String(next));
    const entries = found.map(viewRecord);
    const json = { entries, version: String(state.version), ...(next === undefined ? {} : { next: String(next) }) };
    return { status: 200, json, headers: { ...told, ...link } };
  },
});

/** Refuses a copy that is too old, or that is of another directory: it would miss changes. */
function mustBeKnown(changedSince: number | undefined, { floor, version: now }: DirectoryState): void {
  if (changedSince === undefined || changedSince === 0 || (changedSince >= floor && changedSince <= now)) return;
  throw problem(
    410,
    'copy-too-old',
    'The copy is too old',
    'The gateway no longer knows what was removed since that version: take a whole copy, without changedSince, and replace yours with it',
  );
}

/**
 * Refuses a caller that has asked for too many entries within the hour; otherwise counts the
 * entries.
 */
function mayAsk({ directory, log, store }: Services, caller: Caller, { session }: Remote): (entries: number) => void {
  if (caller.kind === 'operator') {
    store.audit.note({
      event: 'operator.looked',
      outcome: 'success',
      facts: { operation: 'directory.list', by: 'gateway', role: caller.role, proof: caller.proof },
      personal: { actor: caller.name },
    });
    return (entries) => directory.given.add([caller.kind], entries);
  }
  const { account, organisation } = caller;
  const give = mayLookUp({ ...directory, log }, { session, account, organisation });
  if (give === undefined)
    throw problem(
      429,
      'too-many',
      'Too much for now',
      'The account has asked for as many entries of the directory as it may in an hour; keep a copy, and ask with changedSince for what is new',
      { retryAfter: RETRY },
    );
  return give;
}

/**
 * One line for each entry. A copy that has begun is given to its end, so that a limit never makes a
 * whole copy impossible.
 */
async function* lines(
  directory: Directory,
  wanted: DirectoryQuery,
  give: (entries: number) => void,
  signal: AbortSignal,
): AsyncGenerator<Buffer> {
  for await (const records of directory.pages(wanted, signal)) {
    give(records.length);
    yield Buffer.from(records.map((record) => `${JSON.stringify(viewRecord(record))}\n`).join(''));
  }
}
