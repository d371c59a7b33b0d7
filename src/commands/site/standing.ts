/**
 * What `sluis status --all` shows of all that share the store: the gateways, the database servers,
 * and the channel between the gateways.
 */
import { readableTime, table } from '../../cli/output.ts';
import type { ClusterState } from '../../cluster/cluster.ts';
import { shownServers } from '../../cluster/promote-check.ts';
import type { GatewayStanding, SitesLook } from '../../cluster/sites.ts';
import { listText } from '../../cluster/written-facts.ts';
import { z } from '../../config/zod.ts';
import { many } from '../../domain/counted.ts';
import { defined } from '../../domain/defined.ts';
import { days, iso, seconds } from '../../domain/units.ts';
import { serverTable, serverView } from './servers.ts';

const gatewayView = z.object({
  name: z.string(),
  site: z.string(),
  version: z.string(),
  schema: z.number().meta({ description: 'Version of the database that it knows.' }),
  silentFor: z
    .number()
    .optional()
    .meta({ description: 'Seconds since it was heard of; absent: it has stopped in order.' }),
  clockAhead: z.number().meta({ description: "Seconds that its clock is ahead of the database's." }),
  acknowledges: z.boolean().meta({ description: 'It would acknowledge, as it said last.' }),
  lastAcknowledged: z.string().optional(),
  aloneUntil: z.string().optional().meta({ description: 'One place alone may acknowledge for it until then.' }),
  jobs: z.array(z.string()).readonly().meta({ description: 'What of the work that must be done once it does.' }),
});
const peerView = z.object({
  host: z.string(),
  state: z.enum(['new', 'heard', 'silent', 'refused']),
  node: z.string().optional(),
  site: z.string().optional(),
  version: z.string().optional(),
  why: z.string().optional(),
  heardAt: z.string().optional(),
  clockAhead: z.number().optional().meta({ description: "Seconds that its clock is ahead of this gateway's." }),
});
export const standingView = z.object({
  gateways: z.array(gatewayView).readonly(),
  servers: z.array(serverView).readonly(),
  list: z.string().optional().meta({ description: 'Which standbys confirm; empty: none has to.' }),
  channel: z
    .object({
      daysAhead: z.number().meta({ description: 'Days from today on whose keys are on all gateways.' }),
      peers: z.array(peerView).readonly(),
    })
    .optional()
    .meta({ description: 'Between this gateway and the others; absent: none is configured.' }),
});
type Standing = z.infer<typeof standingView>;

export function standingOf({ gateways, servers, list }: SitesLook, channel: ClusterState | undefined): Standing {
  return {
    gateways,
    servers: shownServers(servers),
    ...defined({ list: list === undefined ? undefined : listText(list) }),
    ...(channel === undefined ? {} : { channel: { daysAhead: channel.ahead, peers: channel.peers.map(peerOf) } }),
  };
}

const peerOf = ({ host, state, node, site, version, why, heardAt, clockAhead }: ClusterState['peers'][number]) => ({
  host,
  state,
  ...defined({ node, site, version, heardAt: iso(heardAt) }),
  ...(state === 'heard' ? {} : defined({ why })),
  ...(clockAhead === undefined ? {} : { clockAhead: clockAhead / 1000 }),
});

/** A gateway is silent after this time: three of its beats did not come. */
const SILENT = seconds(7);
/** A gateway that was silent for longer counts as removed. */
const GONE = days(7);
const MOST_CLOCK = 2;

/**
 * What needs attention, each with its remedy. It is asked only after all gateways and servers were.
 */
export function standingWarnings({ gateways }: Pick<SitesLook, 'gateways'>): readonly string[] {
  const here = gateways.filter(({ silentFor }) => silentFor !== undefined && silentFor * 1000 < GONE);
  const newest = Math.max(...here.map(({ schema }) => schema));
  return here.flatMap((one) => ofGateway(one, newest));
}

function ofGateway(
  { name, silentFor = 0, clockAhead, schema, aloneUntil }: GatewayStanding,
  newest: number,
): readonly string[] {
  return [
    ...(silentFor * 1000 < SILENT
      ? []
      : [
          `gateway ${name} was not heard of for ${Math.round(silentFor)} s: start it, or see what keeps it from the database`,
        ]),
    ...(Math.abs(clockAhead) < MOST_CLOCK
      ? []
      : [
          `the clock of gateway ${name} is ${Math.abs(clockAhead).toFixed(1)} s ${clockAhead > 0 ? 'ahead of' : 'behind'} the database's: set both by NTP (chrony)`,
        ]),
    ...(schema >= newest
      ? []
      : [`gateway ${name} knows version ${schema} of the database, another one ${newest}: upgrade it`]),
    ...(aloneUntil === undefined ? [] : [`gateway ${name} may acknowledge with one place alone until ${aloneUntil}`]),
  ];
}

const silence = (silentFor: number | undefined): string =>
  silentFor === undefined
    ? 'stopped'
    : silentFor * 1000 < SILENT
      ? `${silentFor.toFixed(0)} s`
      : `SILENT ${silentFor.toFixed(0)} s`;

/** Whether a gateway acknowledges mail. Nobody can say it of a silent one. */
function acknowledging({ acknowledges, silentFor, aloneUntil }: Standing['gateways'][number]): string | undefined {
  if (silentFor === undefined) return 'no';
  if (silentFor * 1000 >= SILENT) return undefined;
  return acknowledges ? (aloneUntil === undefined ? 'yes' : 'yes, ALONE allowed') : 'no';
}

export const standingText = ({ gateways, servers, list, channel }: Standing): readonly string[] => [
  table(
    ['GATEWAY', 'SITE', 'VERSION', 'SCHEMA', 'HEARD', 'CLOCK', 'ACKNOWLEDGES', 'LAST', 'JOBS'],
    gateways.map((one) => [
      ...[one.name, one.site, one.version, one.schema, silence(one.silentFor), `${one.clockAhead.toFixed(1)} s`],
      acknowledging(one),
      ...[readableTime(one.lastAcknowledged), one.jobs.join(', ')],
    ]),
  ),
  ...(list === undefined ? [] : [`Confirm: ${list === '' ? 'NOBODY, the list of the primary is empty' : list}`]),
  serverTable(servers),
  ...(channel === undefined
    ? []
    : [
        `Day keys are on all gateways for the next ${many(channel.daysAhead, 'day')}.`,
        table(
          ['PEER', 'STATE', 'NODE', 'SITE', 'VERSION', 'CLOCK', 'WHY'],
          channel.peers.map((one) => [
            ...[one.host, one.state, one.node, one.site, one.version],
            one.clockAhead === undefined ? undefined : `${one.clockAhead.toFixed(1)} s`,
            one.why,
          ]),
        ),
      ]),
];
