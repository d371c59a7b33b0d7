/**
 * Takes over mail from another server. The messages that the mailbox lacks are sent as the upload
 * of one operation.
 */
import { AdminError } from '../../admin/error.ts';
import { CommandError, type ExitCode, exitCodeOf, exitCodes } from '../../cli/exit.ts';
import { readableSize } from '../../cli/output.ts';
import { showProgress } from '../../cli/progress.ts';
import type { Address } from '../../domain/address.ts';
import { agree, many } from '../../domain/counted.ts';
import { defined } from '../../domain/defined.ts';
import { isUidl } from '../../domain/uidl.ts';
import { type Source, SourceError, type SourceMessage } from '../../takeover/source/source.ts';
import { GIVEN_UP_FRAME, IDLE_FRAME, framesOf } from '../../takeover/frames.ts';
import type { Here, OutputOf } from '../core/row.ts';
import type { Takeover } from './import-source.ts';
import { type Imports, MAX_PAGE, type MailboxUse, type importRow, type imported } from './intake.ts';

// Both operations are called by their names. `sluis takeover` imports as well, and nobody has
// loaded the group of `mailbox` in its process.

/**
 * Milliseconds after which an idle frame is sent. The control socket ends a connection that is
 * silent for 30 s, and an old server may take longer to answer.
 */
const IDLE_AFTER = 10_000;

export interface How {
  readonly dryRun: boolean;
  readonly delete: boolean;
  readonly countAs: 'fetched' | 'waiting' | undefined;
  readonly address: Address | undefined;
  /**
   * What to do if the old server lists none of the messages that were imported, but as many or more
   * others. It has then renumbered them, and all would be fetched again.
   */
  readonly renumbered?: 'refuse' | 'take';
}

export interface Taken {
  readonly login: string;
  readonly source: string;
  readonly rule: string;
  /** Number of messages at the other server; `already`: how many of them were imported before. */
  readonly messages: number;
  readonly already: number;
  /** Absent after a dry run. */
  readonly imported?: Imports;
  readonly deleted?: number;
  readonly mailbox: MailboxUse;
}
interface NotTaken {
  readonly login: string;
  readonly source: string;
  readonly error: string;
}
export type All = readonly (Taken | NotTaken)[];
type Sent = Imports & { readonly mailbox: MailboxUse };

/**
 * Takes over many mailboxes. If one fails, that is reported and the others are taken over all the
 * same.
 */
export async function takeAll(here: Here, takeovers: readonly Takeover[], how: How): Promise<All> {
  const { terminal, options } = here;
  const progress = showProgress('Importing', 'mailboxes');
  const done: (Taken | NotTaken)[] = [];
  // The exit code of the first mailbox that failed. Others may have failed for other reasons.
  let code: ExitCode = exitCodes.done;
  for (const takeover of takeovers) {
    progress.show(done.length, takeovers.length);
    const taken = await takeOver(here, takeover, how).catch((error: unknown): NotTaken => {
      if (!(error instanceof AdminError || error instanceof SourceError || error instanceof CommandError)) throw error;
      if (code === exitCodes.done) code = error instanceof SourceError ? exitCodes.unavailable : exitCodeOf(error);
      return { login: takeover.login, source: takeover.source, error: error.message };
    });
    if (code === exitCodes.done && !('error' in taken) && (taken.imported?.refusedMessages ?? 0) > 0)
      code = exitCodes.conflict;
    done.push(taken);
    if (options.json !== true) {
      progress.end();
      terminal.out('error' in taken ? `${taken.login}: ${taken.error}\n` : `${takenText(taken)}\n`);
    }
  }
  progress.end();
  terminal.code = code;
  return done;
}

export function allText(done: All): string {
  const failed = done.filter((d) => 'error' in d || (d.imported?.refusedMessages ?? 0) > 0).length;
  return failed === 0
    ? agree(done.length, 'The mailbox is done.', `All ${many(done.length, 'mailbox')} are done.`)
    : `${done.length - failed} of ${many(done.length, 'mailbox')} are done; correct what is said of the others and run the same command again: nothing is imported twice.`;
}

export async function takeOver(here: Here, takeover: Takeover, how: How): Promise<Taken> {
  const source = await takeover.open();
  try {
    checkUidls(source.messages, takeover.source);
    return await takeFrom(here, source, takeover, how);
  } finally {
    await source.close();
  }
}

async function takeFrom(here: Here, source: Source, { login, source: from }: Takeover, how: How): Promise<Taken> {
  const before = await importedOf(here, login, how);
  const wanted = source.messages.filter(({ uidl }) => !before.uidls.has(uidl));
  const already = source.messages.length - wanted.length;
  if (how.renumbered === 'refuse' && already === 0 && before.uidls.size > 0 && wanted.length >= before.uidls.size)
    throw new CommandError(
      'conflict',
      `Cannot import from "${from}": ${renumberedText(before.uidls.size, wanted.length)}, and programs would fetch them all again; put its UIDLs back (dovecot-uidlist), or give --anyway`,
    );
  const about = {
    login: before.mailbox.login,
    source: from,
    rule: source.rule,
    messages: source.messages.length,
    already,
  };
  if (how.dryRun) return { ...about, mailbox: before.mailbox };
  const { mailbox, ...imported } = await send(here, wanted, login, how);
  if (!how.delete) return { ...about, imported, mailbox };
  // Only messages that the store now says it has are deleted there.
  const { uidls } = await importedOf(here, login, how);
  return { ...about, imported, deleted: (await source.delete?.(uidls)) ?? 0, mailbox };
}

export const renumberedText = (before: number, others: number): string =>
  `${many(before, 'message')} of it ${agree(before, 'was', 'were')} imported before, and the old server no longer has any of these, but ${others} others: it seems to have renumbered them`;

export async function importedOf(
  here: Here,
  login: string,
  { address }: Pick<How, 'address'>,
): Promise<{ readonly mailbox: MailboxUse; readonly uidls: ReadonlySet<string> }> {
  const uidls = new Set<string>();
  for (let after = ''; ;) {
    const page = await here.callNamed<OutputOf<typeof imported>>('mailbox.imported', {
      login,
      limit: MAX_PAGE,
      after,
      ...defined({ address }),
    });
    for (const uidl of page.uidls) uidls.add(uidl);
    after = page.uidls.at(-1) ?? '';
    if (page.uidls.length < MAX_PAGE) return { mailbox: page.mailbox, uidls };
  }
}

async function send(here: Here, messages: readonly SourceMessage[], login: string, how: How): Promise<Sent> {
  const progress = showProgress('Importing', 'messages');
  const state: Sending = { stopped: false };
  const input = { login, total: messages.length, ...defined({ address: how.address }) };
  const upload = withIdle(framesOfAll(messages, how, state));
  try {
    const report = await here.callNamed<OutputOf<typeof importRow>>('mailbox.import', input, {
      upload,
      progress: progress.show,
    });
    if (state.failed !== undefined) throw state.failed;
    return report;
  } finally {
    // If the operation refused while more was sent, the rest need not be read.
    state.stopped = true;
    progress.end();
  }
}

interface Sending {
  stopped: boolean;
  /** Set if the source could not be read to its end. */
  failed?: SourceError;
}

async function* framesOfAll(
  messages: readonly SourceMessage[],
  { countAs }: How,
  state: Sending,
): AsyncGenerator<string> {
  for (const { uidl, at, fetched, octets, read } of messages) {
    if (state.stopped) return;
    const counted = countAs === undefined ? (fetched ?? true) : countAs === 'fetched';
    const head = { uidl, fetched: counted, ...defined({ at, octets }) };
    try {
      yield* framesOf(head, read());
    } catch (error) {
      if (!(error instanceof SourceError)) throw error;
      // The upload ends properly: what came before is filed, and the connection can serve the next
      // mailbox.
      state.failed = error;
      yield GIVEN_UP_FRAME;
      return;
    }
  }
}

async function* withIdle(frames: AsyncGenerator<string>): AsyncGenerator<string> {
  for (;;) {
    const next = frames.next();
    // The race below reports an error of `next`. This handler only keeps it from counting as
    // unhandled while an idle frame is being sent.
    next.catch(() => undefined);
    for (;;) {
      let timer: NodeJS.Timeout | undefined;
      const idle = new Promise<'idle'>((resolve) => (timer = setTimeout(resolve, IDLE_AFTER, 'idle')));
      const first = await Promise.race([next, idle]).finally(() => clearTimeout(timer));
      if (first === 'idle') yield IDLE_FRAME;
      else if (first.done === true) return;
      else {
        yield first.value;
        break;
      }
    }
  }
}

/** Throws CommandError if mail programs could not tell the messages apart by these UIDLs. */
export function checkUidls(messages: readonly SourceMessage[], from: string): void {
  const seen = new Set<string>();
  for (const { uidl } of messages) {
    if (!isUidl(uidl))
      throw new CommandError(
        'usage',
        `Cannot import from "${from}": the UIDL "${uidl.slice(0, 100).replace(/[^\x21-\x7e]/g, '?')}" has ${uidl.length} characters; expected 1 to 70 visible ones (RFC 1939); give others with --uidl-file`,
      );
    if (seen.has(uidl))
      throw new CommandError(
        'conflict',
        `Cannot import from "${from}": two messages have the UIDL "${uidl}"; expected each once; nothing was imported`,
      );
    seen.add(uidl);
  }
}

/** Turns an error of the source into one that the operator can solve. */
export function told(error: unknown): never {
  if (error instanceof SourceError) throw new CommandError('unavailable', error.message);
  throw error;
}

export function takenText(taken: Taken): string {
  const { login, source, rule, messages, already, imported, deleted, mailbox } = taken;
  return [
    `${login}: ${many(messages, 'message')} in ${source}. ${rule}.`,
    ...(already === 0
      ? []
      : [
          `  ${many(already, 'message')} ${agree(already, 'was imported before and is', 'were imported before and are')} left out.`,
        ]),
    ...(imported === undefined
      ? [`  ${many(messages - already, 'message')} would be imported. Nothing was changed.`]
      : importedLines(imported)),
    ...(deleted === undefined ? [] : [`  Deleted ${many(deleted, 'message')} there.`]),
    ...(mailbox.octets <= mailbox.quota
      ? []
      : [
          `  The mailbox holds ${readableSize(mailbox.octets)}, more than its quota of ${readableSize(mailbox.quota)}: new mail for it is refused until it is emptied, or "sluis account set ${login} quota=..." gives it more.`,
        ]),
  ].join('\n');
}

function importedLines(imported: Imports): string[] {
  const { messages, octets, batches, fetched, edi, lineEnds, nul, otherSize, refused, refusedMessages } = imported;
  return [
    `  Imported ${many(messages, 'message')} (${readableSize(octets)}) in ${many(batches, 'batch')}: ${fetched} ${agree(fetched, 'counts', 'count')} as fetched, ${messages - fetched} as waiting; ${edi} ${agree(edi, 'has', 'have')} EDI in them.`,
    ...(lineEnds === 0
      ? []
      : [`  ${many(lineEnds, 'message')} had lines that end in LF: CRLF now, as they were served over POP3.`]),
    ...(nul === 0 ? [] : [`  ${many(nul, 'message')} had NUL octets: 0x80 now, as Dovecot serves them.`]),
    ...(otherSize === 0
      ? []
      : [
          `  ${many(otherSize, 'message')} ${agree(otherSize, 'has', 'have')} another size than the old server had noted; compare some of them with the old files.`,
        ]),
    ...(refusedMessages === 0
      ? []
      : [
          `  ${many(refusedMessages, 'message')} could not be imported and ${agree(refusedMessages, 'stands where it was', 'stand where they were')}:`,
          ...refused.map(({ uidl, why }) => `    ${uidl}: ${why}`),
        ]),
  ];
}
