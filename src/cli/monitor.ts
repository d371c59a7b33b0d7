/**
 * `sluis check --monitor`: prints one line and ends with an exit code that Nagios, Icinga, Zabbix
 * and the like know (Monitoring Plugins Development Guidelines). That line says whatever is wrong.
 * It opens no store and writes no row of the trail. It ends by itself if the gateway hangs.
 */
import { AdminError } from '../admin/error.ts';
import type { GatewayStatus } from '../admin/running-gateway.ts';
import type { Here } from '../commands/core/row.ts';
import { many } from '../domain/counted.ts';
import { type Figure, type Finding, LEVELS, type Level, judged, worst } from '../domain/monitor.ts';

/** Milliseconds. Zabbix gives up after three seconds, NRPE of Nagios after ten. */
const DEADLINE = 2_000;

interface Monitored {
  level: Level;
  findings: { level: Level; what: string }[];
  line: string;
}

export async function monitor(here: Here): Promise<Monitored> {
  const told = await answerOf(here).catch((error: unknown): MonitorFacts => ({ findings: [unknown(error)] }));
  const level = worst(told.findings.map((finding) => finding.level));
  here.terminal.code = LEVELS.indexOf(level);
  return { level, findings: [...told.findings], line: lineOf(level, told) };
}

interface MonitorFacts {
  readonly findings: readonly Finding[];
  readonly status?: GatewayStatus;
  readonly figures?: readonly Figure[];
}

const unknown = (error: unknown): Finding => ({
  level: 'UNKNOWN',
  what: error instanceof Error ? error.message : String(error),
});
const critical = (what: string): MonitorFacts => ({ findings: [{ level: 'CRITICAL', what }] });

async function answerOf(here: Here): Promise<MonitorFacts> {
  const config = here.config();
  const told = await here
    .running(
      async (gateway) => ({
        status: await gateway.callNamed<GatewayStatus>('gateway.status', {}),
        figures: await gateway.callNamed<readonly Figure[]>('gateway.figures', {}),
      }),
      DEADLINE,
    )
    .catch((error: unknown) => {
      if (error instanceof AdminError && error.kind === 'unavailable') return error;
      throw error;
    });
  if (told === undefined) return critical('no gateway runs');
  if (told instanceof AdminError) return critical(told.message);
  const open = new Set(told.status.listeners.map(({ name }) => name));
  const missing = config.listener.filter(({ name }) => !open.has(name)).map(({ name }) => name);
  return { ...told, findings: [...ofStatus(told.status, missing), ...judged(told.figures)] };
}

const ofStatus = ({ reasons }: GatewayStatus, missing: readonly string[]): readonly Finding[] => [
  ...reasons.map(({ name, text }) => ({
    // Somebody wanted it so, but may have forgotten it.
    level: name === 'drained' ? ('WARNING' as const) : ('CRITICAL' as const),
    what: `no mail is accepted, ${name.replaceAll('-', ' ')}: ${text}`,
  })),
  ...missing.map((name) => ({
    level: 'WARNING' as const,
    what: `listener ${name} of the configuration is not open; the gateway has to be restarted`,
  })),
];

/**
 * The line, such as `SLUIS WARNING: ... | 'free'=...`. The worst finding comes first, since many
 * tools cut the line.
 */
function lineOf(level: Level, { findings, status, figures = [] }: MonitorFacts): string {
  const order = ['CRITICAL', 'UNKNOWN', 'WARNING', 'OK'];
  const all = [...findings].sort((a, b) => order.indexOf(a.level) - order.indexOf(b.level)).map(({ what }) => what);
  const text =
    all.length === 0 && status !== undefined
      ? `mail is accepted, ${many(status.listeners.length, 'listener')} open`
      : all.join('; ');
  const data = status === undefined ? '' : ` | ${performance(status, figures)}`;
  return `SLUIS ${level}: ${text.replaceAll('|', '/').replaceAll(/\s+/g, ' ')}${data}`;
}

/**
 * The figures as `'label'=value[unit];warning;critical`. Of several figures of one kind, it shows
 * the one nearest to its limit.
 */
function performance(status: GatewayStatus, figures: readonly Figure[]): string {
  const of = (name: string, only?: readonly [string, string]): number[] =>
    figures
      .filter((figure) => figure.name === name && (only === undefined || figure.labels[only[0]] === only[1]))
      .flatMap(({ value }) => (value === null ? [] : [value]));
  const days = of('sluis_certificate_days_left', ['kind', 'listener']);
  const sum = (values: readonly number[]): number => values.reduce((all, one) => all + one, 0);
  const [backup] = of('sluis_backup_age_seconds');
  const [oldBackup] = of('sluis_backup_max_age_seconds');
  return [
    `'free'=${status.free}B;;2000000000:`,
    ...(days.length === 0 ? [] : [`'certificate_days'=${Math.floor(Math.min(...days))};;14:`]),
    `'queue'=${sum(of('sluis_queue_waiting'))}`,
    `'held'=${sum(of('sluis_queue_held'))}`,
    `'queue_oldest'=${Math.floor(Math.max(0, ...of('sluis_queue_oldest_age_seconds')))}s;14400`,
    ...(backup === undefined ? [] : [`'backup_age'=${Math.floor(backup)}s;${Math.floor(oldBackup ?? 0)}`]),
    `'connections'=${status.connections}`,
    `'listeners'=${status.listeners.length}`,
  ].join(' ');
}
