/**
 * An SMTP listener on a fresh store, with the accounts alice and bob. Their passwords are their
 * names followed by "-pw".
 */
import type { AuthOutcome, Authenticator } from '../../src/auth/authenticator.ts';
import { seconds } from '../../src/domain/units.ts';
import { type ConnectionLimitOptions, ConnectionLimits } from '../../src/platform/connections.ts';
import type { Chain } from '../../src/middleware/chain.ts';
import type { Listener, ListenerQuirk } from '../../src/platform/listener.ts';
import { type SmtpLimits, defaultSmtpLimits } from '../../src/smtp/limits.ts';
import { startSmtpListener } from '../../src/smtp/server.ts';
import type { Store } from '../../src/store/port/store.ts';
import type { AbsenceNotices } from '../../src/submission/absence-notices.ts';
import type { TestReports } from '../../src/submission/test-address.ts';
import { passwordsOnly } from './authenticator.ts';
import { testCertificates } from './certificates.ts';
import { testConnectionLimits } from './connection-limits.ts';
import { assertNoSecret } from './no-secret.ts';
import { type Cleanup, type TestStore, addAccount, openTestStore } from './store.ts';

export interface SmtpFixture extends TestStore {
  readonly port: number;
  readonly ca: string;
  readonly listener: Listener;
  readonly connections: ConnectionLimits;
}

export interface SmtpFixtureOptions {
  readonly limits?: Partial<SmtpLimits>;
  readonly tls?: 'implicit' | 'starttls';
  readonly proxy?: readonly string[];
  readonly quirks?: readonly ListenerQuirk[];
  readonly settings?: Readonly<Record<string, Readonly<Record<string, string | number>>>>;
  readonly connections?: Partial<ConnectionLimitOptions>;
  readonly knows?: (network: string) => boolean;
  readonly wrap?: (store: Store) => Store;
  readonly absences?: AbsenceNotices;
  /** Answers the test address, with the store that was opened. */
  readonly tests?: (opened: TestStore) => TestReports;
  readonly middleware?: (store: Store) => Chain;
  readonly authenticate?: (login: string, password: string) => AuthOutcome['kind'] | undefined;
}

export async function startSmtp(t: Cleanup, options: SmtpFixtureOptions = {}): Promise<SmtpFixture> {
  const opened = await openTestStore(t);
  for (const name of ['alice', 'bob']) await addAccount(opened.store, name, options.settings?.[name] ?? {});
  const certificates = await testCertificates();
  const store = options.wrap?.(opened.store) ?? opened.store;
  const authenticator: Authenticator = {
    ...passwordsOnly,
    password: async (login, password) => {
      const forced = options.authenticate?.(login, password);
      if (forced === 'refused' || forced === 'busy') return { kind: forced };
      const record = await opened.store.registry.findLogin(login);
      if (record?.account.state !== 'active' || password !== `${login}-pw`) return { kind: 'refused' };
      return { kind: 'granted', account: record.account, organisation: record.organisation };
    },
  };
  const connections = new ConnectionLimits(
    {
      ...{ ...testConnectionLimits, perNetwork: 50, perAccount: 20 },
      ...options.connections,
    },
    options.knows,
  );
  const listener = await startSmtpListener({
    spec: {
      name: 'test',
      address: '127.0.0.1',
      port: 0,
      tls: options.tls ?? 'starttls',
      proxy: options.proxy ?? [],
      quirks: options.quirks ?? [],
    },
    tls: [certificates.server],
    hostname: 'mail.test',
    store,
    authenticator,
    connections,
    limits: { ...defaultSmtpLimits, ...options.limits },
    clock: opened.clock,
    log: opened.log,
    ...(options.absences === undefined ? {} : { absences: options.absences }),
    ...(options.tests === undefined ? {} : { tests: options.tests(opened) }),
    ...(options.middleware === undefined ? {} : { middleware: options.middleware(store) }),
  });
  t.after(async () => {
    await listener.stop(seconds(0));
    // Done here, so that no test of a login can forget it.
    assertNoSecret(opened.log, 'alice-pw', 'bob-pw');
  });
  return { ...opened, store, listener, connections, port: listener.port, ca: certificates.ca.certificate };
}
