/** `sluis site`: what a person must know of the sites, and what only a person decides. */
import { AdminError } from '../admin/context.ts';
import { CommandError } from '../cli/exit.ts';
import { facts as pairs, readableTime, table } from '../cli/output.ts';
import { checkPromotion, lsnText } from '../cluster/promote-check.ts';
import type { Sites } from '../cluster/sites.ts';
import { readWrittenFacts } from '../cluster/written-facts.ts';
import { z } from '../config/zod.ts';
import { NO_SITES } from '../domain/drills.ts';
import { days } from '../domain/units.ts';
import { ends, fileOf, text } from './core/kinds.ts';
import { arg, changes, flag, opt, reads, readsHere, subject } from './core/row.ts';

/** One place alone loses what it acknowledged when it is lost: a week is time enough for a standby to come back, or for another to be made. */
const LONGEST_ALONE = days(7);

const server = z.object({
  name: z.string(),
  site: z.string(),
  role: z.string(),
  timeline: z.number().optional(),
  position: z.string().optional().meta({ description: 'In the log, as PostgreSQL writes it.' }),
});
const serverTable = (servers: readonly (z.infer<typeof server> & { readonly behind?: string | undefined })[]): string =>
  table(
    ['SERVER', 'SITE', 'ROLE', 'TIMELINE', 'POSITION', 'BEHIND'],
    servers.map((one) => [one.name, one.site, one.role, one.timeline, one.position, one.behind]),
  );

function sitesOr(sites: Sites | undefined, action: string): Sites {
  if (sites === undefined) throw new AdminError('conflict', `Cannot ${action}: ${NO_SITES}`);
  return sites;
}

const status = reads({
  about: 'show the servers of the sites, and whether one place alone may acknowledge',
  in: {},
  out: z.object({
    sites: z.boolean().meta({ description: 'False: one machine, and nothing else to show.' }),
    servers: z.array(server).readonly(),
    list: z.string().optional().meta({ description: 'Which standbys confirm, as the last primary had it.' }),
    lastAcknowledged: z.string().optional(),
    aloneUntil: z.string().optional(),
  }),
  right: 'read',
  examples: [''],
  run: async ({ sites }) => {
    if (sites === undefined) return { sites: false, servers: [] };
    const { servers, list, lastAcknowledged } = await sites.facts();
    const until = sites.aloneUntil();
    return {
      sites: true,
      servers: servers.map(({ name, site, role, problem, timeline, position }) => ({
        name,
        site,
        role: role ?? `not asked: ${problem ?? 'no answer'}`,
        ...(timeline === undefined ? {} : { timeline }),
        ...(position === undefined ? {} : { position: lsnText(position) }),
      })),
      ...(list === undefined ? {} : { list: `ANY ${list.any} (${list.names.join(', ')})` }),
      ...(lastAcknowledged === undefined ? {} : { lastAcknowledged }),
      ...(until === undefined ? {} : { aloneUntil: new Date(until).toISOString() }),
    };
  },
  say: ({ sites, servers, list, lastAcknowledged, aloneUntil }) =>
    sites
      ? [
          pairs([
            ['Confirm', list],
            ['Last acknowledged', readableTime(lastAcknowledged)],
            [
              'Alone',
              aloneUntil === undefined ? undefined : `ONE PLACE ALONE ACKNOWLEDGES until ${readableTime(aloneUntil)}`,
            ],
          ]),
          serverTable(servers),
        ].join('\n\n')
      : `Nothing to show: ${NO_SITES}.`,
});

/** Asked of the gateway where no facts are given. */
const factsPart = reads({
  about: 'tell what each server holds',
  in: {},
  out: z.object({ facts: z.string().meta({ description: 'In the form that --facts takes.' }) }),
  right: 'read',
  examples: [''],
  say: () => '',
  run: async ({ sites }) => {
    const { servers, list, acknowledging, lastAcknowledged } = await sitesOr(sites, 'compare servers').facts();
    return {
      facts: JSON.stringify({
        ...(list === undefined ? {} : { list: `ANY ${list.any} (${list.names.join(', ')})` }),
        acknowledging,
        lastAcknowledged,
        servers: servers.map(({ position, ...one }) => ({
          ...one,
          ...(position === undefined ? {} : { lsn: lsnText(position) }),
        })),
      }),
    };
  },
});

const promote = readsHere({
  about:
    'say whether a server may be promoted: whether it holds everything that was acknowledged, and who still acknowledges',
  in: {
    server: arg(text('server', 63), 'the standby that is to become primary'),
    check: flag('only this is done here; Patroni or pg_ctl promotes'),
    facts: opt(
      fileOf('file', 'JSON of at most 64KiB', 64 * 1024),
      'what each server answered, written down; default: the gateway asks them',
    ),
  },
  check: ({ check }) =>
    check
      ? undefined
      : 'Cannot promote a server: that is the work of Patroni (patronictl switchover) or of pg_ctl promote; add --check to hear whether it may be',
  out: z.object({
    server: z.string(),
    verdict: z.enum(['may', 'behind', 'serving', 'unknown']).meta({
      description:
        'behind: acknowledged mail would be lost. serving: the old side still acknowledges. unknown: nobody can say.',
    }),
    why: z.array(z.string()).readonly(),
    remedy: z.string(),
    lastAcknowledged: z.string().optional(),
    servers: z.array(server.extend({ behind: z.string().optional() })).readonly(),
  }),
  right: 'read',
  examples: ['zuid-1 --check --facts servers.json'],
  run: async (here, { server: name, facts }) => {
    const written = facts ?? (await here.call(factsPart, {})).facts;
    const read = readWrittenFacts(written);
    if (typeof read === 'string')
      throw new CommandError('usage', `Cannot use the facts of the servers: ${read}; docs/two-sites.md has the form`);
    const { lastAcknowledged } = read;
    return { ...checkPromotion(name, read), ...(lastAcknowledged === undefined ? {} : { lastAcknowledged }) };
  },
  say: ({ server: name, verdict, why, remedy, lastAcknowledged, servers }) =>
    [
      serverTable(servers),
      pairs([['Last acknowledged', readableTime(lastAcknowledged)]]),
      [
        verdict === 'may' ? `"${name}" may be promoted:` : `Do NOT promote "${name}":`,
        ...why.map((one) => `- ${one}`),
        `${verdict === 'may' ? 'Mind' : 'Do this'}: ${remedy}.`,
      ].join('\n'),
    ]
      .filter((one) => one !== '')
      .join('\n\n'),
  fails: ({ verdict, server: name }) =>
    verdict === 'may'
      ? undefined
      : {
          code: verdict === 'unknown' ? 'unproven' : 'conflict',
          text: `Do not promote "${name}": ${{ behind: 'acknowledged mail would be lost', serving: 'the old side still serves', unknown: 'nobody can say what would be lost' }[verdict]}`,
        },
});

const alone = changes({
  about: 'let one place alone acknowledge until a standby is back: what it acknowledges is lost when it is lost',
  in: {
    until: opt(ends, 'when it ends by itself, within 7 days'),
    end: flag('end it now'),
  },
  check: ({ until, end }) => {
    if ((until === undefined) !== end) return 'Cannot do that: give either --until or --end';
    return undefined;
  },
  out: z.object({ until: z.string().optional().meta({ description: 'Absent: no place alone acknowledges.' }) }),
  right: 'owner',
  reason: 'needed',
  second: 'site-alone',
  trail: ['site.alone', 'site.alone-ended'],
  undo: 'sluis site alone --end',
  examples: ['--until 1d --reason "zuid burnt down, a new standby is being made"'],
  run: async ({ sites, store, clock }, { until }, { actor }) => {
    const known = sitesOr(sites, 'let one place alone acknowledge');
    const now = clock.now();
    if (until !== undefined && (until <= now || until - now > LONGEST_ALONE))
      throw new AdminError(
        'invalid',
        `Cannot let one place alone acknowledge until ${new Date(until).toISOString()}: expected a time within 7 days from now`,
      );
    await known.alone(until, actor);
    const iso = until === undefined ? undefined : new Date(until).toISOString();
    store.audit.note({
      event: until === undefined ? 'site.alone-ended' : 'site.alone',
      outcome: 'success',
      ...(iso === undefined ? {} : { facts: { until: iso } }),
      personal: { actor: actor.name, ...(actor.reason === undefined ? {} : { reason: actor.reason }) },
    });
    return iso === undefined ? {} : { until: iso };
  },
  say: ({ until }) =>
    until === undefined
      ? 'No place alone acknowledges.'
      : `ONE PLACE ALONE ACKNOWLEDGES until ${readableTime(until)}: if it is lost, so is what it acknowledged. "sluis site alone --end" ends it as soon as a standby is back.`,
});

export const sites = subject(
  'site',
  'the sites of a service on PostgreSQL',
  { status, promote, alone },
  { parts: { facts: factsPart } },
);
