/** `sluis takeover status`: how far each practice is, and who still logs in at the old server. */
import { z } from '../../config/zod.ts';
import { CommandError } from '../../cli/exit.ts';
import { readableTime, table } from '../../cli/output.ts';
import { agree, many as counted } from '../../domain/counted.ts';
import { foldLogin } from '../../domain/registry.ts';
import { iso } from '../../domain/units.ts';
import { systemClock } from '../../platform/clock.ts';
import { readOldLog } from '../../takeover/source/old-log.ts';
import { SourceError } from '../../takeover/source/source.ts';
import { organisation } from '../core/kinds.ts';
import { file } from '../core/files.ts';
import { many, opt, rest } from '../core/params.ts';
import { readsHere } from '../core/row.ts';
import { type MailboxView, type PracticeView, mailboxView, practiceView, wave } from './parts.ts';
import { mailboxesOf, wavesOf } from './waves.ts';

const oldLogin = z.object({
  login: z.string(),
  there: z.string(),
  last: z.string(),
  times: z.number().meta({ description: 'Since its mailbox moved.' }),
  from: z.string().optional().meta({ description: 'Where the last one came from.' }),
});
export type OldLogins = z.infer<typeof oldLogin>;

const practiceStatus = practiceView.extend({
  stillThere: z.array(oldLogin).readonly().optional().meta({
    description:
      'Accounts whose programs log in at the old server though their mailbox is here; absent without --old-log.',
  }),
  boxes: z.array(mailboxView).readonly().optional().meta({ description: 'Its mailboxes, if a practice was named.' }),
});
export type PracticeStatus = z.infer<typeof practiceStatus>;

const out = z.object({
  practices: z.array(practiceStatus).readonly(),
  notBegun: z.number(),
  rehearsed: z.number(),
  importing: z.number(),
  moved: z.number(),
  back: z.number(),
  log: z
    .object({ lines: z.number(), logins: z.number() })
    .optional()
    .meta({ description: 'What was read of the old server’s logs.' }),
});
type Status = z.infer<typeof out>;

export const OLD_LOG = {
  oldLog: many(
    file,
    'the old server\'s log, for who still logs in there: Dovecot\'s, or CSV "user,at"; may be given several times',
    50,
  ),
};

export const status = readsHere({
  about: 'show where each practice stands, and who still logs in at the old server',
  in: {
    organisation: rest(organisation, 'only these, each with its mailboxes'),
    wave: opt(wave, 'only the practices of this wave'),
    ...OLD_LOG,
  },
  out,
  right: 'read',
  examples: ['', '--wave north-1 --old-log dovecot.log', 'praktijk-jansen'],
  run: async (here, { organisation: names, wave: of, oldLog }) => {
    const all = await wavesOf(here);
    const wanted = all.filter(
      (practice) =>
        (names.length === 0 || names.includes(practice.organisation)) && (of === undefined || practice.wave === of),
    );
    const missing = names.find((name) => !wanted.some((practice) => practice.organisation === name));
    if (missing !== undefined)
      throw new CommandError(
        'unknown',
        `Cannot find "${missing}"${of === undefined ? '' : ` in wave "${of}"`}; "sluis takeover status" shows the practices`,
      );
    const boxes = oldLog.length === 0 && names.length === 0 ? [] : await mailboxesOf(here);
    const old = oldLog.length === 0 ? undefined : await oldLoginsOf(oldLog, boxes);
    const ofPractice = groupedBy(boxes);
    const practices = wanted.map((practice): PracticeStatus => ({
      ...practice,
      ...(old !== undefined && {
        stillThere: (ofPractice.get(practice.organisation) ?? []).flatMap(({ login }) => old.found.get(login) ?? []),
      }),
      ...(names.length > 0 && { boxes: ofPractice.get(practice.organisation) ?? [] }),
    }));
    const inState = (state: PracticeView['state']): number =>
      practices.filter((practice) => practice.state === state).length;
    return {
      practices,
      notBegun: inState('not-begun'),
      rehearsed: inState('rehearsed'),
      importing: inState('importing'),
      moved: inState('moved'),
      back: inState('back'),
      ...(old !== undefined && { log: old.read }),
    };
  },
  say: statusText,
});

function groupedBy(boxes: readonly MailboxView[]): ReadonlyMap<string, readonly MailboxView[]> {
  const groups = new Map<string, MailboxView[]>();
  for (const box of boxes) {
    const group = groups.get(box.organisation);
    if (group === undefined) groups.set(box.organisation, [box]);
    else group.push(box);
  }
  return groups;
}

/**
 * Logins at the old server of mailboxes that have moved, after they moved, by login name here.
 * Throws CommandError for a log without any login in it.
 */
export async function oldLoginsOf(
  files: readonly string[],
  boxes: readonly MailboxView[],
): Promise<{
  readonly found: ReadonlyMap<string, OldLogins>;
  readonly read: { readonly lines: number; readonly logins: number };
}> {
  const byThere = new Map(boxes.map((box) => [foldLogin(box.there) ?? box.there, box]));
  const found = new Map<string, OldLogins>();
  let [lines, logins] = [0, 0];
  for (const name of files) {
    const read = await readOldLog(name, systemClock.now(), ({ user, at, from }) => {
      const box = byThere.get(foldLogin(user) ?? user);
      // A log has whole seconds, so a login in the very second of the move may have come before it.
      if (box?.state !== 'moved' || at <= Date.parse(box.changed)) return;
      const before = found.get(box.login);
      const isLast = before === undefined || at >= Date.parse(before.last);
      found.set(box.login, {
        login: box.login,
        there: box.there,
        last: isLast ? iso(at) : before.last,
        times: (before?.times ?? 0) + 1,
        ...(isLast ? from !== undefined && { from } : before.from !== undefined && { from: before.from }),
      });
    }).catch((error: unknown) => {
      throw error instanceof SourceError ? new CommandError('usage', error.message) : error;
    });
    if (read.lines > 0 && read.logins === 0)
      throw new CommandError(
        'usage',
        `Cannot tell logins from "${name}": none of its ${counted(read.lines, 'line')} is one that is known here; expected a log of Dovecot with lines such as "pop3-login: Info: Login: user=<jansen>, ...", or CSV with the header "user,at"`,
      );
    lines += read.lines;
    logins += read.logins;
  }
  return { found, read: { lines, logins } };
}

const STATES: Readonly<Record<PracticeView['state'], string>> = {
  'not-begun': 'not begun',
  rehearsed: 'rehearsed',
  importing: 'importing',
  moved: 'moved',
  back: 'went back',
};

const stateText = ({ state, moved, mailboxes, problems, goingBack }: PracticeView): string =>
  goingBack
    ? 'going back'
    : state === 'importing'
      ? `importing ${moved} of ${mailboxes}${problems > 0 ? `, ${problems} failed` : ''}`
      : `${STATES[state]}${problems > 0 ? `, ${counted(problems, 'problem')}` : ''}`;

function lettersText({ letters }: PracticeView): string {
  const sent = Object.entries(letters).flatMap(([step, at]) =>
    at === undefined ? [] : [`${step} ${readableTime(at).slice(0, 10)}`],
  );
  return sent.length === 0 ? '-' : sent.join(', ');
}

function statusText({ practices, notBegun, rehearsed, importing, moved, back, log }: Status): string {
  const begun = practices.filter((practice) => practice.state !== 'not-begun' || practice.boxes !== undefined);
  const still = practices.flatMap((practice) =>
    (practice.stillThere ?? []).map((login) => ({ practice: practice.organisation, ...login })),
  );
  return [
    `${counted(practices.length, 'practice')}: ${notBegun} not begun, ${rehearsed} rehearsed, ${importing} importing, ${moved} moved, ${back} went back.`,
    ...(begun.length === 0
      ? []
      : [
          table(
            ['PRACTICE', 'WAVE', 'DAY', 'STATE', 'MAILBOXES', 'MESSAGES', 'LETTERS'],
            begun.map((p) => [
              p.organisation,
              p.wave ?? '-',
              p.day ?? '-',
              stateText(p),
              p.mailboxes,
              p.messages,
              lettersText(p),
            ]),
          ),
        ]),
    ...begun.flatMap(({ boxes = [] }) =>
      boxes.length === 0
        ? []
        : [
            table(
              ['MAILBOX', 'AT THE OLD SERVER', 'STATE', 'SINCE', 'MESSAGES', 'PROBLEM'],
              boxes.map((b) => [
                b.login,
                b.there,
                b.state === 'back' ? 'went back' : b.state,
                readableTime(b.changed),
                b.messages,
                b.problem ?? '-',
              ]),
            ),
          ],
    ),
    ...(log === undefined
      ? []
      : still.length === 0
        ? [
            `Nobody who has moved logs in at the old server: ${log.logins} logins in ${counted(log.lines, 'line')} were before the move, or of others.`,
          ]
        : [
            `${counted(still.length, 'account')} that moved still ${agree(still.length, 'logs', 'log')} in at the old server, and ${agree(still.length, 'misses', 'miss')} new mail there:`,
            table(
              ['ACCOUNT', 'PRACTICE', 'LAST', 'TIMES', 'FROM'],
              still.map((s) => [s.login, s.practice, readableTime(s.last), s.times, s.from ?? '-']),
            ),
          ]),
  ].join('\n');
}
