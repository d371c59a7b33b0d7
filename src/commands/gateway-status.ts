/** `sluis status`: how the running gateway is doing. */
import { z } from '../config/zod.ts';
import { runningGateway } from '../admin/error.ts';
import { facts, readableSize, readableTime, table } from '../cli/output.ts';
import { readyName, readyText } from '../cli/readiness.ts';
import { percentText } from '../domain/availability.ts';
import { many } from '../domain/counted.ts';
import { defined } from '../domain/defined.ts';
import { DRILL_KINDS, DUE_WHYS, NO_SITES } from '../domain/drills.ts';
import { iso } from '../domain/units.ts';
import { standingOf, standingText, standingView, standingWarnings } from './site/standing.ts';
import { flag } from './core/params.ts';
import { reads } from './core/row.ts';

const listener = z.object({
  name: z.string(),
  protocol: z.string(),
  address: z.string(),
  port: z.number(),
  tls: z.string(),
  profile: z.string(),
  until: z.string().optional().meta({ description: 'Last day of a legacy profile.' }),
  closed: z.boolean().meta({ description: 'After that day.' }),
});
const partner = z.object({
  name: z.string(),
  breaker: z.enum(['closed', 'open', 'half-open']),
  active: z.number().meta({ description: 'Attempts that are made now.' }),
  why: z.string().meta({ description: 'Empty if it answers.' }),
});
const probe = z.object({
  site: z.string(),
  host: z.string(),
  good: z.string().optional().meta({ description: 'When a probe last succeeded; absent: none did since the start.' }),
  failures: z.number().meta({ description: 'In a row; 0: the last probe succeeded, or there was none yet.' }),
  cause: z
    .string()
    .optional()
    .meta({ description: 'Why the last probe failed, as `sluis report availability` has it.' }),
  why: z.string().optional(),
  ratio: z.number().optional().meta({ description: 'Of the minutes of this month, 0 to 1.' }),
});
const statusView = z.object({
  version: z.string().optional(),
  reasons: z
    .array(z.object({ name: z.string(), text: z.string() }))
    .meta({ description: 'Why no mail would be accepted now; empty: ready.' }),
  hostname: z.string(),
  process: z.number(),
  since: z.string(),
  listeners: z.array(listener),
  connections: z.number(),
  free: z.number().meta({ description: 'Bytes that can still be written.' }),
  waiting: z.number().meta({ description: 'Pieces of work that wait for a commit.' }),
  aloneUntil: z
    .string()
    .optional()
    .meta({ description: 'One place alone may acknowledge for this gateway until then.' }),
  warnings: z
    .array(z.string())
    .readonly()
    .meta({ description: 'What somebody should see to, of the sites of a store on PostgreSQL; each with its remedy.' }),
  sites: standingView.optional().meta({ description: 'With `all`: of a store on PostgreSQL.' }),
  drills: z
    .array(z.object({ drill: z.enum(DRILL_KINDS), why: z.enum(DUE_WHYS), text: z.string() }))
    .meta({ description: 'That are due, and after which change.' }),
  partners: z.array(partner).meta({ description: 'That something is pushed to now, or that do not answer.' }),
  probes: z.array(probe).meta({ description: 'The sites that are probed each minute.' }),
});
type Status = z.infer<typeof statusView>;
type ProbeView = z.infer<typeof probe>;

const probeCells = ({ site, host, good, ratio, why, failures }: ProbeView) => [
  ...[site, host, good === undefined ? 'not since the start' : readableTime(good)],
  ratio === undefined ? 'nothing yet' : percentText(ratio),
  why === undefined ? 'answers' : `${many(failures, 'failure')} in a row: ${why}`,
];

export const status = reads({
  api: { method: 'GET', path: '/gateway', id: 'showGateway', ids: { 'partners.partnerId': 'name' } },
  about: 'show the running gateway',
  in: { all: flag('and the gateways and servers that share its store, each asked now') },
  out: statusView,
  right: 'read',
  watch: true,
  examples: ['', '--all', '--json'],
  run: async ({ gateway, backups, sites }, { all }): Promise<Status> => {
    const running = runningGateway(gateway, 'show the status');
    const found = running.status();
    const { reasons, listeners, partners } = found;
    // A part that cannot be read now must not hide the others.
    const [drills, probes, looked] = await Promise.all([
      backups.drills.due().catch(() => []),
      running.probes().catch(() => []),
      all ? sites?.look() : undefined,
    ]);
    const channel = running.channel();
    return {
      ...found,
      warnings: [
        ...(sites?.warnings() ?? []),
        ...(channel?.warnings ?? []),
        ...(looked === undefined ? [] : standingWarnings(looked)),
      ],
      ...defined({
        aloneUntil: iso(sites?.aloneUntil()),
        sites: looked === undefined ? undefined : standingOf(looked, channel),
      }),
      reasons: [...reasons],
      listeners: [...listeners],
      drills: [...drills],
      partners: [...partners],
      probes: [...probes],
    };
  },
  say: (found, { all }) =>
    [
      facts([
        ['Host name', found.hostname],
        ['Version', found.version ?? 'unknown, an older one'],
        ['Ready', readyText(found.reasons)],
        [
          'Alone',
          found.aloneUntil === undefined
            ? undefined
            : `ONE PLACE ALONE MAY ACKNOWLEDGE until ${readableTime(found.aloneUntil)}`,
        ],
        ['Process', found.process],
        ['Since', readableTime(found.since)],
        ['Connections', found.connections],
        ['Free', readableSize(found.free)],
        ['Waiting', `${many(found.waiting, 'message')} for a commit`],
        ...DRILL_KINDS.map((kind) => {
          const due = found.drills.filter(({ drill }) => drill === kind);
          return [
            `Drill ${kind}`,
            due.length === 0 ? undefined : `due: ${due.map(({ text }) => text).join('; ')}`,
          ] as const;
        }),
      ]),
      ...(found.warnings.length === 0 ? [] : [found.warnings.map((one) => `Warning: ${one}.`).join('\n')]),
      ...(found.sites === undefined ? (all ? [`No sites: ${NO_SITES}.`] : []) : standingText(found.sites)),
      table(
        ['LISTENER', 'PROTOCOL', 'TLS', 'PROFILE', 'ADDRESS', 'PORT'],
        found.listeners.map((l) => [
          ...[l.name, l.protocol, l.tls],
          l.until === undefined ? l.profile : `${l.profile} ${l.closed ? 'ended' : 'until'} ${l.until}`,
          ...[l.address, l.port],
        ]),
      ),
      ...(found.partners.length === 0
        ? []
        : [
            table(
              ['PARTNER', 'ATTEMPTS', 'STATE'],
              found.partners.map((p) => [p.name, p.active, p.why === '' ? 'answers' : p.why]),
            ),
          ]),
      ...(found.probes.length === 0
        ? []
        : [table(['SITE', 'FRONT DOOR', 'LAST GOOD', 'THIS MONTH', 'STATE'], found.probes.map(probeCells))]),
    ].join('\n\n'),
  fails: ({ reasons }) => {
    const code = readyName(reasons);
    return code === undefined
      ? undefined
      : { code, text: reasons.map(({ name, text }) => `Not ready, ${name}: ${text}`).join('\n') };
  },
});
