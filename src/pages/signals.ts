/**
 * docs/signals.md: all that a gateway tells programs of its operator, from the tables that the code
 * goes by.
 */
import { exitCodes, exitMeanings } from '../cli/exit-codes.ts';
import { AUDIT_EVENTS, NEN7513_FIELDS } from '../domain/audit-events.ts';
import { LOG_EVENTS } from '../domain/log-events.ts';
import type { LogEvent, LogEvents } from '../domain/log-events/log-event.ts';
import { READY_REASONS } from '../domain/readiness.ts';
import type { Metric } from '../http/metric.ts';
import { cell } from './cell.ts';
import { writeContents } from './contents.ts';

/** By chapter, as `declaredMetrics` has them. */
export type MetricChapters = readonly (readonly [title: string, metrics: readonly Metric[]])[];

const ALARMS = 'when-something-breaks.md';

/** `[SluisDown]` leads to the entry of that alarm. */
const linked = (text: string): string =>
  cell(text).replace(/\[(Sluis\w+)\](?!\()/g, (_, name: string) => `[${name}](${ALARMS}#${name.toLowerCase()})`);

const row = (...cells: readonly string[]): string => `| ${cells.join(' | ')} |`.replaceAll('|  |', '| |');
const table = (head: readonly string[], rows: readonly string[]): string[] => [
  '',
  row(...head),
  row(...head.map(() => '---')),
  ...rows,
];
const chapter = (title: string, ...lines: readonly string[]): string[] => ['', `## ${title}`, ...lines];

const metricLine = (metric: Metric): string =>
  row(
    `\`${metric.name}\``,
    metric.kind === 'distribution' ? 'le' : metric.labels.join(', '),
    cell(metric.help.replace(/\.$/, '')),
  );
const eventLine = ([name, { levels, about, remedy = '' }]: readonly [string, LogEvent]): string =>
  row(`\`${name}\``, levels.join(', '), linked(about), linked(remedy));
const eventLines = (events: LogEvents): string[] =>
  table(['event', 'level', 'meaning', 'what to do'], Object.entries(events).map(eventLine));

const HEALTH = [
  row('`/live`', '200 as long as the process answers: for a supervisor'),
  row(
    '`/ready`',
    '200, or 503 and a line for each reason: would mail be accepted here, and is every certificate valid',
  ),
  row('`/ready?role=submit`', 'the same for submission: mail would be acknowledged; certificates of SMTP and the API'),
  row(
    '`/ready?role=pickup`',
    'mailboxes can be opened and emptied, also with a full disk; certificates of POP3 and the API',
  ),
  row('`/ready?role=serve`', 'what is there can be handed out; certificates of POP3 and the API'),
  row(
    '`/ready?role=submit&drained=404`',
    '404 in place of 503 if only `draining` or `drained` is the reason: HAProxy (`http-check disable-on-404`) then leaves running sessions alone',
  ),
  row('`/metrics`', 'the metrics below, in the text format of Prometheus'),
];

const PROCESS_SIGNALS = [
  row(
    'SIGTERM, SIGINT',
    '`/ready` answers 503. After `connections.announce` new sessions are refused (421, `-ERR [SYS/TEMP]`) and running transfers may end within `connections.drain`. Exit code 0',
  ),
  row('the same again, a second or more later', 'what still runs is closed; nothing that was acknowledged is lost'),
  row(
    'SIGHUP',
    'as `sluis reload`: configuration, keys and certificates are read again; if anything cannot be used, everything stays as it was',
  ),
  row('SIGKILL, power cut', 'nothing that was acknowledged is lost; the next start checks the database'),
];

const MONITOR = [
  row(
    'CRITICAL',
    'no gateway answers; it accepts no mail (the reasons of `/ready`); less than 2 GB free; a certificate of a listener ends within 14 days',
  ),
  row(
    'WARNING',
    'a listener is not open; authorities (90 days), certificates of partners (30), of their servers (7) or of accounts (7) end; a delivery waits for 4 hours, a message for 14 days; no backup within `backup.max-age`, here or elsewhere; the key folder is copied nowhere; no drill in time, or the last failed; `doctor` found a fault',
  ),
  row('UNKNOWN', 'the configuration cannot be read, or the gateway refuses'),
];

export const writeSignals = (metrics: MetricChapters): string =>
  writeContents(
    [
      ...[
        '# Signals',
        '',
        'All that a gateway tells monitors, supervisors, logs and auditors. What to do is beside it; for alarms and symptoms see',
        `[when something breaks](${ALARMS}). This page is written from the tables of the code by \`npm run docs\`.`,
        '',
        '<!-- contents: written by "npm run docs" -->',
        '<!-- end of contents -->',
      ],
      ...chapter(
        'Health checks',
        '',
        'The section `http` opens a port on loopback, 9587 unless told otherwise. It has no login and changes nothing; a public address is refused.',
        'With `ready-from` port 9588 answers load balancers on other machines: `/live` and `/ready` alone, and reasons without texts.',
        ...table(['path', 'answer'], HEALTH),
        ...table(
          ['reason', 'meaning'],
          Object.entries(READY_REASONS).map(([name, text]) => row(`\`${name}\``, text)),
        ),
      ),
      ...chapter(
        'A monitor without Prometheus',
        '',
        '`sluis check --monitor` is a plugin for Nagios, Icinga and Checkmk, and a `UserParameter` for Zabbix: one line, and exit code 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN.',
        'It asks the running gateway alone, leaves no row in the trail, and ends after two seconds. The role `read` is enough. Its limits are those of `docs/alerts.yml`.',
        '',
        '```',
        "SLUIS WARNING: no backups are taken | 'free'=81203122176B;;2000000000: 'certificate_days'=61;;14: 'queue'=0 'held'=0 'queue_oldest'=0s;14400 'connections'=3 'listeners'=4",
        '```',
        ...table(['level', 'when'], MONITOR),
      ),
      ...chapter(
        'Exit codes',
        ...table(
          ['code', 'name', 'meaning'],
          Object.entries(exitCodes).map(([name, code]) =>
            row(String(code), name, exitMeanings[name as keyof typeof exitCodes]),
          ),
        ),
        '',
        'With `--json` an error is an object in one line, the last one of standard error. `kind` is the name in this table:',
        '',
        '```json',
        '{"error":{"kind":"unknown","code":3,"message":"Cannot find account \\"balie\\"; ..."}}',
        '```',
        '',
        'Lines in front of it (progress, warnings) are for people. A command that printed its result and ends with another code than 0 says why in the result.',
      ),
      ...chapter('Signals to the process', ...table(['signal', 'what happens'], PROCESS_SIGNALS)),
      ...chapter(
        'Metrics',
        '',
        '`docs/grafana-dashboard.json` is a dashboard for Grafana, `docs/alerts.yml` has alarm rules for Prometheus. Counters begin at 0 with each start.',
        'Beyond 200 partners the others are told of together as `other`. Queues are looked up every 10 seconds, mailboxes every 5 minutes,',
        'authorities every 10 minutes, certificates of accounts every hour, however often somebody scrapes.',
      ),
      ...metrics.flatMap(([title, list]) =>
        chapter(title, ...table(['metric', 'labels', 'meaning'], list.map(metricLine))),
      ),
      ...chapter(
        'Log',
        '',
        'Standard error, one event a line; `log.format` is `json` or `pretty`. A line has `time`, `level`, `event`, then fields. `session` ties the lines of one',
        'connection together; `message` is the id from the `250`. No line has a subject, content or password. A client hears no answer before the lines that tell of it are written.',
      ),
      ...LOG_EVENTS.flatMap(([title, events]) => chapter(title, ...eventLines(events))),
      ...chapter(
        'Audit trail',
        '',
        'Which log of NEN 7513 an event belongs to (`access`: who came in and saw what; `change`: what people did; `chain`: what became of messages; `technical`),',
        'and its code there (create, read, update, delete, execute). `area.*` stands for the events of that area without a line of their own.',
        ...table(
          ['event', 'log', 'code', 'what'],
          Object.entries(AUDIT_EVENTS).map(([name, { kind, action, about }]) =>
            row(`\`${name}\``, kind, action, cell(about)),
          ),
        ),
        ...table(
          ['NEN 7513', 'in a row'],
          NEN7513_FIELDS.map(([field, part]) => row(field, cell(part))),
        ),
      ),
    ].join('\n') + '\n',
  );
