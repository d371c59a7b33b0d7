/**
 * `sluis takeover rehearse`: tries everything of a wave at the old server, and changes nothing
 * there or in a mailbox.
 */
import { z } from '../../config/zod.ts';
import { AdminError } from '../../admin/error.ts';
import { CommandError } from '../../cli/exit.ts';
import { readableSize } from '../../cli/output.ts';
import { showProgress } from '../../cli/progress.ts';
import { agree, many } from '../../domain/counted.ts';
import { defined } from '../../domain/defined.ts';
import { type Source, SourceError } from '../../takeover/source/source.ts';
import { flag, need, rest } from '../core/params.ts';
import { type Here, changesHere, ruledAs } from '../core/row.ts';
import { organisation } from '../core/kinds.ts';
import { day } from '../core/moments.ts';
import { checkUidls, importedOf } from '../mailbox/take-over.ts';
import { MANY, type PlannedMailbox, namedIn, plannedFrom } from './from-file.ts';
import { note, practiceView, rehearsed, wave } from './parts.ts';
import { opensWith } from './passwords.ts';
import { durationText, wavesOf } from './waves.ts';

/**
 * The command ends after so many failures in a row. Then the old server itself is down, and each
 * attempt may have taken two minutes.
 */
export const MOST_IN_A_ROW = 10;
/** Most problems that are listed one by one. */
const TOLD = 50;
/**
 * What an import takes beside the time at the old server, which the rehearsal has measured: 3 ms a
 * message, and a second for 12 million octets, both rounded in the safe direction. Measured on
 * 2026-12-02 with a Dovecot on the same two cores (decision 1979).
 */
const MESSAGE_SECONDS = 0.003;
const OCTETS_A_SECOND = 12_000_000;
/** Number of listings of one mailbox that are compared. */
const LISTINGS = 3;

const problemView = z.object({ login: z.string(), organisation: z.string().optional(), problem: z.string() });

const out = z.object({
  wave: z.string(),
  day: z.string(),
  practices: z.array(practiceView).readonly(),
  before: z
    .array(z.string())
    .readonly()
    .meta({ description: 'Practices that are here already, or on their way: left alone.' }),
  mailboxes: z.number(),
  messages: z.number(),
  octets: z.number(),
  problems: z.array(problemView).readonly(),
  room: z.boolean().meta({ description: 'The store can take all of it.' }),
  seconds: z.number().meta({ description: 'That the wave will take, as an estimate.' }),
});
type Rehearsal = z.infer<typeof out>;

export const rehearse = changesHere({
  ...ruledAs(rehearsed),
  about: 'try a wave at the old server: log in, list and count everything, tell what would fail; nothing moves',
  in: {
    organisation: rest(organisation, 'only these practices of the file; otherwise all'),
    wave: need(wave, 'what the wave is called'),
    day: need(day, 'when it is to be'),
    ...MANY,
    tryPasswords: flag('also try each password of the file here; some 50 ms of a core each'),
  },
  out,
  examples: [
    '--wave north-1 --day 2026-12-10 --from north.csv',
    '--wave north-1 --day 14d --from north.csv praktijk-jansen',
  ],
  run: async (here, { wave: name, day: _, organisation: only, tryPasswords, ...from }, wire) => {
    const { byPractice, strangers, free } = await plannedFrom(here, await namedIn(here, from), only);
    const known = new Map((await wavesOf(here)).map((practice) => [practice.organisation, practice]));
    const total = [...byPractice.values()].reduce((sum, { length }) => sum + length, 0);
    const progress = showProgress('Rehearsing', 'mailboxes');
    const problems: z.infer<typeof problemView>[] = strangers.map(({ login, problem = '' }) => ({ login, problem }));
    const done = {
      practices: [] as z.infer<typeof practiceView>[],
      before: [] as string[],
      mailboxes: 0,
      messages: 0,
      octets: 0,
    };
    const failing = new Failing();
    const began = performance.now();
    try {
      for (const [practice, planned] of byPractice) {
        const state = known.get(practice)?.state ?? 'not-begun';
        if (state === 'moved' || state === 'importing') {
          done.before.push(practice);
          continue;
        }
        for (const mailbox of planned) {
          const seen = await rehearseOne(here, mailbox, tryPasswords, failing);
          done.mailboxes += 1;
          done.messages += seen.messages;
          done.octets += seen.octets;
          if (seen.problem !== undefined)
            problems.push({ login: mailbox.login, organisation: practice, problem: seen.problem });
          progress.show(done.mailboxes, total);
        }
        const login = planned.map((one) => one.login);
        done.practices.push(await here.call(rehearsed, { organisation: practice, login, wave: name, day: wire.day }));
      }
    } finally {
      progress.end();
    }
    const asked = (performance.now() - began) / 1000;
    const seconds = Math.ceil(asked + done.messages * MESSAGE_SECONDS + done.octets / OCTETS_A_SECOND);
    return { wave: name, day: String(wire.day), ...done, problems, room: done.octets * 1.1 < free, seconds };
  },
  say: rehearsalText,
  fails: ({ problems, room }) => (problems.length > 0 || !room ? { code: 'conflict' } : undefined),
});

/** Ends the command if too many sources in a row fail. */
export class Failing {
  #inARow = 0;

  succeeded(): void {
    this.#inARow = 0;
  }

  /** Counts a failure. Throws CommandError at the last one that is allowed. */
  failed(error: SourceError): void {
    this.#inARow += 1;
    if (this.#inARow < MOST_IN_A_ROW) return;
    throw new CommandError(
      'unavailable',
      `Cannot continue: ${MOST_IN_A_ROW} mailboxes one after the other could not be read, the last because: ${error.message}. See that the old server answers, then run the same command again: it continues`,
    );
  }
}

interface Seen {
  readonly messages: number;
  readonly octets: number;
  readonly problem?: string;
}

async function rehearseOne(
  here: Here,
  mailbox: PlannedMailbox,
  tryPasswords: boolean,
  failing: Failing,
): Promise<Seen> {
  const { takeover, login, there } = mailbox;
  const seen = await look(here, mailbox, failing);
  const { password } = takeover;
  const isWrong =
    seen.problem === undefined && tryPasswords && password !== undefined && !(await opensWith(here, login, password));
  const told = isWrong
    ? {
        ...seen,
        problem:
          'the password of the old server is not one of its passwords here: its programs could not log in; bring the hash with "sluis account import"',
      }
    : seen;
  await here.call(note, {
    login,
    there,
    state: 'rehearsed',
    ...told,
    ...defined({ problem: told.problem?.slice(0, 500) }),
  });
  return told;
}

async function look(here: Here, { takeover, login, problem }: PlannedMailbox, failing: Failing): Promise<Seen> {
  let source: Source | undefined;
  try {
    source = await takeover.open();
    const { messages } = source;
    checkUidls(messages, takeover.source);
    const sizes = { messages: messages.length, octets: await source.octets() };
    await source.close();
    if (problem === undefined)
      await compareListings(
        takeover,
        messages.map(({ uidl }) => uidl),
      );
    failing.succeeded();
    if (problem !== undefined) return { ...sizes, problem };
    const { mailbox } = await importedOf(here, login, { address: undefined });
    const over = mailbox.octets + sizes.octets - mailbox.quota;
    return over <= 0
      ? sizes
      : {
          ...sizes,
          problem: `its mail would fill the mailbox to ${readableSize(mailbox.octets + sizes.octets)}, more than its quota of ${readableSize(mailbox.quota)}: new mail for it would be refused; "sluis account set ${login} quota=..." gives it more`,
        };
  } catch (error) {
    if (!(error instanceof SourceError || error instanceof CommandError || error instanceof AdminError)) throw error;
    const told = { messages: 0, octets: 0, problem: problem ?? error.message };
    if (error instanceof SourceError) failing.failed(error);
    return told;
  } finally {
    await source?.close();
  }
}

/**
 * Refuses a server that gives other UIDLs in each session: programs would fetch everything again,
 * here as at the old server. Between two listings, some messages may be deleted and others may
 * arrive. So only a server that shows both each time is refused.
 */
async function compareListings(takeover: PlannedMailbox['takeover'], first: readonly string[]): Promise<void> {
  let before = new Set(first);
  for (let n = 1; n < LISTINGS; n += 1) {
    if (before.size === 0) return;
    const source = await takeover.open();
    const now = new Set(source.messages.map(({ uidl }) => uidl));
    await source.close();
    const others = [...now].filter((uidl) => !before.has(uidl)).length;
    // Some messages went and none of the new ones replaced them, or none is new: that is ordinary
    // use.
    if (others === 0 || now.size - others === before.size) return;
    before = now;
  }
  throw new CommandError(
    'conflict',
    `the old server gives other UIDLs in each session (RFC 1939 section 7 forbids it): its programs would fetch everything twice; take it over from its maildir, or with --rule`,
  );
}

function rehearsalText({
  wave: name,
  day: on,
  practices,
  before,
  mailboxes,
  messages,
  octets,
  problems,
  room,
  seconds,
}: Rehearsal): string {
  const ready = practices.filter((practice) => practice.problems === 0).length;
  return [
    `Rehearsed wave ${name} (${on}): ${many(practices.length, 'practice')}, ${many(mailboxes, 'mailbox')}, ${many(messages, 'message')} (${readableSize(octets)}) at the old server. Nothing was changed there.`,
    ...(before.length === 0
      ? []
      : [
          `${many(before.length, 'practice')} ${agree(before.length, 'has', 'have')} moved, or begun to, and ${agree(before.length, 'was', 'were')} left alone.`,
        ]),
    `The wave will take about ${durationText(seconds)}.`,
    ...(room ? [] : ['The disk is too small for it: the store has less free space. Free some space first.']),
    ...(problems.length === 0
      ? [`${agree(practices.length, 'It', `All ${practices.length}`)} can move.`]
      : [
          `${ready} of ${many(practices.length, 'practice')} can move. To be corrected first, in ${many(problems.length, 'mailbox')}:`,
          ...problems
            .slice(0, TOLD)
            .map(
              ({ login, organisation: of, problem }) => `  ${login}${of === undefined ? '' : ` (${of})`}: ${problem}`,
            ),
          ...(problems.length > TOLD ? [`  and ${problems.length - TOLD} more; --json has them all`] : []),
        ]),
  ].join('\n');
}
