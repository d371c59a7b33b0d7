/** What `end` has in common for an account, an address, a partner and an organisation: a time of grace, in which `resume` takes it back. */
import { type Instant, days, instant } from '../domain/units.ts';
import type { AdminContext } from './context.ts';
import { type Input, count, flag, optionalAddress } from './input.ts';
import { type Operation, destroying, withSecondUnless } from './operation.ts';

/** Longest time of grace, in days. */
export const MAX_GRACE = 366;
/** Days, where nothing is said: somebody misses a mailbox within a month, with holidays between. */
export const DEFAULT_GRACE = 30;

/** `grace-days` of 0 ends at once and for ever. */
export const endingInput = (input: Input) => ({
  grace: count(input, 'grace-days', { initial: DEFAULT_GRACE, max: MAX_GRACE }),
  successor: optionalAddress(input, 'successor'),
  dryRun: flag(input, 'dry-run'),
});

/** Until when it can be taken back; undefined: not at all. */
export const endOf = ({ clock }: Pick<AdminContext, 'clock'>, grace: number): Instant | undefined =>
  grace === 0 ? undefined : instant(clock.now() + days(grace));

/** Needs a reason, and two operators where the configuration asks for them; a look at what would go needs neither. */
export const endingBy = <I extends { readonly dryRun: boolean }, O>(operation: Operation<I, O>): Operation<I, O> =>
  withSecondUnless('end', ({ dryRun }) => dryRun, destroying(operation));
