/**
 * `sluis drill watch` and `sluis drill site`: a planned switch to the other site and back, which is
 * measured and recorded.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { greets, watchDoor } from '../cli/watch-door.ts';
import { readableTime, table } from '../cli/output.ts';
import { z } from '../config/zod.ts';
import { SITE_DRILL_FORMAT } from '../backup/reports.ts';
import { MEASURED_BY } from '../backup/site-drill.ts';
import { agree, many as counted } from '../domain/counted.ts';
import { systemClock } from '../platform/clock.ts';
import { choice, count, ofText, text } from './core/kind.ts';
import { since } from './core/moments.ts';
import { arg, many, need, opt } from './core/params.ts';
import { changes, readsHere } from './core/row.ts';

/** Milliseconds between two looks; PATIENCE: milliseconds for one answer. */
const EVERY = 100;
const PATIENCE = 1000;

const door = ofText(
  'host:port',
  {
    en: 'a host and the port of SMTP or POP3 without TLS at its beginning, such as mail.example.nl:587',
    nl: 'een host en de poort van SMTP of POP3 die niet met TLS begint, zoals mail.example.nl:587',
  },
  (value) => {
    const [, host = '', port = ''] = /^\[?([A-Za-z0-9.:-]{1,253}?)\]?:(\d{1,5})$/.exec(value) ?? [];
    return host === '' || Number(port) < 1 || Number(port) > 65_535 ? undefined : { host, port: Number(port) };
  },
  270,
);

export const watch = readsHere({
  about: 'ask a port for its greeting ten times a second, and tell how long it was away',
  in: {
    door: arg(door, 'the name that clients use, and port 587 or 110'),
    seconds: opt(count('number', { min: 1, max: 86_400 }), 'how long; default: 600', 600),
  },
  out: z.object({
    looks: z.number(),
    failed: z.number(),
    longest: z.number().meta({ description: 'Seconds from a greeting to the next one behind a failure.' }),
    outages: z
      .array(z.object({ from: z.string(), until: z.string().optional(), seconds: z.number() }))
      .readonly()
      .meta({ description: 'The first hundred.' }),
  }),
  right: 'read',
  shares: ['config', 'json'],
  examples: ['mail.example.nl:587 --seconds 900'],
  run: async (_, { door: { host, port }, seconds }) =>
    await watchDoor({
      look: () => greets(host, port, PATIENCE),
      pause: () => pause(EVERY),
      clock: systemClock,
      time: seconds * 1000,
    }),
  say: ({ looks, failed, longest, outages }) =>
    [
      `${counted(looks, 'look')}, of which ${failed} ${agree(failed, 'was', 'were')} in vain; away for ${longest.toFixed(1)} s at the longest.`,
      ...(outages.length === 0
        ? []
        : [
            table(
              ['FROM', 'UNTIL', 'SECONDS'],
              outages.map((one) => [readableTime(one.from), readableTime(one.until) ?? 'the end', one.seconds]),
            ),
          ]),
    ].join('\n'),
});

const sentence = text('text', 200);

export const site = changes({
  about: 'write down a planned switch to the other site and back, in a signed report',
  in: {
    from: need(text('site', 32), 'the site that the service was at'),
    to: need(text('site', 32), 'the site that it went to'),
    there: need(since, 'when it went there'),
    back: opt(since, 'when it came back; left out: it did not, and the drill has failed'),
    person: many(text('name', 80), 'who took part', 20),
    outage: need(count('seconds', { max: 86_400 }), 'seconds that the service was away at the longest, rounded up'),
    measuredBy: need(
      choice('how', MEASURED_BY),
      'watch: "sluis drill watch"; probe: the probe of the gateway; hand: by a clock',
    ),
    lost: need(count('number', { max: 1_000_000 }), 'acknowledged messages that were not there afterwards'),
    notTried: many(sentence, 'what was not tried', 20),
    failed: many(sentence, 'what did not go as it should', 20),
  },
  check: ({ from, to, there, back, person }) => {
    if (from === to) return 'Cannot write down a switch of a site to itself; name two sites';
    if (back !== undefined && back <= there) return 'Cannot use --back: it is before --there; correct one of the two';
    return person.length === 0 ? 'Cannot write down a drill that nobody made: name each --person' : undefined;
  },
  out: z.object({
    format: z.literal(SITE_DRILL_FORMAT),
    hostname: z.string(),
    version: z.string(),
    at: z.string(),
    passed: z.boolean().meta({ description: 'It came back, nothing was lost, and nothing failed.' }),
    from: z.string(),
    to: z.string(),
    there: z.string(),
    back: z.string().optional(),
    people: z.array(z.string()).readonly(),
    outage: z.object({ seconds: z.number(), by: z.enum(MEASURED_BY) }),
    lost: z.number(),
    failed: z.array(z.string()).readonly(),
    notTried: z.array(z.string()).readonly(),
    marks: z.record(z.string(), z.unknown()).meta({ description: 'What it was made with.' }),
    by: z.string(),
    reason: z.string().optional(),
    file: z.string().meta({ description: 'The report; its signature is beside it.' }),
  }),
  right: 'security',
  trail: ['site.drilled'],
  examples: [
    '--from noord --to zuid --there 2h --back 1h --person "J. Smit" --outage 3 --measured-by watch --lost 0 --not-tried "loss of a site without warning"',
  ],
  run: async ({ backups }, { person, measuredBy, ...input }, { actor }) => {
    const { marks, ...report } = await backups.drills.site({ ...input, people: person, measuredBy }, actor);
    return { ...report, marks: { ...marks } };
  },
  say: ({ passed, from, to, outage, lost, file }) =>
    [
      `The switch from ${from} to ${to} and back ${passed ? 'succeeded' : 'FAILED'}: away for at most ${outage.seconds} s (${outage.by}), ${counted(lost, 'message')} lost.`,
      `Report: ${file} (signature beside it)`,
    ].join('\n'),
  fails: ({ passed, failed, lost, back }) =>
    passed
      ? undefined
      : {
          code: 'configuration',
          text: `The drill has failed: ${[...(back === undefined ? ['the service did not come back'] : []), ...(lost > 0 ? [`${counted(lost, 'message')} lost`] : []), ...failed].join('; ')}`,
        },
});
