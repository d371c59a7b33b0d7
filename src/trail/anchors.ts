/**
 * Signs the head of the audit trail again and again and puts it where whoever changes the database
 * does not get: a folder, and, where the operator says so, a command (another site, a time-stamping
 * service). One line a time, in a file a day.
 */
import { execFile } from 'node:child_process';
import { mkdir, open } from 'node:fs/promises';
import { join } from 'node:path';
import { type Anchor, anchorLine } from '../crypto/trail/audit-anchor.ts';
import { isOneChain, lanesHash } from '../crypto/trail/audit-lanes.ts';
import type { AuditKeys } from '../crypto/keys/audit-keys.ts';
import type { LaneHead } from '../domain/audit-row.ts';
import type { Clock, Log, Timer } from '../domain/effects.ts';
import { type Milliseconds, days } from '../domain/units.ts';
import { TIME_STAMP_FILES, type TimeStampPlace, stampAnchor, stampLine } from './time-stamps.ts';
import type { AuditTrail } from '../store/port/audit.ts';

export interface AnchorParts {
  readonly audit: AuditTrail;
  readonly clock: Clock;
  readonly log: Log;
  readonly hostname: string;
  readonly every: Milliseconds;
  /** Called at each use, so that the key is not kept in memory. */
  readonly keys: () => Promise<AuditKeys>;
  readonly folder: string;
  /** Has the newest anchor stamped now and then. */
  readonly stamps?: TimeStampPlace & { readonly every: Milliseconds };
  /** Program and words; gets the line as its input. */
  readonly command?: readonly string[];
  /** Whether it is this gateway's to do at present (`Jobs.runs`). Left out: always. */
  readonly mine?: () => boolean;
}

export interface AnchorCounts {
  /** Heads that could not be signed, put away, stamped or handed on since the start. */
  failed: number;
  /** Time stamps since the start. */
  stamped: number;
  /** Milliseconds since 1970 when the head was last found to be put away; 0: never. */
  last: number;
}

export interface Anchors {
  /** Writes one now, if the trail has grown. */
  now(): Promise<void>;
  /** Resolves when the time stamp that is under way has come or failed. */
  settled(): Promise<void>;
  /** For metrics. */
  readonly counts: AnchorCounts;
  /** Writes a last one. */
  stop(): Promise<void>;
}

/**
 * Between two tries of a stamp that failed, doubled each time up to the time between two stamps.
 */
const STAMP_AGAIN = 60_000;

/** Chains that are read at a time. */
const LANES = 500;
/**
 * What gateways say of the time may differ by so much: a chain that ended at another one stands in
 * two anchors rather than in none.
 */
const CLOCKS_APART = 3_600_000;

/**
 * Chains that ended while nobody signed: of a month, should all gateways have been down for that
 * long.
 */
const UNANCHORED = days(30);

/** Longest time for the command: it must end before the next one begins. */
const PATIENCE = 30_000;

export function startAnchors(parts: AnchorParts): Anchors {
  const { clock, every } = parts;
  const writer = new AnchorWriter(parts);
  let running = writer.write();
  const now = (): Promise<void> => (running = running.then(() => writer.write()));
  let timer: Timer;
  const schedule = (): void => {
    timer = clock.after(every, () => {
      schedule();
      void now();
    });
  };
  schedule();
  return {
    now,
    settled: () => writer.settled(),
    counts: writer.counts,
    stop: async () => {
      timer.cancel();
      await now();
      await writer.settled();
    },
  };
}

class AnchorWriter {
  readonly #p: AnchorParts;
  readonly counts: AnchorCounts = { failed: 0, stamped: 0, last: 0 };
  /** Last row of the last anchor. */
  #seq = 0;
  /** Chains that ended before this moment are in an earlier anchor. */
  #endedSince: number;

  /** Last row of the last anchor that was stamped. */
  #stamped = 0;
  #stampDue = 0;
  #stampWait = STAMP_AGAIN;
  #stamping: Promise<void> = Promise.resolve();
  #last: { readonly line: string; readonly seq: number } | undefined;

  constructor(parts: AnchorParts) {
    this.#p = parts;
    this.#endedSince = Math.max(0, parts.clock.now() - UNANCHORED);
  }

  async settled(): Promise<void> {
    await this.#stamping;
  }

  /** Beside the anchors, which never wait for the authority. One at a time. */
  #stamp(): void {
    const { stamps, clock, log, folder, hostname } = this.#p;
    const last = this.#last;
    if (stamps === undefined || last === undefined || last.seq === this.#stamped || clock.now() < this.#stampDue)
      return;
    this.#stampDue = clock.now() + stamps.every;
    this.#stamping = (async () => {
      const stamped = await stampAnchor(stamps, last.line, last.seq);
      if (!stamped.ok) throw new Error(`the authority "${stamps.url}" gave no time stamp: ${stamped.error}`);
      const day = new Date(clock.now()).toISOString().slice(0, 10);
      await append(folder, `${hostname}-${day}${TIME_STAMP_FILES}`, `${stampLine(stamped.value)}\n`);
      this.#stamped = last.seq;
      this.#stampWait = STAMP_AGAIN;
      this.counts.stamped += 1;
    })().catch((error: unknown) => {
      this.counts.failed += 1;
      this.#stampDue = clock.now() + this.#stampWait;
      this.#stampWait = Math.min(2 * this.#stampWait, stamps.every);
      log.error('audit.timestamp-failed', { why: error instanceof Error ? error.message : String(error) });
    });
  }

  /** Head of the trail; with its chains, if it has several. */
  async #head(): Promise<Omit<Anchor, 'hostname' | 'at' | 'key'>> {
    const { audit } = this.#p;
    const heads: LaneHead[] = [];
    for (let more = true; more;) {
      const page = await audit.lanes({ after: heads.at(-1)?.lane ?? -1, endedSince: this.#endedSince, limit: LANES });
      heads.push(...page);
      more = page.length === LANES;
    }
    const [only] = heads;
    if (only !== undefined && isOneChain(heads)) return { seq: only.place, hash: only.hash };
    const { seq } = await audit.head();
    const lanes = heads.map(({ lane, place, hash, ended }) => ({ lane, place, hash, ended }));
    return { seq, hash: lanesHash(lanes), lanes };
  }

  /** Writes an anchor. Never rejects: the next minute tries again, and an alarm tells. */
  async write(): Promise<void> {
    const { log, mine } = this.#p;
    try {
      if (mine?.() === false) {
        // Another gateway signs; who looks for what it wrote looks there.
        this.counts.last = this.#p.clock.now();
        return;
      }
      const head = await this.#head();
      const { hostname, clock, folder, keys, command } = this.#p;
      if (head.seq === this.#seq) {
        this.counts.last = clock.now();
        this.#stamp();
        return;
      }
      const at = new Date(clock.now()).toISOString();
      const line = `${anchorLine({ ...head, hostname, at }, await keys())}\n`;
      await append(folder, `${hostname}-${at.slice(0, 10)}.jsonl`, line);
      this.#seq = head.seq;
      this.#endedSince = Math.max(0, clock.now() - CLOCKS_APART);
      this.#last = { line: line.trimEnd(), seq: head.seq };
      this.#stamp();
      if (command !== undefined) await hand(command, line);
      this.counts.last = clock.now();
    } catch (error) {
      this.counts.failed += 1;
      log.error('audit.anchor-failed', { why: error instanceof Error ? error.message : String(error) });
    }
  }
}

/** Not in this thread: a slow disk would hold every session for the time of a sync. */
async function append(folder: string, name: string, line: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const file = await open(join(folder, name), 'a', 0o600);
  try {
    await file.appendFile(line);
    await file.sync();
  } finally {
    await file.close();
  }
}

const hand = ([program = '', ...words]: readonly string[], line: string): Promise<void> =>
  new Promise((resolve, reject) => {
    const child = execFile(program, words, { timeout: PATIENCE, maxBuffer: 64 * 1024 }, (error) => {
      if (error === null) resolve();
      else reject(new Error(`the command "${program}" failed: ${error.message.split('\n', 1)[0] ?? ''}`));
    });
    // A command that reads nothing closes its input.
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(line);
  });
