/**
 * The inbox of a maildir, with the UIDLs that its server gave: what lies in the folder decides how
 * they are found, and the operator may say otherwise. Nothing is written there but what goes back
 * (maildir-changes.ts). Folders below the inbox were never served over POP3 and are left alone.
 */
import { createReadStream, existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { defined } from '../../domain/defined.ts';
import { type File, putInto, removeFrom, sizeOf } from './maildir-changes.ts';
import { type Instant, instant } from '../../domain/units.ts';
import { MAX_SOURCE_MESSAGES, type Source, SourceError, type SourceMessage } from './source.ts';
import { baseOf, courierUidl, readCourierList, readDovecotList } from './uid-lists.ts';
import { DOVECOT_FORMAT, uidlFormat } from './uidl-format.ts';

export const RULES = ['dovecot', 'courier', 'names'] as const;
export type Rule = (typeof RULES)[number];

export interface MaildirOptions {
  readonly rule?: Rule;
  /** Dovecot's `pop3_uidl_format`. */
  readonly format?: string;
  /** UIDLs by the name of the file without its flags; wins over every rule. */
  readonly uidls?: ReadonlyMap<string, string>;
}

interface Named {
  readonly uidl: string;
  readonly octets?: number;
  /** Lower comes first. */
  readonly order: number;
}
interface Naming {
  readonly rule: string;
  readonly of: (file: File) => Named;
}

const DOVECOT = 'dovecot-uidlist';
const COURIER = 'courierpop3dsizelist';
/** A list of 200,000 messages with long names. */
const MAX_LIST = 64 * 1024 * 1024;

/** Opens a maildir. Throws SourceError. */
export function openMaildir(folder: string, options: MaildirOptions = {}): Source {
  const files = filesOf(folder);
  const { rule, of } = naming(folder, files, options);
  const named = files.map((file) => ({ file, ...of(file) })).sort((a, b) => a.order - b.order);
  return {
    rule,
    messages: named.map(({ file, uidl, octets }) => messageOf(folder, file, uidl, octets)),
    octets: () => Promise.resolve(named.reduce((sum, { file, octets }) => sum + (octets ?? sizeOf(folder, file)), 0)),
    delete: (uidls) =>
      Promise.resolve(
        removeFrom(
          folder,
          named.filter(({ uidl }) => uidls.has(uidl)).map(({ file }) => file),
        ),
      ),
    put: (name, octets) => putInto(folder, name, octets),
    close: () => Promise.resolve(),
  };
}

/** Files in the order of their arrival, with which their names begin. */
function filesOf(folder: string): File[] {
  const in_ = (part: 'cur' | 'new'): File[] => {
    try {
      return readdirSync(join(folder, part))
        .filter((name) => !name.startsWith('.'))
        .map((name) => ({ base: baseOf(name), name, folder: part }));
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      throw new SourceError(
        code === 'ENOENT' || code === 'ENOTDIR'
          ? `Cannot read the maildir "${folder}": it has no folder "${part}"; name the folder in which cur and new are`
          : `Cannot read the maildir "${folder}": ${code ?? String(error)}; run the command as somebody who may read it`,
      );
    }
  };
  const files = [...in_('cur'), ...in_('new')];
  if (files.length > MAX_SOURCE_MESSAGES)
    throw new SourceError(
      `Cannot import the maildir "${folder}": it has ${files.length} messages; expected at most ${MAX_SOURCE_MESSAGES}; move some elsewhere and import those after it`,
    );
  const seconds = new Map(files.map(({ base }) => [base, Number.parseInt(base, 10) || 0]));
  const at = ({ base }: File): number => seconds.get(base) ?? 0;
  return files.sort((a, b) => at(a) - at(b) || (a.base < b.base ? -1 : 1));
}

function naming(folder: string, files: readonly File[], options: MaildirOptions): Naming {
  const { uidls, format } = options;
  if (uidls !== undefined) return byTable(folder, uidls);
  const found: Rule = existsSync(join(folder, DOVECOT))
    ? 'dovecot'
    : existsSync(join(folder, COURIER))
      ? 'courier'
      : 'names';
  const rule = options.rule ?? found;
  if (format !== undefined && rule !== 'dovecot')
    throw new SourceError(
      `Cannot use a UIDL format for the maildir "${folder}": it has no ${DOVECOT}; leave --uidl-format out`,
    );
  switch (rule) {
    case 'dovecot':
      return byDovecot(folder, files, format ?? DOVECOT_FORMAT);
    case 'courier':
      return byCourier(folder, files);
    case 'names':
      return { rule: 'UIDLs are the names of the files', of: ({ base }) => ({ uidl: base, order: 0 }) };
  }
}

function byTable(folder: string, uidls: ReadonlyMap<string, string>): Naming {
  return {
    rule: 'UIDLs from the file given with --uidl-file',
    of: ({ base }) => {
      const uidl = uidls.get(base);
      if (uidl !== undefined) return { uidl, order: 0 };
      throw new SourceError(
        `Cannot import the maildir "${folder}": the UIDL file has no line for "${base}"; add one for each message`,
      );
    },
  };
}

function byDovecot(folder: string, files: readonly File[], format: string): Naming {
  const file = join(folder, DOVECOT);
  const list = readDovecotList(readList(file), file);
  const write = uidlFormat(format);
  let next = list.nextUid;
  // Those that Dovecot has not seen yet get the numbers that it would have given: the next ones, as
  // they arrived.
  const unseen = new Map(files.filter(({ base }) => !list.records.has(base)).map(({ base }) => [base, next++]));
  const kept = files.filter(({ base }) => list.records.get(base)?.uidl !== undefined).length;
  const numbered = files.length - kept - unseen.size;
  return {
    rule: `UIDLs by ${DOVECOT} (UIDVALIDITY ${list.uidvalidity}): ${numbered} as ${format}, ${kept} that it kept of an older server, ${unseen.size} that it had not numbered yet`,
    of: ({ base }) => {
      const { uid, uidl, guid, octets, order } = list.records.get(base) ?? { uid: unseen.get(base) ?? 0 };
      const { uidvalidity } = list;
      return {
        uidl: uidl ?? write({ uid, uidvalidity, filename: base, guid: guid ?? base }),
        order: order ?? 2 ** 32 + uid,
        ...defined({ octets }),
      };
    },
  };
}

function byCourier(folder: string, files: readonly File[]): Naming {
  const file = join(folder, COURIER);
  const list = readCourierList(readList(file), file);
  let next = list.nextUid;
  const unseen = new Map(files.filter(({ base }) => !list.records.has(base)).map(({ base }) => [base, next++]));
  return {
    rule: `UIDLs by ${COURIER}: ${files.length - unseen.size} from there, ${unseen.size} that Courier had not numbered yet`,
    of: ({ base }) => {
      const known = list.records.get(base);
      if (known !== undefined) return { uidl: courierUidl(known, base), octets: known.octets, order: 0 };
      return { uidl: courierUidl({ uid: unseen.get(base) ?? 0, uidvalidity: list.uidvalidity }, base), order: 0 };
    },
  };
}

function readList(file: string): string {
  try {
    if (statSync(file).size > MAX_LIST) throw new SourceError(`Cannot read "${file}": it is larger than 64MiB`);
    return readFileSync(file, 'latin1');
  } catch (error) {
    if (error instanceof SourceError) throw error;
    const { code } = error as NodeJS.ErrnoException;
    throw new SourceError(
      `Cannot read "${file}": ${code ?? String(error)}; run the command as somebody who may read it, or name another rule with --rule`,
    );
  }
}

function messageOf(folder: string, file: File, uidl: string, octets: number | undefined): SourceMessage {
  // Maildir: what was looked at lies in cur, and S among its flags says that it was read.
  const flags = /:2,([A-Za-z]*)/.exec(file.name)?.[1] ?? '';
  return {
    uidl,
    at: arrival(folder, file),
    fetched: file.folder === 'cur' && flags.includes('S'),
    ...defined({ octets }),
    read: () => contentOf(folder, file),
  };
}

/** The name begins with the second of the delivery; the file's own time may be that of a copy. */
function arrival(folder: string, { base, name, folder: part }: File): Instant {
  const named = Number.parseInt(base, 10) * 1000;
  if (named > Date.UTC(1990, 0) && named < Date.now() + 86_400_000) return instant(named);
  return instant(Math.trunc(statSync(join(folder, part, name)).mtimeMs));
}

async function* contentOf(folder: string, { base, name, folder: part }: File): AsyncGenerator<Buffer> {
  try {
    yield* createReadStream(join(folder, part, name), { highWaterMark: 64 * 1024 }) as AsyncIterable<Buffer>;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new SourceError(
      code === 'ENOENT'
        ? `Cannot read the message "${base}": it was renamed or deleted since the folder was listed; stop the old server first, then import again`
        : `Cannot read the message "${base}" in "${folder}": ${code ?? String(error)}`,
    );
  }
}
