/**
 * The command `end` of an account, an address, a partner or an organisation. It has a time of
 * grace, in which `resume` undoes it.
 */
import { AdminError } from '../../admin/error.ts';
import { DEFAULT_GRACE, MAX_GRACE, endOf } from '../../admin/ending.ts';
import type { AdminContext } from '../../admin/context.ts';
import type { Instant } from '../../domain/units.ts';
import { address } from './kinds.ts';
import { days } from './moments.ts';
import { type Params, type Values, flag, opt } from './params.ts';
import type { Change } from './row.ts';

export const ENDING = {
  grace: opt(days(MAX_GRACE), `how long "resume" can take it back, such as 60d; default: ${DEFAULT_GRACE}d`),
  now: flag('at once and for good, with no time of grace'),
  successor: opt(address, 'who takes its mail: senders are told'),
  dryRun: flag('say what would be done, and do nothing'),
};
type Ending = Values<typeof ENDING>;

type Ends<P extends Params, O> = Omit<Change<P, O>, 'effect' | 'at' | 'in' | 'run' | 'second' | 'isLook'> & {
  readonly in: P;
  readonly run: Change<P & typeof ENDING, O>['run'];
};

/**
 * A command that ends something. It asks for confirmation at a terminal, needs a reason, and two
 * operators if the configuration says so. A dry run needs none of these.
 */
export const ends = <P extends Params, O>(row: Ends<P, O>): Change<P & typeof ENDING, O> =>
  ({
    ...row,
    effect: 'ends',
    at: 'gateway',
    in: { ...row.in, ...ENDING },
    second: 'end',
    isLook: ({ dryRun }: Ending) => dryRun,
  }) as unknown as Change<P & typeof ENDING, O>;

/** Until when `resume` can undo the end; undefined if it cannot. */
export function endsAt(context: Pick<AdminContext, 'clock'>, { grace, now }: Ending): Instant | undefined {
  if (now && grace !== undefined)
    throw new AdminError('invalid', 'Cannot end with --now and --grace: it is one or the other');
  return endOf(context, now ? 0 : (grace ?? DEFAULT_GRACE));
}
