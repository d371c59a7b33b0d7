/**
 * The probe of the running gateway: which sites it visits, as which account, and what it reports.
 */
import { randomBytes } from 'node:crypto';
import { availabilityIn, monthPeriod } from '../admin/availability.ts';
import type { ProbeAccount } from '../admin/context.ts';
import type { ProbeStatus } from '../admin/running-gateway.ts';
import { readAuthorityFiles } from '../config/files.ts';
import { readMasterKey } from '../config/master-key.ts';
import type { Config } from '../config/schema.ts';
import { hashPassword, verifyPassword } from '../crypto/passwords/password.ts';
import { deriveKey } from '../crypto/keys/sealing.ts';
import { type Address, parseAddress } from '../domain/address.ts';
import type { ProbeFault } from '../domain/availability.ts';
import type { Clock } from '../domain/effects.ts';
import { monthOf } from '../domain/months.ts';
import { type Instant, minutes } from '../domain/units.ts';
import { type Metric, type Sample, counter, gauge } from '../http/metric.ts';
import { remembered } from '../platform/remembered.ts';
import { collectProbe } from '../pop3/probe-collect.ts';
import { Probe } from '../probe/probe.ts';
import { type FrontDoor, type Protocols, type Visitor, visit } from '../probe/visit.ts';
import { submitProbe } from '../smtp/probe-submit.ts';
import { THE_GATEWAY } from '../store/actor.ts';
import type { Store } from '../store/port/store.ts';
import type { GatewayEffects } from './effects.ts';

/** Name of the password that the gateway gives the probe account. */
const PASSWORD = 'probe';

/**
 * The probe account and its password. The password is derived from the master key: so it is stored
 * nowhere, every gateway of the service has it, and it changes with a rotation of that key.
 */
export function probeAccount(config: Config): ProbeAccount {
  const parsed = parseAddress(`probe@${config.hostname}`);
  const address = config.probe.address ?? (parsed.ok ? parsed.value : ('' as Address));
  const password = async (): Promise<string> =>
    deriveKey(await readMasterKey(config), `sluis probe 1 ${address}`)
      .export()
      .toString('base64url');
  return {
    address,
    sites: [...(config.probe.sites ?? [])].map(([site, host]) => ({ site, host })),
    newPassword: async () => ({ name: PASSWORD, hash: await hashPassword(await password()) }),
    password,
  };
}

/**
 * Looks whether the account can be used, and gives it the password of the present master key if it
 * has another.
 */
export async function visitorOf(
  { registry }: Pick<Store, 'registry'>,
  account: ProbeAccount,
): Promise<Visitor | ProbeFault> {
  const { address } = account;
  const found = await registry.findLogin(address);
  const fault = (detail: string): ProbeFault => ({ cause: 'account', detail });
  if (found === undefined) return fault(`there is no account ${address}; "sluis probe add" makes it`);
  // The probe erases all mail that it finds, so it must never open the mailbox of anybody else.
  if (found.account.kind !== 'probe')
    return fault(`the account ${address} is not a probe account; name another in probe.address`);
  if (found.account.state !== 'active') return fault(`the account ${address} is ${found.account.state}`);
  const password = await account.password();
  const own = found.passwords.find(({ name }) => name === PASSWORD);
  if (own === undefined || !(await verifyPassword(own.hash, password))) {
    if (own !== undefined) await registry.revokePassword(address, PASSWORD, THE_GATEWAY);
    await registry.addPassword(address, await account.newPassword(), THE_GATEWAY);
  }
  return { address: address, password };
}

function protocolsOf(config: Config, clock: Clock): Protocols {
  const { 'smtp-port': smtp, 'pop3-port': pop3 } = config.probe;
  const authorities = (): readonly string[] => readAuthorityFiles(config, 'probe.authorities').map(({ pem }) => pem);
  return {
    submit: (door, { address, password }, message, signal) =>
      submitProbe(
        { host: door.host, port: smtp, address, password, authorities: authorities(), helo: config.hostname, message },
        { clock, signal },
      ),
    collect: (door, { address, password }, token, signal) =>
      collectProbe(
        { host: door.host, port: pop3, login: address, password, authorities: authorities(), token },
        signal,
      ),
  };
}

export interface GatewayProbe {
  readonly probe: Probe;
  readonly status: () => Promise<readonly ProbeStatus[]>;
  readonly metrics: readonly Metric[];
  stop(): Promise<void>;
}

export interface ProbeSurroundings {
  /** Since when load balancers are asked to send no connections here. */
  readonly drainedSince: () => Instant | undefined;
  /** False while another gateway measures. */
  readonly mine?: () => boolean | Promise<boolean>;
}

export function startGatewayProbe(
  store: Store,
  config: Config,
  { clock, log, random = randomBytes }: GatewayEffects,
  { drainedSince, mine = () => true }: ProbeSurroundings,
): GatewayProbe {
  const account = probeAccount(config);
  const parts = {
    protocols: protocolsOf(config, clock),
    clock,
    hostname: config.hostname,
    token: () => Buffer.from(random(12)).toString('base64url'),
  };
  const probe = new Probe({
    doors: account.sites,
    visit: (door: FrontDoor, visitor, signal) => visit(parts, door, visitor, signal),
    visitor: () => visitorOf(store, account),
    mine,
    // A drained gateway explains a failure only at its own site: another site has gateways of its
    // own.
    planned: (site) => {
      const since = account.sites.length === 1 || site === config.cluster.site ? drainedSince() : undefined;
      return since === undefined ? undefined : `drained since ${new Date(since).toISOString()}`;
    },
    note: (spans) => store.availability.note(spans),
    stopping: () => store.availability.stopping(),
    clock,
    log,
  });
  const month = remembered(clock, minutes(1), () =>
    availabilityIn(store, monthPeriod(monthOf(clock.now())), clock.now()),
  );
  const status = async (): Promise<readonly ProbeStatus[]> => {
    if (account.sites.length === 0) return [];
    const measured = await month();
    return probe.states.map(({ site, host, goodAt, failures, fault }) => {
      const ratio = measured.find((one) => one.site === site)?.ratio;
      return {
        site,
        host,
        failures,
        ...(goodAt === undefined ? {} : { good: new Date(goodAt).toISOString() }),
        ...(fault === undefined ? {} : { cause: fault.cause, why: fault.detail }),
        ...(ratio === undefined ? {} : { ratio }),
      };
    });
  };
  return { probe, status, metrics: probeMetrics(probe, month, clock), stop: () => probe.stop() };
}

type Month = () => Promise<Awaited<ReturnType<typeof availabilityIn>>>;

export function probeMetrics(probe: Probe, month: Month, clock: Clock): readonly Metric[] {
  const sites = (value: (state: Probe['states'][number]) => number | undefined) => (): Sample[] =>
    probe.states.flatMap((state) => {
      const found = value(state);
      return found === undefined ? [] : [{ labels: { site: state.site }, value: found }];
    });
  return [
    gauge(
      'sluis_availability_ratio',
      'Part of the minutes of this month in which every probe of the site succeeded; 1: all of them.',
      ['site'],
      async () =>
        probe.states.length === 0 ? [] : (await month()).map(({ site, ratio }) => ({ labels: { site }, value: ratio })),
    ),
    gauge(
      'sluis_probe_age_seconds',
      'Since when no probe succeeded; since the start if none did yet.',
      ['site'],
      sites(({ goodAt }) => Math.max(0, (clock.now() - (goodAt ?? probe.startedAt)) / 1000)),
    ),
    gauge(
      'sluis_probe_seconds',
      'How long the last successful probe took.',
      ['site'],
      sites(({ took }) => (took === undefined ? undefined : took / 1000)),
    ),
    counter('sluis_probe_visits_total', 'Probes by how they ended: good, or why not.', ['site', 'outcome'], () =>
      probe.counts.read(),
    ),
  ];
}
