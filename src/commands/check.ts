/**
 * `sluis check`: whether the gateway would start, and what needs attention. With `--monitor`:
 * whether the running gateway is well.
 */
import { z } from '../config/zod.ts';
import { facts, readableDay } from '../cli/output.ts';
import { readyName } from '../cli/readiness.ts';
import { many } from '../domain/counted.ts';
import { LEVELS } from '../domain/monitor.ts';
import { flag } from './core/params.ts';
import { readsHere } from './core/row.ts';

const certificate = z.object({
  key: z.string(),
  ends: z.string(),
  names: z.array(z.string()),
  listener: z.string().optional().meta({ description: 'Where it is that of one listener alone.' }),
});
const listener = z.object({
  name: z.string(),
  protocol: z.string(),
  tls: z.string(),
  profile: z.string(),
  address: z.string(),
  port: z.number(),
  until: z.string().optional().meta({ description: 'Last day of a legacy profile.' }),
  accounts: z.number().meta({ description: 'How many may use it; 0: all.' }),
  networks: z.array(z.string()).meta({ description: 'From which it is reached; none: all.' }),
});
const server = z.object({
  server: z.string().meta({ description: 'Host and port, as the configuration has them.' }),
  name: z.string().optional().meta({ description: 'As the server calls itself (sluis.name, else cluster_name).' }),
  site: z.string().optional(),
  role: z.enum(['primary', 'old primary', 'standby', 'unknown']).optional(),
  version: z.string().optional(),
  tls: z.string().optional(),
  lag: z.number().optional().meta({ description: 'Bytes that a standby does not hold yet.' }),
  problem: z.string().optional().meta({ description: 'Why it cannot be used, and what to do.' }),
});
const report = z.object({
  config: z.string(),
  hostname: z.string(),
  node: z.string(),
  openssl: z.string(),
  data: z.string(),
  keys: z.string(),
  user: z.string().optional().meta({
    description:
      'Whose rights files were looked at with, if root asks: the user of the unit, else the owner of the data folder.',
  }),
  listeners: z.array(listener),
  certificates: z.array(certificate),
  warnings: z.array(z.string()),
  reasons: z
    .array(z.object({ name: z.string(), text: z.string() }))
    .meta({ description: 'Why the store would accept no mail now.' }),
  servers: z.array(server).optional().meta({ description: 'Of PostgreSQL, if it holds the store.' }),
});
type CheckReport = z.infer<typeof report>;

const monitored = z.object({
  level: z.enum(LEVELS),
  findings: z.array(z.object({ level: z.enum(LEVELS), what: z.string() })),
  line: z.string().meta({ description: 'All of it in one line, with the figures behind "|".' }),
});
type Monitored = z.infer<typeof monitored>;

const textOf = (found: CheckReport): string =>
  [
    facts([
      ['Configuration', found.config],
      ['Host name', found.hostname],
      ['Data', found.data],
      ['Keys', found.keys],
      ['Files seen as', found.user],
      ['Node', `${found.node}, with OpenSSL ${found.openssl}`],
      ...found.certificates.map((one) => ['Certificate', certificateText(one)] as const),
    ]),
    ...found.listeners.map(
      ({ name, protocol, tls, profile, until, address, port, ...l }) =>
        `Listener ${name}: ${protocol}, ${tls} TLS, profile ${profile}${until === undefined ? '' : ` until ${until}`}, ${address} port ${port}${l.accounts === 0 ? '' : `, for ${many(l.accounts, 'account')}`}${l.networks.length === 0 ? '' : `, from ${l.networks.join(', ')}`}`,
    ),
    ...(found.servers ?? []).map(serverText),
    ...found.warnings.map((w) => `Warning: ${w}`),
    'The configuration can be used.',
  ].join('\n');

const serverText = ({ server: at, name, site, role, version, tls, lag, problem }: z.infer<typeof server>): string =>
  `PostgreSQL ${at}: ${[
    name === undefined ? undefined : `${name} at ${site ?? ''}`,
    role,
    version === undefined ? undefined : `version ${version}`,
    version === undefined ? undefined : (tls ?? 'without TLS'),
    lag === undefined ? undefined : `${lag} bytes behind`,
    problem,
  ]
    .filter((part) => part !== undefined)
    .join(', ')}`;

const certificateText = ({ key, ends, names, listener: of }: z.infer<typeof certificate>): string =>
  `${key}, valid until ${readableDay(ends)}, for ${names.join(', ')}${of === undefined ? '' : ` (listener ${of})`}`;

export const check = readsHere({
  about: 'check the configuration, the keys and the certificate',
  in: {
    monitor: flag(
      'ask the running gateway alone, and answer in one line with the exit codes of Nagios: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN',
    ),
  },
  out: z.union([report, monitored]),
  right: 'read',
  examples: ['', '--monitor'],
  run: async (here, { monitor }): Promise<CheckReport | Monitored> => {
    if (monitor) return await (await import('../cli/monitor.ts')).monitor(here);
    return await (await import('../cli/check-report.ts')).checkReport(here);
  },
  say: (found) => ('level' in found ? found.line : textOf(found)),
  fails: (found) => {
    const code = 'level' in found ? undefined : readyName(found.reasons);
    return code === undefined || 'level' in found
      ? undefined
      : { code, text: found.reasons.map(({ name, text }) => `No mail would be accepted, ${name}: ${text}`).join('\n') };
  },
});
