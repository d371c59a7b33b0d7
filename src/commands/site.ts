/** `sluis site`: what people must know about the sites, and what only people may decide. */
import { AdminError } from '../admin/error.ts';
import { facts as pairs, readableTime } from '../cli/output.ts';
import { checkPromotion, shownServers } from '../cluster/promote-check.ts';
import { listText } from '../cluster/written-facts.ts';
import { z } from '../config/zod.ts';
import { defined } from '../domain/defined.ts';
import { NO_SITES } from '../domain/drills.ts';
import { text } from './core/kind.ts';
import { fileOf } from './core/files.ts';
import { arg, flag, opt } from './core/params.ts';
import { readsHere } from './core/row.ts';
import { subject } from './core/subject.ts';
import { alone, setAlone } from './site/alone.ts';
import { factsOf, look, lookFrom } from './site/look.ts';
import { serverTable, serverView } from './site/servers.ts';

const status = readsHere({
  about: 'show the servers of the sites, and whether one place alone may acknowledge',
  in: {},
  out: z.object({
    sites: z.boolean().meta({ description: 'False: one machine, and nothing else to show.' }),
    servers: z.array(serverView).readonly(),
    list: z
      .string()
      .optional()
      .meta({ description: 'Which standbys confirm, as the last primary had it; empty: none had to.' }),
    listSeen: z.string().optional().meta({ description: 'When that was seen last.' }),
    acknowledging: z
      .array(z.string())
      .readonly()
      .meta({ description: 'Gateways that acknowledge, as they said in the last 7 s.' }),
    lastAcknowledged: z.string().optional().meta({ description: 'By any gateway, as far as it is known.' }),
    aloneUntil: z.string().optional(),
  }),
  right: 'read',
  examples: [''],
  run: async (here) => {
    const { sites, facts, aloneUntil } = await lookFrom(here);
    if (!sites) return { sites, servers: [], acknowledging: [] };
    const { servers, list, ...known } = factsOf(facts);
    return {
      sites,
      servers: shownServers(servers),
      acknowledging: known.acknowledging,
      ...defined({
        list: list === undefined ? undefined : listText(list),
        listSeen: known.listSeen,
        lastAcknowledged: known.lastAcknowledged,
        aloneUntil,
      }),
    };
  },
  say: ({ sites, servers, list, listSeen, acknowledging, lastAcknowledged, aloneUntil }) =>
    sites
      ? [
          pairs([
            ['Confirm', list === '' ? 'NOBODY: the list of the primary is empty' : list],
            ['Seen', readableTime(listSeen)],
            ['Acknowledging', acknowledging.length === 0 ? 'no gateway' : acknowledging.join(', ')],
            ['Last acknowledged', readableTime(lastAcknowledged)],
            [
              'Alone',
              aloneUntil === undefined
                ? undefined
                : `ONE PLACE ALONE MAY ACKNOWLEDGE until ${readableTime(aloneUntil)}`,
            ],
          ]),
          serverTable(servers),
        ].join('\n\n')
      : `Nothing to show: ${NO_SITES}.`,
});

const promote = readsHere({
  about:
    'say whether a server may be promoted: whether it holds everything that was acknowledged, and who still acknowledges',
  in: {
    server: arg(text('server', 63), 'the standby that is to become primary'),
    check: flag('only this is done here; Patroni or pg_ctl promotes'),
    facts: opt(
      fileOf('file', { en: 'JSON of at most 64KiB', nl: 'JSON van hoogstens 64KiB' }, 64 * 1024),
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
    servers: z.array(serverView).readonly(),
  }),
  right: 'read',
  examples: ['zuid-1 --check --facts servers.json'],
  run: async (here, { server: name, facts }) => {
    const looked = facts === undefined ? await lookFrom(here) : undefined;
    if (looked?.sites === false) throw new AdminError('conflict', `Cannot compare servers: ${NO_SITES}`);
    const read = factsOf(facts ?? looked?.facts ?? '{}');
    return { ...checkPromotion(name, read), ...defined({ lastAcknowledged: read.lastAcknowledged }) };
  },
  say: ({ server: name, verdict, why, remedy, lastAcknowledged, servers }) =>
    [
      serverTable(servers),
      pairs([['Last acknowledged', readableTime(lastAcknowledged)]]),
      [
        verdict === 'may' ? `"${name}" may be promoted:` : `Do NOT promote "${name}":`,
        ...why.map((one) => `- ${one}`),
        `${verdict === 'may' ? 'Note' : 'Do this'}: ${remedy}.`,
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

export const sites = subject(
  'site',
  'the sites of a service on PostgreSQL',
  { status, promote, alone },
  { parts: { look, alone: setAlone } },
);
