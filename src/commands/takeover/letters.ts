/**
 * `sluis takeover letters`: finds which letter each practice must get, and writes it to a file or
 * files it as a notice for its contact.
 */
import { z } from '../../config/zod.ts';
import { AdminError } from '../../admin/error.ts';
import { fileNotice } from '../../admin/notice.ts';
import { organisationOf } from '../../admin/organisation-of.ts';
import { CommandError } from '../../cli/exit.ts';
import { letterFiles } from '../../cli/letter-files.ts';
import { table } from '../../cli/output.ts';
import { showProgress } from '../../cli/progress.ts';
import { agree, many } from '../../domain/counted.ts';
import { portsForAll } from '../../domain/served-port.ts';
import { instantOf } from '../../domain/working-days.ts';
import { serverLines } from '../../ca/enrol/letters.ts';
import { dayText, writeLetter } from '../../letters/letter.ts';
import { type MoveLetter, moveLetters } from '../../letters/takeover.ts';
import { LETTER_STEPS, type LetterStep } from '../../store/takeovers.ts';
import { arg, flag, need, opt, rest } from '../core/params.ts';
import { type Here, changesHere, lookPart, part, ruledAs } from '../core/row.ts';
import { login, organisation } from '../core/kinds.ts';
import { choice } from '../core/kind.ts';
import { folder } from '../core/files.ts';
import type { AdminContext } from '../../admin/context.ts';
import { type PracticeView, wave } from './parts.ts';
import { OLD_LOG, oldLoginsOf } from './status.ts';
import { mailboxesOf, wavesOf } from './waves.ts';

const programs = opt(
  choice('what', ['stay', 'change']),
  'whether the names of the servers lead here by themselves, or people enter others',
  'stay',
);
const one = {
  organisation: arg(organisation, 'the practice'),
  login: rest(login, 'the accounts that it is about'),
  step: need(choice('step', LETTER_STEPS), 'which letter'),
  programs,
};
interface Asked {
  readonly organisation: string;
  readonly login: readonly string[];
  readonly step: LetterStep;
  readonly programs: MoveLetter['programs'];
}

async function lettersOf(context: AdminContext, { organisation: name, login: logins, step, programs: how }: Asked) {
  const { store, letters } = context;
  const registered = await organisationOf(store.registry, name);
  const practice = await store.takeovers.practice(name);
  if (practice?.day === undefined)
    throw new AdminError(
      'unknown',
      `Cannot write to "${name}": no wave has it; "sluis takeover rehearse" puts it into one`,
    );
  const day = instantOf(practice.day);
  const servers = portsForAll(letters.servers);
  const made = moveLetters({
    step,
    organisation: registered.title,
    day: { nl: dayText(day, 'nl'), en: dayText(day, 'en') },
    logins,
    servers: { nl: serverLines(servers, '', 'nl'), en: serverLines(servers, '', 'en') },
    programs: how,
  });
  return { registered, practice, made };
}

/** The text of a letter for the post. */
export const letterText = lookPart({
  about: 'a letter about the move, as text',
  in: one,
  out: z.object({ text: z.string() }),
  right: 'registry',
  run: async (context, asked) => {
    const { registered, made } = await lettersOf(context, asked);
    const { subject, lines } = writeLetter(made, registered.language, context.letters.helpdesk);
    return { text: [registered.title, ...(registered.post ?? []), '', subject, '', ...lines, ''].join('\n') };
  },
});

export const letterWritten = part({
  about: 'note that a letter about the move was written',
  in: { organisation: one.organisation, step: one.step },
  out: z.object({ organisation: z.string() }),
  right: 'registry',
  trail: ['takeover.letter'],
  undo: 'not needed: another one can be written',
  run: async ({ store }, { organisation: name, step }, { actor }) => {
    await store.takeovers.told({ organisation: name, step, how: 'file' }, actor);
    return { organisation: name };
  },
});

export const letterSent = part({
  about: 'file a letter about the move for the contact of a practice',
  in: one,
  out: z.object({ organisation: z.string(), to: z.string().optional() }),
  right: 'registry',
  trail: ['takeover.letter'],
  undo: 'another letter: nothing takes one back',
  run: async (context, asked, { actor }) => {
    const { store, noticeWriter, clock } = context;
    const { registered, made } = await lettersOf(context, asked);
    const place = await noticeWriter.places.ofContact(registered);
    if (place === undefined) return { organisation: asked.organisation };
    // A letter that is given again after a crash is filed only once.
    const once = `takeover:${asked.step}:${registered.name}:${Math.floor(clock.now() / 86_400_000)}`;
    if ((await store.deliveries.usedKeys([once])).length === 0)
      await fileNotice(
        store,
        await noticeWriter.letter(
          { ...place, language: registered.language },
          { kind: 'operator', once, letters: made },
        ),
      );
    await store.takeovers.told({ organisation: asked.organisation, step: asked.step, how: 'notice' }, actor);
    return { organisation: asked.organisation, to: place.address };
  },
});

const due = z.object({
  organisation: z.string(),
  step: z.enum(LETTER_STEPS),
  done: z.boolean().meta({ description: 'Written or filed now; false if it was a dry run.' }),
  to: z.string().optional().meta({ description: 'Who gets it as a notice.' }),
  why: z.string().optional().meta({ description: 'Why it was not filed.' }),
});

export const letters = changesHere({
  ...ruledAs(letterSent),
  about: 'tell which letter each practice is due, and write them to files or file them as notices',
  in: {
    organisation: rest(organisation, 'only these'),
    wave: opt(wave, 'only the practices of this wave'),
    step: opt(choice('step', LETTER_STEPS), 'this letter; otherwise the one that each is due'),
    out: opt(folder, 'write a letter for each practice into this folder'),
    notice: flag('file it as a message for the contact of each practice'),
    programs,
    again: flag('also those that have this letter already'),
    ...OLD_LOG,
  },
  out: z.object({ letters: z.array(due).readonly(), applied: z.boolean() }),
  examples: ['', '--wave north-1 --step announce --out letters', '--step reminder --old-log dovecot.log --notice'],
  check: ({ out, notice, step, oldLog }) =>
    out !== undefined && notice
      ? 'Cannot write letters twice: give --out FOLDER or --notice'
      : step === 'reminder' && oldLog.length === 0
        ? 'Cannot tell who is to be reminded: give the log of the old server with --old-log'
        : undefined,
  run: async (here, { organisation: names, wave: of, step, out, notice, programs: how, again, oldLog }) => {
    const practices = (await wavesOf(here)).filter(
      (practice) =>
        (names.length === 0 || names.includes(practice.organisation)) && (of === undefined || practice.wave === of),
    );
    const missing = names.find((name) => !practices.some((practice) => practice.organisation === name));
    if (missing !== undefined)
      throw new CommandError('unknown', `Cannot find "${missing}"; "sluis takeover status" shows the practices`);
    const boxes = await mailboxesOf(here);
    const still = oldLog.length === 0 ? undefined : (await oldLoginsOf(oldLog, boxes)).found;
    const lettersDue = practices.flatMap((practice) => {
      const its = boxes.filter((box) => box.organisation === practice.organisation).map((box) => box.login);
      const late = its.filter((name) => still?.has(name) === true);
      return stepsOf(practice, late.length > 0, again)
        .filter((each) => step === undefined || each === step)
        .map((each) => ({ organisation: practice.organisation, step: each, login: each === 'reminder' ? late : its }));
    });
    const applied = out !== undefined || notice;
    const done: z.infer<typeof due>[] = [];
    const files = letterFiles({ letters: out });
    const progress = showProgress('Writing', 'letters');
    try {
      for (const letter of lettersDue) {
        done.push({
          organisation: letter.organisation,
          step: letter.step,
          ...(await deliver(here, { ...letter, programs: how }, files, notice)),
        });
        progress.show(done.length, lettersDue.length);
      }
    } finally {
      progress.end();
      files?.end();
    }
    return { letters: done, applied };
  },
  say: ({ letters: all, applied }, { out }) => lettersText(all, applied, out),
  fails: ({ letters: all, applied }) => (applied && all.some(({ done }) => !done) ? { code: 'conflict' } : undefined),
});

/** The letters that are due, in the order in which a practice reads them. */
function stepsOf({ state, letters: told }: PracticeView, isLate: boolean, again: boolean): readonly LetterStep[] {
  const after = (at: string | undefined, behind: string | undefined): boolean =>
    at !== undefined && at >= (behind ?? '');
  // A practice that moves for a second time gets the letter a second time.
  const has: Readonly<Record<LetterStep, boolean>> = {
    announce: told.announce !== undefined && !(told.back !== undefined && told.back > told.announce),
    moved: after(told.moved, told.back),
    reminder: false,
    back: after(told.back, told.moved),
  };
  const wanted: readonly LetterStep[] =
    state === 'rehearsed'
      ? ['announce']
      : state === 'moved'
        ? ['moved', ...(isLate ? (['reminder'] as const) : [])]
        : state === 'back'
          ? ['back']
          : [];
  return wanted.filter((step) => again || !has[step]);
}

async function deliver(
  here: Here,
  asked: Asked,
  files: ReturnType<typeof letterFiles>,
  notice: boolean,
): Promise<{ readonly done: boolean; readonly to?: string; readonly why?: string }> {
  const { organisation: name, step } = asked;
  if (files !== undefined) {
    const { text } = await here.call(letterText, { ...asked });
    const file = `${name}-${step}`;
    if (!files.has(file)) files.write(file, text);
    await here.call(letterWritten, { organisation: name, step });
    return { done: true };
  }
  if (!notice) return { done: false };
  const { to } = await here.call(letterSent, { ...asked });
  return to === undefined
    ? { done: false, why: 'nobody of the organisation could be reached here; write it to a file with --out' }
    : { done: true, to };
}

function lettersText(all: readonly z.infer<typeof due>[], applied: boolean, path: string | undefined): string {
  if (all.length === 0) return 'No practice is due a letter.';
  const made = all.filter(({ done }) => done);
  const missed = all.filter(({ why }) => why !== undefined);
  return [
    applied
      ? path === undefined
        ? `Filed ${many(made.length, 'letter')}.`
        : `Wrote ${many(made.length, 'letter')} to "${path}".`
      : `${many(all.length, 'letter')} ${agree(all.length, 'is', 'are')} due; --out FOLDER writes ${agree(all.length, 'it', 'them')}, --notice files ${agree(all.length, 'it', 'them')} for the contacts.`,
    ...(applied
      ? []
      : [
          table(
            ['PRACTICE', 'LETTER'],
            all.map((letter) => [letter.organisation, letter.step]),
          ),
        ]),
    ...missed.map(({ organisation: name, step, why }) => `${name} (${step}): ${why ?? ''}.`),
  ].join('\n');
}
