/** `sluis site alone`: a person decides that one place alone may acknowledge mail for a while. */
import { AdminError } from '../../admin/error.ts';
import { CommandError } from '../../cli/exit.ts';
import { callerOf } from '../../cli/options.ts';
import { readableTime } from '../../cli/output.ts';
import { LONGEST_ALONE, type Sites, type SitesLook } from '../../cluster/sites.ts';
import { listText } from '../../cluster/written-facts.ts';
import { z } from '../../config/zod.ts';
import { defined } from '../../domain/defined.ts';
import { NO_SITES } from '../../domain/drills.ts';
import { type Instant, iso } from '../../domain/units.ts';
import { systemClock } from '../../platform/clock.ts';
import { ends } from '../core/moments.ts';
import { flag, opt } from '../core/params.ts';
import { type Here, changes, changesHere, ruledAs } from '../core/row.ts';
import { isWithoutStore } from './look.ts';

const ALONE_IN = {
  until: opt(ends, 'when it ends by itself, within 7 days'),
  end: flag('end it now'),
};
const aloneOut = z.object({
  until: z.string().optional().meta({ description: 'Absent: no place alone acknowledges.' }),
  list: z.string().optional().meta({ description: 'Which standbys confirm; empty: none has to.' }),
  primary: z.string().optional().meta({ description: 'The server that has that list.' }),
  others: z.array(z.string()).readonly().meta({ description: 'Gateways that were not told the same.' }),
  start: z.boolean().meta({ description: 'No gateway runs here: it holds from the next start on.' }),
});

/** What else the operator must know: the permission alone does not make a server acknowledge. */
function aloneAnswer(until: Instant | undefined, look: SitesLook, start: boolean): z.infer<typeof aloneOut> {
  const { list, primary, gateways } = look;
  const others = gateways.filter(
    ({ silentFor, aloneUntil }) =>
      silentFor !== undefined && silentFor < 60 && (aloneUntil === undefined) === (until !== undefined),
  );
  return {
    start,
    others: others.map(({ name }) => name),
    ...defined({ until: iso(until), list: list === undefined ? undefined : listText(list), primary }),
  };
}

function checkUntil(until: Instant | undefined, now: Instant): void {
  if (until === undefined || (until > now && until - now <= LONGEST_ALONE)) return;
  throw new AdminError(
    'invalid',
    `Cannot let one place alone acknowledge until ${iso(until)}: expected a time within 7 days from now`,
  );
}

export const setAlone = changes({
  about: 'let one place alone acknowledge, by the gateway that runs',
  in: ALONE_IN,
  out: aloneOut,
  right: 'owner',
  reason: 'needed',
  second: 'site-alone',
  trail: ['site.alone', 'site.alone-ended'],
  undo: 'sluis site alone --end',
  examples: [''],
  say: () => '',
  run: async ({ sites, store, clock, gateway }, { until }, { actor }) => {
    if (sites === undefined) throw new AdminError('conflict', `Cannot let one place alone acknowledge: ${NO_SITES}`);
    checkUntil(until, clock.now());
    await sites.alone(until, actor);
    store.audit.note({
      event: until === undefined ? 'site.alone-ended' : 'site.alone',
      outcome: 'success',
      ...(until === undefined ? {} : { facts: { until: iso(until) } }),
      personal: { actor: actor.name, ...defined({ reason: actor.reason }) },
    });
    return aloneAnswer(until, await sites.look(), gateway === undefined);
  },
});

/**
 * No gateway runs and the store cannot be opened, perhaps because no other place confirms. So the
 * decision goes into a file, which the next start reads.
 */
async function aloneWithoutStore(here: Here, until: Instant | undefined): Promise<z.infer<typeof aloneOut>> {
  const config = here.config();
  if (config.operators['second-person'].includes('site-alone'))
    throw new AdminError(
      'conflict',
      'Cannot let one place alone acknowledge: a second person must sign (operators.second-person has "site-alone"), and no signature can be kept while the store cannot be opened; take "site-alone" out of the configuration, which is in the trail from the next start on, and give the command again',
    );
  const { name, reason } = callerOf(here.options);
  if (reason === undefined) throw new CommandError('usage', 'Cannot do that without a reason: add --reason TEXT');
  checkUntil(until, systemClock.now());
  const { sitesWithoutStore } = await import('../../gateway/sites.ts');
  const sites: Sites = sitesWithoutStore(config, systemClock);
  await sites.alone(until, { name, reason });
  return aloneAnswer(until, await sites.look(), true);
}

export const alone = changesHere({
  ...ruledAs(setAlone),
  about:
    'let one place alone acknowledge until a standby is back; what it acknowledges is lost if that place is lost; give the command to each gateway',
  in: ALONE_IN,
  check: ({ until, end }) => {
    if ((until === undefined) !== end) return 'Cannot do that: give either --until or --end';
    return undefined;
  },
  out: aloneOut,
  reason: 'needed',
  examples: ['--until 1d --reason "zuid burnt down, a new standby is being made"'],
  run: async (here, { until }, wire) => {
    try {
      return await here.call(setAlone, wire);
    } catch (error) {
      if (!isWithoutStore(error, here)) throw error;
      return await aloneWithoutStore(here, until);
    }
  },
  say: ({ until, list, primary = 'the primary', others, start }) =>
    [
      until === undefined
        ? 'No place alone acknowledges.'
        : `ONE PLACE ALONE ACKNOWLEDGES until ${readableTime(until)}: if it is lost, so is what it acknowledged. "sluis site alone --end" ends it as soon as a standby is back.`,
      ...(start ? ['No gateway runs here: it holds from its next start on.'] : []),
      ...(others.length === 0
        ? []
        : [
            `Told to this gateway only. Give the same command on ${others.join(', ')}, where they are to continue too.`,
          ]),
      ...listTodo(until !== undefined, list, primary),
    ].join('\n'),
});

/**
 * What is left to do for the list of standbys. It belongs to the database, so the database's
 * administrator must change it.
 */
function listTodo(allowed: boolean, list: string | undefined, primary: string): readonly string[] {
  if (allowed && list === '') return [];
  if (allowed)
    return [
      `Nothing is acknowledged alone yet: ${primary} still waits for ${list ?? 'the standbys of its list'}. Its administrator empties the list there:`,
      "  ALTER SYSTEM SET synchronous_standby_names = ''; SELECT pg_reload_conf();",
      'With Patroni: patronictl edit-config --set synchronous_mode_strict=false (and back to true afterwards).',
    ];
  if (list !== '') return [];
  return [
    `Nothing is acknowledged until ${primary} has a list again. Its administrator sets it there, with the servers of the other places:`,
    '  ALTER SYSTEM SET synchronous_standby_names = \'ANY 1 ("zuid-1", "derde-1")\'; SELECT pg_reload_conf();',
  ];
}
