/**
 * `sluis takeover wave`: takes over the mailboxes of a wave, practice by practice. After an
 * interruption, the same command is given again.
 */
import { z } from '../../config/zod.ts';
import { AdminError } from '../../admin/error.ts';
import { CommandError, type ExitCode, exitCodeOf, exitCodes } from '../../cli/exit.ts';
import { readableSize } from '../../cli/output.ts';
import { showProgress } from '../../cli/progress.ts';
import { agree, many } from '../../domain/counted.ts';
import { defined } from '../../domain/defined.ts';
import { dayOf, isoDay } from '../../domain/working-days.ts';
import { systemClock } from '../../platform/clock.ts';
import { SourceError } from '../../takeover/source/source.ts';
import { arg, flag, rest } from '../core/params.ts';
import { type Here, changesHere } from '../core/row.ts';
import { organisation } from '../core/kinds.ts';
import { takeOver } from '../mailbox/take-over.ts';
import { MANY, type PlannedMailbox, namedIn, plannedFrom } from './from-file.ts';
import { type MailboxView, type PracticeView, note, wave } from './parts.ts';
import { Failing } from './rehearse.ts';
import { durationText, mailboxesOf, wavesOf } from './waves.ts';

const out = z.object({
  wave: z.string(),
  moved: z.array(z.string()).readonly().meta({ description: 'Practices that are here now, all of their mailboxes.' }),
  before: z.array(z.string()).readonly().meta({ description: 'Practices that were here before.' }),
  held: z
    .array(z.object({ organisation: z.string(), why: z.string() }))
    .readonly()
    .meta({ description: 'Practices that were not begun.' }),
  failed: z
    .array(z.object({ login: z.string(), organisation: z.string(), problem: z.string() }))
    .readonly()
    .meta({ description: 'Mailboxes of which not everything came over.' }),
  mailboxes: z.number(),
  messages: z.number().meta({ description: 'That came now; `already`: that were here before.' }),
  already: z.number(),
  octets: z.number(),
  seconds: z.number(),
});
type Moved = z.infer<typeof out>;

const HOW = { dryRun: false, delete: false, countAs: undefined, address: undefined } as const;
const NOTHING: Pick<MailboxView, 'messages' | 'octets'> = { messages: 0, octets: 0 };
const COMMAND_NAMES = 5;

export const waveHere = changesHere({
  about: 'take over the mailboxes of a wave that was rehearsed; given again it continues where it stopped',
  in: {
    wave: arg(wave, 'the wave'),
    organisation: rest(organisation, 'only these practices of it'),
    ...MANY,
    again: flag('also practices that have moved: what came late at the old server comes along'),
    early: flag('before the day of the wave'),
    anyway: flag('also practices whose rehearsal found problems, and mailboxes whose UIDLs are all others now'),
  },
  out,
  right: 'registry',
  trail: ['message.imported', 'takeover.moved'],
  undo: 'takeover back, for one practice',
  examples: ['north-1 --from north.csv --reason "the first wave"', 'north-1 --from north.csv --again'],
  run: async (here, { wave: name, organisation: only, again, early, anyway, ...from }) => {
    const named = await namedIn(here, from);
    const all = await wavesOf(here);
    const wanted = all.filter(
      (practice) => practice.wave === name && (only.length === 0 || only.includes(practice.organisation)),
    );
    const { byPractice } = await plannedFrom(here, named, checkedNames(wanted, all, name, early));
    const states = new Map((await mailboxesOf(here)).map((mailbox) => [mailbox.login, mailbox]));
    const work = new Work(here, { again, anyway });
    const plans = wanted.map((practice) => ({ practice, planned: byPractice.get(practice.organisation) ?? [] }));
    const total = plans.reduce((sum, { planned }) => sum + planned.length, 0);
    const progress = showProgress('Moving', 'mailboxes');
    const began = performance.now();
    try {
      for (const plan of plans)
        await work.practice(plan.practice, plan.planned, states, (n) => progress.show(n, total));
    } finally {
      progress.end();
    }
    if (work.code !== exitCodes.done) here.terminal.code = work.code;
    return { wave: name, ...work.done, seconds: Math.ceil((performance.now() - began) / 1000) };
  },
  say: movedText,
});

/** The names of the practices in a wave that may begin now. Throws CommandError if one may not. */
function checkedNames(
  wanted: readonly PracticeView[],
  all: readonly PracticeView[],
  name: string,
  early: boolean,
): string[] {
  const [first] = wanted;
  if (first === undefined) {
    const known = [...new Set(all.flatMap((practice) => practice.wave ?? []))];
    throw new CommandError(
      'unknown',
      `Cannot begin wave "${name}": no practice is in it; ${known.length === 0 ? '"sluis takeover rehearse" makes one' : `there ${agree(known.length, 'is', 'are')} ${known.slice(0, COMMAND_NAMES).join(', ')}`}`,
    );
  }
  const today = isoDay(dayOf(systemClock.now()));
  const ahead = wanted.find(({ day = '' }) => day > today);
  if (ahead !== undefined && !early)
    throw new CommandError(
      'conflict',
      `Cannot begin wave "${name}": its day is ${ahead.day ?? ''}, and today is ${today}; give --early, or rehearse again with another --day`,
    );
  return wanted.map(({ organisation }) => organisation);
}

class Work {
  readonly #here: Here;
  readonly #how: { readonly again: boolean; readonly anyway: boolean };
  readonly #failing = new Failing();
  #seen = 0;
  /** The exit code of the first mailbox that failed. */
  code: ExitCode = exitCodes.done;
  readonly done = {
    moved: [] as string[],
    before: [] as string[],
    held: [] as { organisation: string; why: string }[],
    failed: [] as { login: string; organisation: string; problem: string }[],
    mailboxes: 0,
    messages: 0,
    already: 0,
    octets: 0,
  };

  constructor(here: Here, how: { readonly again: boolean; readonly anyway: boolean }) {
    this.#here = here;
    this.#how = how;
  }

  async practice(
    practice: PracticeView,
    planned: readonly PlannedMailbox[],
    states: ReadonlyMap<string, MailboxView>,
    told: (mailboxes: number) => void,
  ): Promise<void> {
    const { organisation } = practice;
    if (practice.state === 'moved' && !this.#how.again) {
      this.done.before.push(organisation);
      this.#seen += planned.length;
      return told(this.#seen);
    }
    const why = this.#whyNot(practice, planned, states);
    if (why !== undefined) {
      this.done.held.push({ organisation, why });
      this.#fail(exitCodes.conflict);
      this.#seen += planned.length;
      return told(this.#seen);
    }
    let isWhole = true;
    for (const mailbox of planned) {
      const isHere = states.get(mailbox.login)?.state === 'moved' && !this.#how.again;
      if (!isHere) isWhole = (await this.#mailbox(organisation, mailbox, states.get(mailbox.login))) && isWhole;
      told((this.#seen += 1));
    }
    if (isWhole) this.done.moved.push(organisation);
  }

  #whyNot(
    { organisation, problems, state, goingBack }: PracticeView,
    planned: readonly PlannedMailbox[],
    states: ReadonlyMap<string, MailboxView>,
  ): string | undefined {
    if (goingBack) return `it goes back, and that is not done: give "sluis takeover back ${organisation}" again`;
    if (state === 'back') return 'it went back to the old server; rehearse it again first';
    const named = new Set(planned.map(({ login }) => login));
    const missing = [...states.values()].find((one) => one.organisation === organisation && !named.has(one.login));
    if (missing !== undefined) return `its mailbox ${missing.login} was rehearsed, and the file does not name it`;
    const fresh = planned.find(({ login }) => !states.has(login));
    if (fresh !== undefined) return `its mailbox ${fresh.login} was not rehearsed; rehearse the practice again`;
    if (state === 'rehearsed' && problems > 0 && !this.#how.anyway)
      return `its rehearsal found ${many(problems, 'mailbox')} with a problem; correct it and rehearse again, or give --anyway`;
    return undefined;
  }

  #fail(code: ExitCode): void {
    if (this.code === exitCodes.done) this.code = code;
  }

  /** Takes over one mailbox. True if all of it is here now. */
  async #mailbox(organisation: string, { takeover, login, there }: PlannedMailbox, seen = NOTHING): Promise<boolean> {
    const noted = async (state: 'importing' | 'failed' | 'moved', messages: number, octets: number, problem?: string) =>
      this.#here.call(note, { login, there, state, messages, octets, ...defined({ problem: problem?.slice(0, 500) }) });
    await noted('importing', seen.messages, seen.octets);
    try {
      const taken = await takeOver(this.#here, takeover, { ...HOW, renumbered: this.#how.anyway ? 'take' : 'refuse' });
      this.#failing.succeeded();
      const { messages = 0, octets = 0, refused = [], refusedMessages = 0 } = taken.imported ?? {};
      this.done.mailboxes += 1;
      this.done.messages += messages;
      this.done.already += taken.already;
      this.done.octets += octets;
      if (refusedMessages === 0) {
        await noted('moved', taken.messages, Math.max(seen.octets, octets));
        return true;
      }
      const problem = `${many(refusedMessages, 'message')} could not be imported and ${agree(refusedMessages, 'stands where it was', 'stand where they were')}, the first because: ${refused[0]?.why ?? ''}`;
      await noted('failed', taken.messages, Math.max(seen.octets, octets), problem);
      return this.#tell(organisation, login, problem, exitCodes.conflict);
    } catch (error) {
      if (!(error instanceof AdminError || error instanceof SourceError || error instanceof CommandError)) throw error;
      await noted('failed', seen.messages, seen.octets, error.message);
      const isSource = error instanceof SourceError;
      this.#tell(organisation, login, error.message, isSource ? exitCodes.unavailable : exitCodeOf(error));
      if (isSource) this.#failing.failed(error);
      return false;
    }
  }

  #tell(organisation: string, login: string, problem: string, code: ExitCode): false {
    this.done.failed.push({ login, organisation, problem });
    this.#fail(code);
    return false;
  }
}

function movedText({
  wave: name,
  moved,
  before,
  held,
  failed,
  mailboxes,
  messages,
  already,
  octets,
  seconds,
}: Moved): string {
  return [
    `Wave ${name}: ${many(moved.length, 'practice')} moved, ${many(mailboxes, 'mailbox')} with ${many(messages, 'message')} (${readableSize(octets)}) in ${durationText(seconds)}.`,
    ...(already === 0
      ? []
      : [
          `${many(already, 'message')} ${agree(already, 'was', 'were')} here before and ${agree(already, 'is', 'are')} left out.`,
        ]),
    ...(before.length === 0
      ? []
      : [`${many(before.length, 'practice')} had moved before; --again looks for what came late at the old server.`]),
    ...held.map(({ organisation, why }) => `${organisation} was not begun: ${why}.`),
    ...failed.map(({ login, organisation, problem }) => `${login} (${organisation}): ${problem}`),
    ...(failed.length === 0
      ? []
      : ['Correct what is said of these and give the same command again: nothing is imported twice.']),
  ].join('\n');
}
