/** What `end` is for an account, an address, a partner or an organisation: with a time of grace, in which `resume` takes it back. */
import { AdminError } from '../../admin/context.ts';
import { DEFAULT_GRACE, MAX_GRACE, endOf } from '../../admin/ending.ts';
import { parseDuration } from '../../config/units.ts';
import type { AdminContext } from '../../admin/context.ts';
import type { Instant } from '../../domain/units.ts';
import { type Kind, address, count } from './kinds.ts';
import { type Params, type Row, type Values, flag, opt } from './row.ts';

/** "60d" on a command line; a number over the socket. */
const days = (max: number): Kind<number, number> => ({
  ...count('days', { max }),
  expected: `a number of days up to ${max}, such as 60d`,
  fromText: (text) => {
    const length = parseDuration(text);
    const n = (length ?? 0) / 86_400_000;
    return Number.isInteger(n) && n >= 1 ? n : undefined;
  },
});

const ENDING = {
  grace: opt(days(MAX_GRACE), `how long "resume" can take it back, such as 60d; default: ${DEFAULT_GRACE}d`),
  now: flag('at once and for ever, with no time of grace'),
  successor: opt(address, 'who takes its mail: senders are told'),
  dryRun: flag('say what would be done, and do nothing'),
};
type Ending = Values<typeof ENDING>;

type Ends<P extends Params, O> = Omit<Row<P, O>, 'effect' | 'in' | 'run' | 'second'> & {
  readonly in: P;
  readonly run: Row<P & typeof ENDING, O>['run'];
};

/** Asks at a terminal, needs a reason, and two operators where the configuration asks for them; a look at what would go needs none of it. */
export const ends = <P extends Params, O>(row: Ends<P, O>): Row<P & typeof ENDING, O> =>
  ({
    ...row,
    effect: 'ends',
    in: { ...row.in, ...ENDING },
    second: { verb: 'end', isLook: ({ dryRun }: Ending) => dryRun },
  }) as unknown as Row<P & typeof ENDING, O>;

/** Until when it can be taken back; undefined: not at all. */
export function endsAt(context: Pick<AdminContext, 'clock'>, { grace, now }: Ending): Instant | undefined {
  if (now && grace !== undefined)
    throw new AdminError('invalid', 'Cannot end with --now and --grace: it is one or the other');
  return endOf(context, now ? 0 : (grace ?? DEFAULT_GRACE));
}
