/**
 * How commands look at the sites: they ask the running gateway, or the servers themselves on a day
 * on which no gateway can run.
 */
import { CommandError } from '../../cli/exit.ts';
import type { PromotionFacts } from '../../cluster/promote-check.ts';
import { factsText, readWrittenFacts } from '../../cluster/written-facts.ts';
import { z } from '../../config/zod.ts';
import { defined } from '../../domain/defined.ts';
import { iso } from '../../domain/units.ts';
import { systemClock } from '../../platform/clock.ts';
import { StoreRefused, StoreUnavailable } from '../../store/store.ts';
import { type Here, type OutputOf, lookPart } from '../core/row.ts';

/**
 * True if no gateway runs and a store on PostgreSQL cannot be opened, because no primary answers or
 * no other place confirms.
 */
export const isWithoutStore = (error: unknown, here: Here): boolean =>
  (error instanceof StoreUnavailable || error instanceof StoreRefused) && here.config().store.engine === 'postgres';

/**
 * The look of the running gateway. If none runs and the store cannot be opened, `lookFrom` asks the
 * servers themselves.
 */
export const look = lookPart({
  about: 'tell what each server holds, and who still acknowledges',
  in: {},
  out: z.object({
    sites: z.boolean(),
    facts: z.string().meta({ description: 'In the form that --facts takes.' }),
    aloneUntil: z.string().optional(),
  }),
  right: 'read',
  run: async ({ sites }) =>
    sites === undefined
      ? { sites: false, facts: '{}' }
      : { sites: true, facts: factsText(await sites.look()), ...defined({ aloneUntil: iso(sites.aloneUntil()) }) },
});

export async function lookFrom(here: Here): Promise<OutputOf<typeof look>> {
  try {
    return await here.call(look, {});
  } catch (error) {
    if (!isWithoutStore(error, here)) throw error;
    const { sitesWithoutStore } = await import('../../gateway/sites.ts');
    const sites = sitesWithoutStore(here.config(), systemClock);
    return { sites: true, facts: factsText(await sites.look()), ...defined({ aloneUntil: iso(sites.aloneUntil()) }) };
  }
}

/** The facts in the answer of a look, or in a file that somebody wrote. */
export function factsOf(text: string): PromotionFacts {
  const read = readWrittenFacts(text);
  if (typeof read === 'string')
    throw new CommandError('usage', `Cannot use the facts of the servers: ${read}; docs/two-sites.md has the form`);
  return read;
}
