/**
 * Rules that listeners of a configuration must follow together, the files that each serves from,
 * and when a legacy listener ends.
 */
import type { Instant } from '../domain/units.ts';
import { ConfigError, type ConfigProblem, shown } from './problem.ts';
import type { Config } from './schema.ts';

type Listener = Config['listener'][number];

export interface TlsFiles {
  /** Where the configuration names them: `tls`, or for example `listener[0]`. */
  readonly where: string;
  readonly key: readonly string[];
  readonly certificate: readonly string[];
}

/** The files of a listener; without a listener, those of the section `tls`. */
export function tlsFilesFor({ tls, listener: all }: Config, listener?: Listener): TlsFiles {
  if (listener?.key === undefined || listener.certificate === undefined)
    return { where: 'tls', key: tls.key, certificate: tls.certificate };
  return { where: `listener[${all.indexOf(listener)}]`, key: listener.key, certificate: listener.certificate };
}

/** The TLS files of the section `tls`, and of each listener that has its own. */
export const tlsFilesOf = (config: Config): readonly TlsFiles[] => [
  tlsFilesFor(config),
  ...config.listener.map((listener) => tlsFilesFor(config, listener)).filter(({ where }) => where !== 'tls'),
];

/**
 * Where browsers find the first listener of the protocol: `https://host:port`, without a slash at
 * the end. Undefined if there is none.
 */
export function originOf(config: Config, protocol: Listener['protocol']): string | undefined {
  const listener = config.listener.find((one) => one.protocol === protocol);
  return listener === undefined ? undefined : originOfListener(config, listener);
}

/** The origin as browsers write it, without a slash at the end. */
export const originOfListener = (config: Config, listener: Listener): string =>
  `https://${hostnameOf(config, listener)}${[0, 443].includes(listener.port) ? '' : `:${listener.port}`}`;

/** The name by which clients of this listener know the gateway. */
export const hostnameOf = ({ hostname }: Config, listener: Listener): string => listener.hostname ?? hostname;

export const listenerProblems = (config: Config): readonly ConfigProblem[] => [
  ...claimedTwice(config),
  ...tlsFilesOf(config).flatMap(unpaired),
  ...config.listener.flatMap((listener, i) => [
    ...halfMaterial(listener, i),
    ...profileProblems(listener, i),
    ...quirkProblems(listener, i),
    ...webProblems(listener, i),
  ]),
];

function claimedTwice(config: Config): readonly ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  const seen = new Map<string, string>();
  config.listener.forEach((listener, i) => {
    const claims: (readonly [string, string, string])[] = [['name', shown(listener.name), `name ${listener.name}`]];
    if (listener.port !== 0) claims.push(['port', shown(listener.port), `${listener.address} port ${listener.port}`]);
    for (const [field, value, claim] of claims) {
      const other = seen.get(claim);
      if (other === undefined) seen.set(claim, `listener[${i}]`);
      else
        problems.push({
          path: `listener[${i}].${field}`,
          value,
          expected: `no two listeners with ${claim}`,
          remedy: `${other} has it already; change one`,
        });
    }
  });
  return problems;
}

const unpaired = ({ where, key, certificate }: TlsFiles): readonly ConfigProblem[] =>
  key.length === certificate.length
    ? []
    : [
        {
          path: `${where}.key`,
          value: shown(key),
          expected: 'as many keys as certificates, in the same order',
          remedy: `there are ${key.length} and ${certificate.length}; correct one of the lists`,
        },
      ];

const halfMaterial = ({ key, certificate }: Listener, i: number): readonly ConfigProblem[] =>
  (key === undefined) === (certificate === undefined)
    ? []
    : [
        {
          path: `listener[${i}].${key === undefined ? 'key' : 'certificate'}`,
          expected: 'key and certificate, or neither of them',
          remedy: 'only one is set; set the other too, or remove it to serve those of the section tls',
        },
      ];

/**
 * Problems of the TLS profile. Old TLS is only for named accounts or networks that cannot do
 * better, and only for a time.
 */
function profileProblems(listener: Listener, i: number): readonly ConfigProblem[] {
  const { profile, 'profile-until': until, accounts, networks } = listener;
  const problems: ConfigProblem[] = [];
  if ((profile === 'legacy') !== (until !== undefined))
    problems.push({
      path: `listener[${i}].profile-until`,
      ...(until === undefined ? {} : { value: shown(until) }),
      expected: 'a day with the profile legacy, and with no other',
      remedy: until === undefined ? 'nothing is set; add the day that the old systems must be gone by' : 'remove it',
    });
  if (profile === 'legacy' && accounts.length === 0 && networks.length === 0)
    problems.push({
      path: `listener[${i}].accounts`,
      expected: 'with the profile legacy, the accounts or the networks that it is for',
      remedy: 'neither is set; name the old systems, so that nobody else falls back to weak TLS',
    });
  return problems;
}

/**
 * Problems of quirks. A message that may end with a dot between bare LFs is what allows mail to be
 * smuggled past a stricter server (docs/decisions/1103-quirks.md).
 */
function quirkProblems(listener: Listener, i: number): readonly ConfigProblem[] {
  const { protocol, quirks, accounts, networks } = listener;
  const problems: ConfigProblem[] = [];
  if (quirks.length > 0 && protocol !== 'smtp')
    problems.push({
      path: `listener[${i}].quirks`,
      value: shown(quirks),
      expected: 'quirks with the protocol smtp alone',
      remedy: 'remove them',
    });
  if (quirks.includes('lf-only') && accounts.length === 0 && networks.length === 0)
    problems.push({
      path: `listener[${i}].accounts`,
      expected: 'with the quirk lf-only, the accounts or the networks that the listener is for',
      remedy: 'neither is set; name the old systems, so that nobody else is read so loosely',
    });
  return problems;
}

/**
 * Problems of listeners for HTTP and LDAP. HTTP has TLS from the first octet and no SASL; LDAP has
 * no SCRAM here.
 */
function webProblems(
  { protocol, tls, scram, accounts, 'client-certificates': certificates }: Listener,
  i: number,
): readonly ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  if (certificates !== 'off' && !['https', 'console', 'self-service'].includes(protocol))
    problems.push({
      path: `listener[${i}].client-certificates`,
      value: shown(certificates),
      expected: 'client-certificates with the protocols https, console and self-service alone',
      remedy:
        protocol === 'enrolment' ? 'a page logs nobody in; remove it' : 'mail clients are always asked; remove it',
    });
  if (protocol === 'console' && accounts.length > 0)
    problems.push({
      path: `listener[${i}].accounts`,
      value: shown(accounts),
      expected: 'no accounts with the protocol console',
      remedy: 'operators log in there, and accounts do not; remove them, and name networks',
    });
  if (protocol === 'smtp' || protocol === 'pop3') return problems;
  if (tls !== 'implicit' && protocol !== 'ldap')
    problems.push({
      path: `listener[${i}].tls`,
      value: shown(tls),
      expected: `implicit with the protocol ${protocol}`,
      remedy: 'its clients begin with TLS; write tls = "implicit"',
    });
  if (scram !== 'off')
    problems.push({
      path: `listener[${i}].scram`,
      value: shown(scram),
      expected: `off with the protocol ${protocol}`,
      remedy: 'remove it',
    });
  return problems;
}

const DAY = 86_400_000;

/** The first moment at which a legacy listener is closed. */
export const endOfProfile = (until: string): Instant => (Date.parse(`${until}T00:00:00Z`) + DAY) as Instant;

export const profileEnded = ({ 'profile-until': until }: Listener, now: Instant): boolean =>
  until !== undefined && now >= endOfProfile(until);

/** Throws ConfigError for listeners whose legacy profile is past its last day. */
export function refuseEndedProfiles(config: Config, now: Instant): void {
  const problems = config.listener.flatMap((listener, i): readonly ConfigProblem[] =>
    profileEnded(listener, now)
      ? [
          {
            path: `listener[${i}].profile-until`,
            value: shown(listener['profile-until']),
            expected: 'a day that has not passed',
            remedy:
              'the legacy profile has ended, and "serve" leaves this listener closed: remove it or its profile, or agree on a later day',
          },
        ]
      : [],
  );
  if (problems.length > 0) throw new ConfigError(config.file, problems);
}
