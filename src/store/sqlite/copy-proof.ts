/** Proves a copy of the database: its pages, and the steps of every engine (core/copy-proof.ts). */
import { KeyFolder } from '../../crypto/keys/key-folder.ts';
import type { Proof, ProofRequest, ProofResult, ProofStep } from '../copies.ts';
import { type Found, NotProved, ProofSteps, content, counted, openingKeys, trail } from '../core/copy-proof.ts';
import { checkKeys } from './check-database.ts';
import { factsOf } from './copy-facts.ts';
import { type Db, isDamage, openReading } from './database.ts';
import { checkMigrations, knownMigrations } from './migrate.ts';
import { SqliteRunner } from './runner.ts';

export interface ProveJob extends ProofRequest {
  readonly kind: 'prove';
  readonly path: string;
}

export function proveCopy(job: ProveJob, told: (result: ProofResult) => void): Proof {
  const steps = new ProofSteps(told, isDamage);
  const found: Found = { opened: 0, erased: 0, anchorsHeld: 0 };
  let db: Db | undefined;
  const run = (step: ProofStep, prove: (db: Db) => string): boolean => {
    try {
      return steps.passed(step, prove((db ??= openReading(job.path))));
    } catch (error) {
      return steps.failed(step, error);
    }
  };
  try {
    const proofs: readonly (readonly [ProofStep, (db: Db) => string])[] = [
      ['pages', pages],
      ['schema', schema],
      ['counts', (its) => counted(factsOf(its), job.expected)],
      ['trail', (its) => new SqliteRunner(its).run(trail(job, found))],
      ['keys', (its) => keys(its, job)],
      ['content', (its) => new SqliteRunner(its).run(content(job, found))],
    ];
    // The first that does not pass is the last.
    proofs.every(([step, prove]) => run(step, prove));
    return steps.end(found);
  } finally {
    db?.close();
  }
}

function pages(db: Db): string {
  const [first] = db.pragma('quick_check(1)') as { quick_check: string }[];
  if (first?.quick_check !== 'ok')
    throw new NotProved(`the database is damaged (${first?.quick_check ?? 'no answer'})`);
  return `${String(db.pragma('page_count', { simple: true }))} pages are whole`;
}

const schema = (db: Db): string => `version ${checkMigrations(db, knownMigrations())}, which this program can serve`;

function keys(db: Db, { keyFolder, masterKey }: ProveJob): string {
  const folder = new KeyFolder(keyFolder, masterKey);
  return openingKeys(folder, checkKeys(db, folder, keyFolder));
}
