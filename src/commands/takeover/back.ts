/**
 * `sluis takeover back`: one practice returns to the old server. Its programs find there what they
 * know, and mail that arrived here meanwhile is written there.
 */
import { z } from '../../config/zod.ts';
import { CommandError } from '../../cli/exit.ts';
import { showProgress } from '../../cli/progress.ts';
import { agree, many } from '../../domain/counted.ts';
import type { Source, SourceMessage } from '../../takeover/source/source.ts';
import { arg, flag } from '../core/params.ts';
import { type Here, changesHere, ruledAs } from '../core/row.ts';
import { organisation } from '../core/kinds.ts';
import { partsOf } from '../core/accounts.ts';
import { checkUidls, importedOf, renumberedText, told } from '../mailbox/take-over.ts';
import { MANY, type PlannedMailbox, namedIn, plannedFrom } from './from-file.ts';
import { giveBackParts as parts } from './give-back.ts';
import { note } from './parts.ts';
import { mailboxesOf } from './waves.ts';

/** Most UIDLs of one call. */
const MOST_FORGOTTEN = 500;

const out = z.object({
  organisation: z.string(),
  mailboxes: z.number(),
  before: z.number().meta({ description: 'Mailboxes that had gone back before.' }),
  there: z
    .number()
    .meta({ description: 'Messages that the old server has had all along, and that left the mailboxes here.' }),
  written: z
    .number()
    .meta({ description: 'Messages that came here, that nobody had fetched, and that are at the old server now.' }),
  deleted: z
    .number()
    .meta({ description: 'Messages that their owners had deleted here, deleted at the old server too.' }),
});
type Back = z.infer<typeof out>;

export const back = changesHere({
  ...ruledAs(parts['going-back']),
  reason: 'needed',
  about: 'take one practice back to the old server: nothing is lost, and its programs fetch nothing twice',
  in: {
    organisation: arg(organisation, 'the practice'),
    ...MANY,
    addressesStay: flag('although mail for its addresses is still filed here'),
  },
  out,
  trail: ['takeover.going-back', 'message.returned', 'takeover.returned'],
  examples: ['praktijk-jansen --from north.csv --addresses-stay --reason "their program cannot do TLS 1.2"'],
  run: async (here, { organisation: name, addressesStay, ...from }) => {
    const { byPractice } = await plannedFrom(here, await namedIn(here, from), [name]);
    const planned = byPractice.get(name) ?? [];
    const states = new Map((await mailboxesOf(here, name)).map((mailbox) => [mailbox.login, mailbox.state]));
    const missing = [...states.keys()].find((login) => !planned.some((mailbox) => mailbox.login === login));
    if (missing !== undefined)
      throw new CommandError(
        'usage',
        `Cannot take "${name}" back: the file does not name its mailbox ${missing}; give the file of its wave`,
      );
    await here.call(parts['going-back'], { organisation: name, 'addresses-stay': addressesStay });
    const done = { organisation: name, mailboxes: 0, before: 0, there: 0, written: 0, deleted: 0 };
    const progress = showProgress('Going back', 'mailboxes');
    try {
      for (const mailbox of planned) {
        if (states.get(mailbox.login) === 'back') done.before += 1;
        else {
          const one = await mailboxBack(here, mailbox).catch(told);
          done.mailboxes += 1;
          done.there += one.there;
          done.written += one.written;
          done.deleted += one.deleted;
        }
        progress.show(done.mailboxes + done.before, planned.length);
      }
    } finally {
      progress.end();
    }
    return done;
  },
  say: backText,
});

/**
 * Gives one mailbox back. Each step skips what is done already: after a crash, the same command
 * continues.
 */
async function mailboxBack(
  here: Here,
  { takeover, login, there }: PlannedMailbox,
): Promise<Pick<Back, 'there' | 'written' | 'deleted'>> {
  const source = await takeover.open();
  try {
    const { messages } = source;
    checkUidls(messages, takeover.source);
    await refuseRenumbered(here, takeover.source, login, messages);
    const octets = await source.octets();
    const put = await putterOf(here, source, login);
    const upload = `${messages.map(({ uidl }) => uidl).join('\n')}\n`;
    const { imported } = await here.call(parts['give-back'], { login }, { upload });
    const moved = put === undefined ? 0 : await writeAll(here, login, put);
    const gone = await deletedOf(here, login);
    const listed = new Set(messages.map(({ uidl }) => uidl).filter((uidl) => gone.has(uidl)));
    const deleted = listed.size === 0 ? 0 : ((await source.delete?.(listed)) ?? 0);
    // This includes messages that the server no longer lists. If the command was cut short after
    // the deletion, they would still count as imported here, and the next wave would believe that
    // the server renumbers.
    for (const uidl of partsOf([...gone], MOST_FORGOTTEN)) await here.call(parts.forget, { login, uidl });
    await here.call(note, { login, there, state: 'back', messages: messages.length - deleted + moved, octets });
    return { there: imported, written: moved, deleted };
  } finally {
    await source.close();
  }
}

/**
 * Refuses a server that has renumbered its messages. By their new UIDLs we cannot tell which ones
 * it has, so everything that nobody fetched here would be written there once more. Messages that
 * were deleted here do not count.
 */
async function refuseRenumbered(
  here: Here,
  from: string,
  login: string,
  messages: readonly SourceMessage[],
): Promise<void> {
  const { uidls } = await importedOf(here, login, { address: undefined });
  const gone = await deletedOf(here, login);
  const waiting = new Set([...uidls].filter((uidl) => !gone.has(uidl)));
  if (waiting.size === 0 || messages.length < waiting.size || messages.some(({ uidl }) => waiting.has(uidl))) return;
  throw new CommandError(
    'conflict',
    `Cannot give the mailbox of "${login}" back to "${from}": ${renumberedText(waiting.size, messages.length)}, and what nobody fetched here would be there twice; put its UIDLs back (dovecot-uidlist) and give the same command again; nothing left the mailbox`,
  );
}

/** Makes sure that mail can be written there, before anything leaves the mailbox. */
async function putterOf(here: Here, source: Source, login: string): Promise<Source['put']> {
  if (source.put !== undefined) return (name, octets) => source.put?.(name, octets) ?? Promise.resolve();
  const { unfetched, returning: waits } = await here.call(parts['to-give-back'], { login });
  if (unfetched + waits === 0) return undefined;
  throw new CommandError(
    'conflict',
    `Cannot give the mailbox of "${login}" back over POP3: ${many(unfetched + waits, 'message')} that came here ${agree(unfetched + waits, 'was', 'were')} fetched by nobody, and POP3 takes none; let its programs fetch here once more, or give a file that names its maildir`,
  );
}

async function writeAll(here: Here, login: string, put: NonNullable<Source['put']>): Promise<number> {
  let n = 0;
  for (;;) {
    const rows = await here.call(parts.returning, { login });
    if (rows.length === 0) return n;
    for (const { uid, message, received } of rows) {
      await put(`${Math.floor(Date.parse(received) / 1000)}.S${message}.sluis`, contentOf(here, login, message));
      // Messages are noted one by one, so that a noted message is at the old server, whatever
      // happens next.
      await here.call(parts.written, { login, uid: [uid] });
      n += 1;
    }
  }
}

async function* contentOf(here: Here, login: string, message: string): AsyncGenerator<Buffer> {
  const pieces: Buffer[] = [];
  await here.call(
    parts['returning-content'],
    { login, message },
    { receive: (piece) => pieces.push(Buffer.from(piece, 'latin1')) },
  );
  yield* pieces;
}

async function deletedOf(here: Here, login: string): Promise<ReadonlySet<string>> {
  const gone = new Set<string>();
  for (let after = ''; ;) {
    const page = await here.call(parts['deleted-since'], { login, after });
    for (const uidl of page) gone.add(uidl);
    const last = page.at(-1);
    if (last === undefined) return gone;
    after = last;
  }
}

function backText({ organisation: name, mailboxes, before, there, written: moved, deleted }: Back): string {
  return [
    `${name} is back at the old server: ${many(mailboxes, 'mailbox')}. Point its programs there again now.`,
    `${many(there, 'message')} ${agree(there, 'is', 'are')} there as before. ${many(moved, 'message')} that came here and that nobody had fetched ${agree(moved, 'was', 'were')} written there.`,
    ...(deleted === 0
      ? []
      : [
          `${many(deleted, 'message')} that ${agree(deleted, 'was', 'were')} deleted here ${agree(deleted, 'was', 'were')} deleted there too.`,
        ]),
    ...(before === 0 ? [] : [`${many(before, 'mailbox')} had gone back before.`]),
  ].join('\n');
}
