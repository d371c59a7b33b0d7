/** `sluis init`: makes a new gateway. */
import { isIP } from 'node:net';
import { z } from '../config/zod.ts';
import { many as counted } from '../domain/counted.ts';
import { defined } from '../domain/defined.ts';
import { count, ofText, text } from './core/kind.ts';
import { file, folder } from './core/files.ts';
import { flag, many, old, opt } from './core/params.ts';
import { changesHere } from './core/row.ts';

/** The highest port base: the highest port above it is base + 995. */
const MOST_PORT_BASE = 64_540;

/** The answer if nothing was made. */
const NOTHING = { hostname: '', data: '', keys: '', masterKey: '', tlsKey: '', tlsCertificate: '' };

const ip = ofText('ip', { en: 'an IP address such as 127.0.0.1', nl: 'een IP-adres zoals 127.0.0.1' }, (value) =>
  isIP(value) === 0 ? undefined : value,
);

export const init = changesHere({
  about: 'write a configuration, keys and an empty store; overwrites nothing',
  in: {
    fromConfig: flag(
      'the configuration is there, such as from a package: make the master key, the key folder and the store that it names',
    ),
    hostname: opt(
      text('name'),
      "the gateway's name, which must be in its certificate; default: the name of this machine",
    ),
    data: opt(folder, 'data folder; default: "data" beside the configuration'),
    keys: opt(folder, 'folder for the day keys, outside the data; default: "keys" beside the configuration'),
    portBase: opt(
      count('n', { max: MOST_PORT_BASE }),
      'listen on n+587, n+465, n+110, n+995, and n+80 for health and metrics; default: 0',
      0,
    ),
    listen: old(opt(ip, 'where to listen; default: 0.0.0.0, with --dev-certificates 127.0.0.1'), 'address'),
    postgres: flag('keep the store in PostgreSQL, in an empty database that an administrator made'),
    sql: flag('print what that administrator runs in psql beforehand, and do nothing'),
    host: many(text('host:port', 300), 'a server of PostgreSQL, such as db1.example.nl:5432; once for each place'),
    database: opt(text('name', 63), 'its database; default: sluis'),
    user: opt(text('name', 63), 'the role that the gateway runs as; default: sluis'),
    passwordFile: opt(file, 'file with the password of that role, mode 0600'),
    owner: opt(text('name', 63), 'the role that owns the tables, used here alone; default: sluis_owner'),
    ownerPasswordFile: opt(file, 'file with the password of that role, mode 0600'),
    ca: opt(file, 'PEM file with the authorities of the servers'),
    node: opt(text('name', 32), 'what this gateway is called among those that share the database'),
    site: opt(text('name', 32), 'the site that it stands at'),
    join: flag(
      'one more gateway of a store that is there: with the master key of that store, and a key folder that fetches the rest from the others',
    ),
    masterKeyFile: opt(
      file,
      'with --join: the master key of the store, carried over from another gateway, mode 0600; it stays there',
    ),
    clusterListen: opt(text('address:port', 300), 'where the other gateways reach this one'),
    peer: many(
      text('host:port', 300),
      'another gateway of the store, by the name in its certificate and its port; once for each',
    ),
    clusterCa: opt(file, "PEM file with the authority of the gateways' certificates"),
    clusterCertificate: opt(file, 'certificate of this gateway from that authority, PEM'),
    clusterKey: opt(file, 'its private key, PEM, mode 0600'),
    devCertificates: flag('make a throw-away authority and a server certificate, for tests only'),
  },
  check: ({ postgres, sql, host, database, user, owner, ca, node, site, join, masterKeyFile, peer, ...its }) => {
    const named = [its.hostname, its.data, its.keys, its.listen];
    if (
      its.fromConfig &&
      (postgres || its.devCertificates || its.portBase !== 0 || named.some((one) => one !== undefined))
    )
      return 'Cannot use these options with --from-config: what they say is in the configuration; correct it there';
    const channel = [its.clusterListen, its.clusterCa, its.clusterCertificate, its.clusterKey];
    const given = [database, user, its.passwordFile, owner, its.ownerPasswordFile, ca, node, site, masterKeyFile];
    const isGiven = (one: string | undefined): boolean => one !== undefined;
    const isChannel = peer.length > 0 || channel.some(isGiven);
    if (!postgres && (sql || join || isChannel || host.length > 0 || given.some(isGiven)))
      return 'Cannot use options of PostgreSQL: give --postgres with them';
    if ((join || isChannel) && !(peer.length > 0 && channel.every(isGiven)))
      return `Cannot ${join ? 'join a store' : 'speak with other gateways'}: give --cluster-listen, --peer, --cluster-ca, --cluster-certificate and --cluster-key${join ? ', over which it fetches the keys of days' : ' together'}`;
    if (join && (isGiven(owner) || isGiven(its.ownerPasswordFile)))
      return 'Cannot use --owner or --owner-password-file: a gateway that joins makes no tables; leave them out';
    if (join !== isGiven(masterKeyFile))
      return join
        ? 'Cannot join a store: give its master key with --master-key-file FILE'
        : 'Cannot use --master-key-file: without --join a new master key is made';
    return undefined;
  },
  out: z.object({
    sql: z
      .string()
      .optional()
      .meta({ description: 'With `--sql`: what an administrator of PostgreSQL runs; nothing else was done.' }),
    config: z.string(),
    hostname: z.string(),
    data: z.string(),
    keys: z.string().meta({ description: 'Folder of the day keys.' }),
    masterKey: z.string(),
    tlsKey: z.string().meta({ description: 'Where the private key of the certificate must be.' }),
    tlsCertificate: z.string(),
    joined: z
      .object({
        key: z.string().meta({ description: 'Fingerprint of the master key.' }),
        days: z.array(z.string()).readonly().meta({ description: 'Days whose keys come from the other gateways.' }),
        peers: z
          .array(
            z.object({
              host: z.string(),
              state: z.enum(['knows-it', 'not-listed', 'not-reached']).meta({
                description:
                  '`not-listed`: enter this gateway in `cluster.peers` there. `not-reached`: it did not answer, `why` says it.',
              }),
              why: z.string().optional(),
            }),
          )
          .readonly()
          .meta({ description: 'What the other gateways said.' }),
        replaces: z.boolean().meta({ description: 'It takes the place of a gateway of its name, which has stopped.' }),
        stopped: z.array(z.string()).readonly().meta({ description: 'Other gateways that have stopped.' }),
      })
      .optional()
      .meta({ description: 'With `--join`: what was found.' }),
    devCertificates: z.string().optional().meta({ description: 'The folder of throw-away certificates.' }),
  }),
  right: 'owner',
  trail: [],
  undo: 'removing what it wrote, before the gateway has accepted mail',
  shares: ['config', 'json'],
  examples: [
    '--config sluis.toml --hostname mail.example.nl',
    '--config trial/sluis.toml --hostname localhost --dev-certificates',
    '--from-config',
    '--postgres --join --node gw2 --site zuid --host db1.example.nl:5432 --ca db-ca.pem --password-file db-password --master-key-file master.key --cluster-listen 10.2.0.11:7443 --peer gw1.noord.example.nl:7443 --cluster-ca cluster-ca.pem --cluster-certificate cluster.pem --cluster-key cluster.key --hostname mail.example.nl',
  ],
  run: async (here, { postgres, sql, join, masterKeyFile, ...wanted }) => {
    const { administratorSql } = await import('./init/postgres.ts');
    const { config } = here.options;
    if (sql) return { ...NOTHING, config, sql: administratorSql(wanted) };
    const { initialise, initialiseFrom } = await import('./init/files.ts');
    if (wanted.fromConfig) return await initialiseFrom(config);
    const joining = join ? masterKeyFile : undefined;
    return await initialise({ ...wanted, config, ...(postgres && { postgres: wanted }), ...defined({ joining }) });
  },
  say: (made, { postgres, host, fromConfig }) =>
    made.sql ??
    [
      fromConfig ? `Read ${made.config}` : `Wrote ${made.config}`,
      ...(made.joined === undefined
        ? [
            `Master key: ${made.masterKey} (0600). Day keys: ${made.keys}. Keep a copy of both in a safe place, apart from the backups of`,
            `the data: without them nobody can read the mail, with them and the data anybody can.`,
          ]
        : [
            `This gateway belongs to the store now, under its master key ${made.joined.key} in ${made.masterKey}. Its key folder ${made.keys} is empty:`,
            `the keys of ${counted(made.joined.days.length, 'day')} come from the other gateways when it starts, before anything is served.`,
            ...stoppedText(made.joined),
            ...peersText(made.joined.peers),
          ]),
      `Data: ${made.data}`,
      made.devCertificates === undefined
        ? `Put the key and the certificate of ${made.hostname} at ${made.tlsKey} (0600) and ${made.tlsCertificate}, owned by the user that the gateway runs as.`
        : `Throw-away certificates: ${made.devCertificates} (mail programs must trust ca.pem). Never use them in service.`,
      ...(postgres && host.length < 3
        ? [
            `Two places or fewer hold the mail: after the loss of either one nothing is acknowledged until a server is back, or "sluis site alone" allows it.`,
            'A third server, at the backup place, lets the rest carry on: add it to "hosts" in [store], and to synchronous_standby_names.',
          ]
        : []),
      fromConfig
        ? `Then: sluis check --config ${made.config} && systemctl enable --now sluis (without systemd: sluis serve --config ${made.config})`
        : `Then: sluis check --config ${made.config} && sluis serve --config ${made.config}`,
    ].join('\n'),
});

/**
 * Warns about gateways that have stopped. A machine that replaces a lost one must get the same
 * name; under a new name, the old one stays in lists, and what waits for it goes on waiting.
 */
function stoppedText({
  replaces,
  stopped,
}: {
  readonly replaces: boolean;
  readonly stopped: readonly string[];
}): string[] {
  return [
    ...(replaces
      ? ['It takes the place of the gateway of this name, which has stopped and must not start again.']
      : []),
    ...(stopped.length === 0
      ? []
      : [
          `Stopped at present: ${stopped.join(', ')}. Where this machine replaces one of them, start again with its name (--node).`,
        ]),
  ];
}

/** What must be done at the other gateways, and what they answered. */
function peersText(
  peers: readonly { readonly host: string; readonly state: string; readonly why?: string | undefined }[],
): string[] {
  const others = peers.filter(({ state }) => state !== 'knows-it').map(({ host }) => host);
  const silent = peers.filter(({ state }) => state === 'not-reached');
  return [
    ...(others.length === 0
      ? ['The other gateways know it: start it.']
      : [
          `First enter this gateway in cluster.peers of ${others.join(', ')} and start ${others.length === 1 ? 'that one' : 'them'} again, one after the other; then start it the same day.`,
        ]),
    ...silent.map(({ host, why = '' }) => `${host} did not answer now, and must when this gateway starts: ${why}.`),
  ];
}
