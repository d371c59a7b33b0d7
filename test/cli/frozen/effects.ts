/** What a command leaves behind: rows of the trail, and files. */
import Database from 'better-sqlite3';
import { existsSync, lstatSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Plain, Words } from './words.ts';

interface AuditColumns {
  readonly seq: number;
  readonly event: string;
  readonly outcome: string;
  readonly account: number | null;
  readonly login: string | null;
  readonly message: number | null;
  readonly facts: string;
  readonly personal: string | null;
}

/** Rows behind `after`, as they stand in the database. */
export function trailBehind(database: string, after: number, words: Words): { last: number; rows: readonly Plain[] } {
  // One that is put back begins anew.
  if (!existsSync(database)) return { last: 0, rows: [] };
  const db = new Database(database, { readonly: true });
  try {
    const rows = db
      .prepare(
        `SELECT a.seq, a.event, a.outcome, a.account, a.message, a.facts, a.personal, c.login
           FROM audit a LEFT JOIN account c ON c.id = a.account WHERE a.seq > ? ORDER BY a.seq`,
      )
      .all(after) as AuditColumns[];
    return { last: rows.at(-1)?.seq ?? after, rows: rows.map((row) => shown(row, words)) };
  } finally {
    db.close();
  }
}

const shown = (row: AuditColumns, words: Words): Plain => ({
  event: row.event,
  outcome: row.outcome,
  ...(row.account === null ? {} : { account: words.text(row.login ?? '<gone>') }),
  ...(row.message === null ? {} : { message: '<id>' }),
  facts: words.value(JSON.parse(row.facts)),
  ...(row.personal === null ? {} : { personal: words.value(JSON.parse(row.personal)) }),
});

/** Of each file what tells whether it was written: mode, time, size. */
export type Files = ReadonlyMap<string, string>;

/**
 * The database, its log, the mail and the key of each day are the store's own affair, and so is the
 * socket.
 */
const OWN = /\/data(\/|$)|\.sock$|\/keys\/\d{4}-\d\d-\d\d\.key$/;

export function filesIn(folders: readonly string[]): Files {
  const found = new Map<string, string>();
  const look = (folder: string): void => {
    for (const name of readdirSync(folder).sort()) {
      const path = join(folder, name);
      if (OWN.test(path)) continue;
      const about = lstatSync(path);
      found.set(path, `${about.mode} ${about.size} ${about.mtimeMs} ${about.ino}`);
      if (about.isDirectory()) look(path);
    }
  };
  folders.filter((folder) => existsSync(folder)).forEach(look);
  return found;
}

/** Lines of a file that are kept: enough for a header and what follows it. */
const MOST_LINES = 4;

export function changedFiles(before: Files, after: Files, words: Words): readonly Plain[] {
  const written = [...after.keys()].filter(
    (path) => before.get(path) !== after.get(path) && !lstatSync(path).isDirectory(),
  );
  const made = [...after.keys()].filter((path) => !before.has(path) && lstatSync(path).isDirectory());
  const gone = [...before.keys()].filter((path) => !after.has(path));
  const name = (path: string): string => words.text(path);
  // More than one file may have the same name once ids are named instead.
  const sorted = (all: Plain[]): Plain[] => all.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
  return sorted([
    ...made.map((path) => ({ folder: name(path), mode: modeOf(path) })),
    ...written.map((path) => ({ file: name(path), mode: modeOf(path), holds: contentOf(path, words) })),
    ...gone.map((path) => ({ gone: name(path) })),
  ]);
}

const modeOf = (path: string): string => (lstatSync(path).mode & 0o777).toString(8).padStart(4, '0');

function contentOf(path: string, words: Words): readonly string[] | string {
  const octets = readFileSync(path);
  if (octets.subarray(0, 16).toString('latin1').startsWith('SQLite format')) return '<database>';
  if (octets.includes(0) || octets.toString('utf8').includes('\ufffd')) return '<octets>';
  const lines = words.lines(octets.toString('utf8').replaceAll('\r', ''));
  return [...lines.slice(0, MOST_LINES), ...(lines.length > MOST_LINES ? ['...'] : [])].map((line) =>
    line.slice(0, 300),
  );
}
