/**
 * A base backup that is being put into a new data folder: unpacked, compared with its own manifest,
 * brought on by the log on a private server, proved and settled there, and stopped in order. It
 * gets its name last; the operator starts a server on it.
 */
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { open, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { KeyFolder } from '../../crypto/keys/key-folder.ts';
import { lsnText } from '../../domain/lsn.ts';
import { instant } from '../../domain/units.ts';
import { syncFolder } from '../../platform/lasting-files.ts';
import {
  CopyFailed,
  type Draft,
  type DraftOptions,
  type Proof,
  type ProofRequest,
  type ProofResult,
  type ProofStep,
  type SettleRequest,
  type SettledCopy,
} from '../copies.ts';
import {
  type Found,
  NotProved,
  ProofSteps,
  content,
  counted,
  countsOf,
  openingKeys,
  trail,
} from '../core/copy-proof.ts';
import { logRanges } from './base-log.ts';
import type { CopyCommands } from './copy-access.ts';
import { settleDraft } from './copy-settle.ts';
import { BASE, runCommand } from './copy-source.ts';
import { checkMigrations, knownMigrations } from './migrate.ts';
import { PrivateServer, give, timeText } from './private-server.ts';
import { programFor, run, serverUser } from './programs.ts';
import { PostgresRunner } from './runner.ts';
import type { Session } from './session.ts';
import type { Change } from '../sql/sql.ts';
import { SqlError } from './sql-error.ts';
import { checkKeys, storeFacts } from './store-facts.ts';

export interface PostgresDraftOptions {
  readonly programs?: string;
  readonly database: string;
  /** User of the running gateway. */
  readonly user: string;
  readonly commands?: Pick<CopyCommands, 'restore'>;
}

const PATIENCE = 12 * 3600 * 1000;
const TARS: Readonly<Record<string, string>> = { [`${BASE}/base.tar`]: '', [`${BASE}/pg_wal.tar`]: 'pg_wal' };
const MANIFEST = 'backup_manifest';
const LOG = 'log/';
/** What pg_verifybackup, which runs pg_waldump, says of a log that is too short. */
const SHORT_LOG = 'WAL parsing failed';
const BEYOND_END = 'recovery ended before configured recovery target was reached';

export class PostgresDraft implements Draft {
  readonly #target: string;
  readonly #data: string;
  readonly #draft: DraftOptions;
  readonly #options: PostgresDraftOptions;
  #server: PrivateServer | undefined;
  #session: Session | undefined;
  #placed = false;

  private constructor(target: string, draft: DraftOptions, options: PostgresDraftOptions) {
    this.#target = target;
    this.#data = draftOf(target);
    this.#draft = draft;
    this.#options = options;
  }

  /** Missing programs are reported before anything is copied. */
  static async begin(target: string, draft: DraftOptions, options: PostgresDraftOptions): Promise<PostgresDraft> {
    const { postgres } = draft.facts;
    if (postgres === undefined) throw new CopyFailed('it is a copy of SQLite');
    await programFor('postgres', postgres.version, options.programs);
    const made = new PostgresDraft(target, draft, options);
    await made.#makeFolder();
    return made;
  }

  async #makeFolder(): Promise<void> {
    try {
      mkdirSync(this.#data, { mode: 0o700 });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      throw new CopyFailed(
        `"${this.#data}" is there: another restore is under way, or one was cut off; remove it where none is`,
      );
    }
    const user = serverUser();
    give(this.#data, user);
    // Where this process is root, the server must be able to reach its folder.
    if (this.#draft.scratch === true) give(dirname(this.#data), user);
    const { label } = this.#draft.facts.postgres ?? {};
    if (label !== undefined) await this.#byCommand(label);
  }

  /** The operator's own program makes the folder, and the settings that bring it to the moment. */
  async #byCommand(label: string): Promise<void> {
    const { commands } = this.#options;
    if (commands === undefined)
      throw new CopyFailed(
        `another program has this backup, as "${label}", and the configuration does not say how it is brought back; set restore-command in the section backup`,
      );
    const { until } = this.#draft;
    try {
      await runCommand(commands.restore, [label, until === undefined ? 'latest' : timeText(until), this.#data]);
    } catch (error) {
      await this.remove();
      throw error;
    }
  }

  has(name: string): boolean {
    return name.startsWith(`${BASE}/`);
  }

  async bring(name: string, octets: AsyncIterable<Uint8Array>): Promise<void> {
    const folder = TARS[name];
    if (folder !== undefined) return await this.#unpack(join(this.#data, folder), octets);
    if (name === `${BASE}/${MANIFEST}`) return await this.#write(join(this.#data, MANIFEST), octets);
    if (!name.startsWith(LOG))
      throw new CopyFailed(`nothing is known of "${name}"; expected what pg_basebackup writes`);
    const path = join(this.#data, 'pg_wal', name.slice(LOG.length));
    await rm(path, { force: true });
    await this.#write(path, octets, path.endsWith('.history') ? undefined : this.#draft.logFile);
  }

  async #unpack(folder: string, octets: AsyncIterable<Uint8Array>): Promise<void> {
    await run('tar', {
      arguments: ['--extract', '--no-same-owner', '--directory', folder, '--file', '-'],
      input: octets,
      asServer: true,
      within: PATIENCE,
    });
  }

  /** `length`: filled up with zeros, by which PostgreSQL knows the end of its log. */
  async #write(path: string, octets: AsyncIterable<Uint8Array>, length?: number): Promise<void> {
    const file = await open(path, 'wx', 0o600);
    try {
      for await (const piece of octets) await file.writeFile(piece);
      if (length !== undefined) await file.truncate(length);
      if (this.#draft.scratch !== true) await file.sync();
    } finally {
      await file.close();
    }
    give(path, serverUser());
  }

  async prove(request: ProofRequest, told: (result: ProofResult) => void): Promise<Proof> {
    const steps = new ProofSteps(told, (error) => error instanceof SqlError || error instanceof CopyFailed);
    const found: Found = { opened: 0, erased: 0, anchorsHeld: 0 };
    for (const [step, prove] of this.#proofs(request, found))
      try {
        steps.passed(step, await prove());
      } catch (error) {
        steps.failed(step, error);
        break;
      }
    return steps.end(found);
  }

  #proofs(request: ProofRequest, found: Found): readonly (readonly [ProofStep, () => Promise<string>])[] {
    const { keyFolder, masterKey, expected } = request;
    const ask = async <T>(change: Change<T>): Promise<T> => await new PostgresRunner(await this.#open()).run(change);
    return [
      ['pages', () => this.#pages(found)],
      [
        'schema',
        async () => {
          const version = await checkMigrations(await this.#open(), knownMigrations());
          if (version === 0) throw new NotProved(`there is no store in the database "${this.#options.database}"`);
          return `version ${version}, which this program can serve`;
        },
      ],
      [
        'counts',
        async () => {
          const { storeId = '' } = await ask(storeFacts());
          return counted({ storeId, counts: await ask(countsOf()) }, expected);
        },
      ],
      ['trail', () => ask(trail(request, found))],
      [
        'keys',
        async () => {
          const [folder, facts] = [new KeyFolder(keyFolder, masterKey), await ask(storeFacts())];
          checkKeys(facts, folder, { keyFolder, fetched: false });
          return openingKeys(folder, facts.days);
        },
      ],
      ['content', () => ask(content(request, found))],
    ];
  }

  /**
   * What the server sent, as its own manifest has it, with each record of the log up to the end of
   * the backup; then its log, to the end or to the moment.
   */
  async #pages(found: Found): Promise<string> {
    const { postgres } = this.#draft.facts;
    const version = postgres?.version ?? '';
    const whole = postgres?.label === undefined ? `${await this.#verify(version)}; ` : '';
    await this.#startServer(version);
    const session = await this.#open();
    const { rows } = await session.query({
      text: `SELECT (extract(epoch FROM pg_last_xact_replay_timestamp()) * 1000)::bigint`,
    });
    const [at] = rows[0] ?? [];
    if (at === null || at === undefined) return `${whole}there was no commit in the log`;
    found.moment = new Date(instant(Number(at))).toISOString();
    return `${whole}the log was brought in to its commit of ${found.moment}`;
  }

  async #verify(version: string): Promise<string> {
    const path = await programFor('pg_verifybackup', version, this.#options.programs);
    try {
      await run(path, { arguments: ['--quiet', this.#data], asServer: true, within: PATIENCE });
    } catch (error) {
      if (!(error instanceof CopyFailed) || !error.message.includes(SHORT_LOG)) throw error;
      const [{ to }] = await logRanges(join(this.#data, MANIFEST));
      throw new CopyFailed(
        `the log does not reach the end of the backup at ${lsnText(to)}, and no server starts on it (${error.message}); leave the log behind it out (--without-log), or take another backup`,
        { cause: error },
      );
    }
    const { Files: files } = JSON.parse(readFileSync(join(this.#data, MANIFEST), 'utf8')) as {
      readonly Files: unknown[];
    };
    return `${files.length} files are as the server sent them`;
  }

  async #startServer(version: string): Promise<void> {
    const ownRecovery = this.#draft.facts.postgres?.label !== undefined;
    const path = await programFor('postgres', version, this.#options.programs);
    if (!ownRecovery) {
      await rm(join(this.#data, 'standby.signal'), { force: true });
      this.#signal();
    }
    const { until, scratch = false } = this.#draft;
    const started = { path, data: this.#data, ownRecovery, scratch };
    try {
      this.#server = await PrivateServer.start({ ...started, ...(until === undefined ? {} : { until }) });
    } catch (error) {
      if (until === undefined || !(error instanceof CopyFailed) || !error.message.includes(BEYOND_END)) throw error;
      // It is unknown how far another program's log goes: less than was asked for might be all that
      // it has.
      if (ownRecovery)
        throw new CopyFailed(
          `no commit of ${timeText(until)} or later is in the log that backup.restore-command brought; name an earlier moment, or leave --until out for all that there is`,
          { cause: error },
        );
      // Between the last commit that there is and the end of the log lies the moment that was asked
      // for: nothing is behind it.
      this.#signal();
      this.#server = await PrivateServer.start(started);
    }
  }

  #signal(): void {
    const path = join(this.#data, 'recovery.signal');
    if (existsSync(path)) return;
    writeFileSync(path, '', { mode: 0o600 });
    give(path, serverUser());
  }

  async #open(): Promise<Session> {
    if (this.#server === undefined) throw new CopyFailed('the server over the copy does not run');
    const { database, user } = this.#options;
    this.#session ??= await this.#server.open({ database, user });
    return this.#session;
  }

  async settle(request: SettleRequest): Promise<SettledCopy> {
    const { rows } = await (
      await this.#open()
    ).query({ text: "SELECT tableowner FROM pg_tables WHERE tablename = 'migration' AND schemaname = 'public'" });
    const [owned] = rows[0] ?? [];
    const owner = typeof owned === 'string' ? owned : this.#options.user;
    const session = await this.#server?.open({ database: this.#options.database, user: owner });
    if (session === undefined) throw new CopyFailed('the server over the copy does not run');
    try {
      return await settleDraft(session, request);
    } finally {
      await session.close();
    }
  }

  async #stop(): Promise<void> {
    await this.#session?.close().catch(() => undefined);
    this.#session = undefined;
    await this.#server?.stop();
    this.#server = undefined;
  }

  async place(): Promise<void> {
    await this.#stop();
    renameSync(this.#data, this.#target);
    syncFolder(dirname(this.#target));
    this.#placed = true;
  }

  async remove(): Promise<void> {
    await this.#stop();
    if (!this.#placed) await rm(this.#data, { recursive: true, force: true }).catch(() => undefined);
  }
}

/** Path of the draft, beside the final folder. */
export const draftOf = (target: string): string => `${target.replace(/\/+$/, '')}.restoring`;
