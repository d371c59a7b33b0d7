/**
 * A whole gateway inside the test's process: with free ports, a folder of its own, accounts, and
 * places at which a test can replace a part. For a gateway in a process of its own, which can be
 * killed, see `instance.ts`.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from '../../src/config/load.ts';
import { newMasterKey } from '../../src/config/master-key.ts';
import type { Config } from '../../src/config/schema.ts';
import { writeTemplate } from '../../src/config/template.ts';
import { hashPassword } from '../../src/crypto/passwords/password.ts';
import { type Address, parseAddress } from '../../src/domain/address.ts';
import { defined } from '../../src/domain/defined.ts';
import type { Clock, Log } from '../../src/domain/effects.ts';
import { type Gateway, type GatewayOptions, startGateway } from '../../src/gateway.ts';
import { storeOptionsOf } from '../../src/gateway/store.ts';
import { systemClock } from '../../src/platform/clock.ts';
import type { TlsMaterial } from '../../src/platform/listener.ts';
import { testCertificates } from './certificates.ts';
import { MemoryLog } from './log.ts';
import { assertNoSecret } from './no-secret.ts';
import { TEST_KEY, createFrom, createStoreAt } from './store.ts';
import type { TranscriptOptions } from './transcript.ts';
import { type WireTarget, trusting } from './wire.ts';

export interface TestGatewayOptions {
  /** Local parts of addresses: `anna` logs in as `anna@group.test` with `passwordOf('anna')`. */
  readonly accounts?: readonly string[];
  /** Puts more files into the folder before the configuration is read. */
  readonly prepare?: (folder: string) => void;
  /**
   * Makes a new store. Without it, the store is a copy of one that is made once for all gateways of
   * this run.
   */
  readonly own?: boolean;
  /** More lines of TOML: whole sections, such as `[smtp]`. */
  readonly configuration?: string;
  /** PEM for `tls.client-authorities`. */
  readonly clientAuthorities?: string;
  /** Paths for `tls.client-revocation-lists`. */
  readonly revocationLists?: readonly string[];
  /** Ports that a program was told before the start. Without it, each listener gets a free port. */
  readonly ports?: Partial<Record<PortName, number>>;
  /** Every listener offers SCRAM. */
  readonly scram?: boolean;
  /** Certificates with their keys. Default: the one of `testCertificates`. */
  readonly certificates?: readonly TlsMaterial[];
  readonly clock?: Clock;
  readonly log?: Log;
  readonly openStore?: GatewayOptions['openStore'];
  readonly readiness?: GatewayOptions['readiness'];
  readonly sites?: GatewayOptions['sites'];
}

/** `api`, `ldap` and `ldaps` belong to listeners that the test adds; see `api.ts` and `ldap.ts`. */
export type PortName = 'submission' | 'submissions' | 'pop3' | 'pop3s' | 'api' | 'ldap' | 'ldaps';

export interface TestGateway extends Gateway {
  readonly folder: string;
  readonly config: Config;
  /** Empty if the test gave another log. */
  readonly log: MemoryLog;
  readonly ca: string;
  port(name: PortName): number;
  target(name: PortName): WireTarget;
  transcript(name: PortName): TranscriptOptions;
  /**
   * Stops the gateway and starts it again on the same folder: with other ports but the same mail.
   */
  restart(options?: Pick<TestGatewayOptions, 'openStore'>): Promise<TestGateway>;
  /** Stops it and removes the folder. */
  remove(): Promise<void>;
}

const HOSTNAME = 'mail.test';
const DOMAIN = 'group.test';
export const addressOf = (name: string): Address => {
  const parsed = parseAddress(`${name}@${DOMAIN}`);
  if (!parsed.ok) throw new Error(parsed.error);
  return parsed.value;
};
export const passwordOf = (name: string): string => `Secret-${name}-pw`;
export const loginOf = (name: string): { readonly login: string; readonly password: string } => ({
  login: addressOf(name),
  password: passwordOf(name),
});

export async function startTestGateway(options: TestGatewayOptions = {}): Promise<TestGateway> {
  const folder = mkdtempSync(join(tmpdir(), 'sluis-gateway-'));
  try {
    const config = await writeConfiguration(folder, options);
    const effects = { clock: options.clock ?? systemClock, log: new MemoryLog() };
    const store = await storeOptionsOf(config, effects);
    await (options.own === true ? createStoreAt(store) : createFrom('new', store));
    const gateway = await start(folder, config, options);
    await register(gateway, options.accounts ?? []);
    return gateway;
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
}

async function writeConfiguration(folder: string, options: TestGatewayOptions): Promise<Config> {
  const { configuration: more = '', clientAuthorities: authorities, revocationLists, certificates } = options;
  const served = certificates ?? [(await testCertificates()).server];
  const files = (name: string): string[] => served.map((_, i) => `${name}${i === 0 ? '' : i}.pem`);
  mkdirSync(join(folder, 'keys'), { mode: 0o700 });
  const secret = (name: string, text: string): void => writeFileSync(join(folder, name), text, { mode: 0o600 });
  secret(
    'master.key',
    newMasterKey(() => TEST_KEY),
  );
  served.forEach(({ key, certificate }, i) => {
    secret(files('server-key')[i]!, key);
    secret(files('server')[i]!, certificate);
  });
  if (authorities !== undefined) secret('client-ca.pem', authorities);
  const listener = (name: PortName, protocol: string, tls: string) => ({
    name,
    protocol,
    address: '127.0.0.1',
    port: options.ports?.[name] ?? 0,
    tls,
    ...(options.scram === true ? { scram: 'offer' } : {}),
  });
  const text = writeTemplate({
    values: {
      hostname: HOSTNAME,
      'keys.master-key-file': 'master.key',
      'tls.key': files('server-key'),
      'tls.certificate': files('server'),
      ...(more.includes('[http]') ? {} : { 'http.port': 0 }),
      // The doctor would make 200 TLS handshakes with its own listeners, and ask a program about
      // the clock, on each day that a test lets pass. The reserve would write 64 MiB at each start,
      // which is a twentieth of the time of all tests.
      ...(more.includes('[store]') ? {} : { 'store.reserve': '1MiB' }),
      ...(more.includes('[doctor]') ? {} : { 'doctor.every': '0s' }),
      ...(authorities === undefined ? {} : { 'tls.client-authorities': ['client-ca.pem'] }),
      ...(revocationLists === undefined ? {} : { 'tls.client-revocation-lists': revocationLists }),
    },
    listeners: [
      listener('submission', 'smtp', 'starttls'),
      listener('submissions', 'smtp', 'implicit'),
      listener('pop3', 'pop3', 'starttls'),
      listener('pop3s', 'pop3', 'implicit'),
    ],
  });
  // TOML allows each section only once. Sections of the test replace ours, which hold defaults
  // only.
  const sections = [...more.matchAll(/^\[([a-z0-9]+)\]/gm)].map(([, name]) => name ?? '');
  const own = sections.reduce<string>(
    (kept, name) => kept.replace(new RegExp(`^\\[${name}\\]$`, 'm'), `#[${name}]`),
    text,
  );
  options.prepare?.(folder);
  const file = join(folder, 'sluis.toml');
  writeFileSync(file, `${own}\n${more}\n`);
  return loadConfig(file);
}

async function start(folder: string, config: Config, options: TestGatewayOptions): Promise<TestGateway> {
  const log = new MemoryLog();
  const { ca } = await testCertificates();
  const { openStore, readiness, sites, clock = systemClock } = options;
  const effects = { clock, log: options.log ?? log };
  const secrets = (options.accounts ?? []).map(passwordOf);
  const gateway = await startGateway(config, { ...effects, ...defined({ openStore, readiness, sites }) });
  const port = (name: PortName): number => {
    const found = gateway.listeners.find((l) => l.spec.name === name);
    if (found === undefined) throw new Error(`no listener is called ${name}`);
    return found.port;
  };
  return {
    ...gateway,
    folder,
    config,
    log,
    ca: ca.certificate,
    port,
    target: (name) => ({
      port: port(name),
      tls: name.endsWith('s') ? 'implicit' : 'starttls',
      servername: HOSTNAME,
      context: trusting(ca.certificate),
    }),
    transcript: (name) => ({
      protocol: name.startsWith('pop3') ? 'pop3' : 'smtp',
      port: port(name),
      ca: ca.certificate,
    }),
    restart: async (changed = {}) => {
      await gateway.stop();
      assertNoSecret(log, ...secrets);
      return await start(folder, config, { ...options, ...changed });
    },
    remove: async () => {
      await gateway.stop({ drain: 'none' });
      rmSync(folder, { recursive: true, force: true });
      // Done here, so that no test of a login can forget it.
      assertNoSecret(log, ...secrets);
    },
  };
}

async function register(gateway: Gateway, names: readonly string[]): Promise<void> {
  if (names.length === 0) return;
  const actor = { name: 'test' };
  const { registry } = gateway.store;
  await registry.addOrganisation({ name: 'group', title: 'Group', language: 'nl' }, actor);
  const accounts = await Promise.all(
    names.map(async (name) => ({
      login: addressOf(name),
      organisation: 'group',
      kind: 'mail' as const,
      addresses: [addressOf(name)],
      password: { name: 'first', hash: await hashPassword(passwordOf(name)) },
    })),
  );
  await registry.importAccounts(accounts, actor);
}
