/** `sluis reload` and `sluis drain`: what an operator can do to the running gateway. */
import { z } from '../config/zod.ts';
import { runningGateway } from '../admin/error.ts';
import { readableTime } from '../cli/output.ts';
import { agree, many } from '../domain/counted.ts';
import { defined } from '../domain/defined.ts';
import { SEVERITIES } from '../domain/doctor.ts';
import { MONITORED } from '../domain/monitor.ts';
import { status } from './gateway-status.ts';
import { traffic } from './gateway-traffic.ts';
import { flag } from './core/params.ts';
import { changes, lookPart, reads } from './core/row.ts';
import { subject } from './core/subject.ts';

const reload = changes({
  about: 'read configuration, keys and certificates again; open sessions continue',
  in: {},
  out: z.object({
    applied: z.array(z.string()).meta({ description: 'Settings that were changed in the file and are in use now.' }),
    restart: z.array(z.string()).meta({ description: 'Those that wait for a restart.' }),
  }),
  right: 'owner',
  trail: ['gateway.reloaded', 'configuration.reloaded'],
  undo: 'put the file back, and reload',
  examples: ['--reason "new certificate"'],
  run: async ({ gateway }, _, { actor }) => {
    const { applied, restart } = await runningGateway(gateway, 'reload').reload(actor);
    return { applied: [...applied], restart: [...restart] };
  },
  say: ({ applied, restart }) =>
    [
      'New sessions get the certificate that is there now.',
      applied.length === 0 ? '' : `In use from now on: ${applied.join(', ')}.`,
      restart.length === 0 ? '' : `Changed in the file, and waits for a restart: ${restart.join(', ')}.`,
    ]
      .filter((line) => line !== '')
      .join('\n'),
});

const drain = changes({
  about: 'let load balancers send new sessions to another gateway; what runs continues, until --end or a restart',
  in: { end: flag('take new sessions again') },
  out: z.object({
    drained: z.boolean(),
    changed: z.boolean().meta({ description: 'False: it was so already.' }),
    since: z.string().optional(),
    connections: z.number().meta({ description: 'That are open now.' }),
    portsClosed: z
      .boolean()
      .optional()
      .meta({ description: 'True: other units on this machine share its ports, and it has closed them.' }),
  }),
  right: 'owner',
  trail: ['gateway.drained', 'gateway.drain-ended'],
  undo: 'sluis drain --end',
  examples: ['--reason "new kernel"', '--end'],
  run: async ({ gateway }, { end }, { actor }) => {
    const running = runningGateway(gateway, 'drain');
    const { changed, since, portsClosed } = await running.drain(!end, actor);
    return {
      drained: since !== undefined,
      changed,
      connections: running.status().connections,
      ...defined({ since, portsClosed }),
    };
  },
  say: ({ drained, changed, since, connections, portsClosed }) =>
    drained
      ? [
          `${changed ? 'From now on' : `Since ${readableTime(since)} already,`} /ready answers 503, and ${portsClosed === true ? 'the ports of this unit are closed: the other units on them take new sessions' : 'load balancers that ask it send nobody here; whoever comes past them is served'}.`,
          `${many(connections, 'connection')} ${agree(connections, 'continues', 'continue')} ("sluis session list"). "sluis drain --end" takes new sessions again, and so does a restart.`,
        ].join('\n')
      : `New sessions are taken${changed ? ' again' : '; nothing was drained'}.`,
});

/** For `check --monitor`. The figures name nobody, so a monitor may ask for them every minute. */
const figures = reads({
  api: { method: 'GET', path: '/gateway/figures', id: 'showFigures' },
  about: 'figures that a monitor judges',
  in: {},
  out: z.array(z.object({ name: z.string(), labels: z.record(z.string(), z.string()), value: z.number().nullable() })),
  right: 'read',
  examples: [''],
  say: () => '',
  run: async ({ gateway }) => [...(await runningGateway(gateway, 'tell its figures').figures(MONITORED))],
});

/** For `check` and `doctor`: findings that only the running gateway and its store can make. */
export const findings = lookPart({
  api: { method: 'GET', path: '/gateway/findings', id: 'showFindings' },
  about: 'what an operator should look at, of keys, certificates and operators',
  in: {},
  out: z.array(z.object({ id: z.string(), severity: z.enum(SEVERITIES), what: z.string() })),
  right: 'read',
  run: async ({ store, mail, clock, certificates, secondPerson, console, gateway: running }) => {
    const { storeFindings } = await import('../admin/mail-findings.ts');
    const found = await storeFindings({
      store,
      certificates,
      secondPerson,
      keys: mail.keys,
      now: clock.now(),
      stuck: running?.stuck().length ?? 0,
      page: console.page,
    });
    return [...found];
  },
});

/** Commands of the top level. Their operations have names such as `gateway.status`. */
export const gatewayTops = { status, reload, drain };
export const gateway = subject(
  'gateway',
  'the running gateway',
  {},
  { parts: { ...gatewayTops, figures, findings, traffic } },
);
