/**
 * A POP3 listener on a free port with maildrops in memory. It has two accounts, alice (1) and bob
 * (2), with the password "secret".
 */
import type { AuthOutcome, Authenticator, Peer } from '../../src/auth/authenticator.ts';
import type { AccountId, OrganisationId } from '../../src/domain/ids.ts';
import type { Settings } from '../../src/domain/settings/setting.ts';
import { type Milliseconds, milliseconds } from '../../src/domain/units.ts';
import { defined } from '../../src/domain/defined.ts';
import type { MaildropStore } from '../../src/pickup/maildrop.ts';
import type { StuckMessages } from '../../src/pickup/stuck.ts';
import { type ConnectionLimitOptions, ConnectionLimits } from '../../src/platform/connections.ts';
import type { Listener } from '../../src/platform/listener.ts';
import { type Pop3Limits, defaultPop3Limits } from '../../src/pop3/limits.ts';
import { startPop3Listener } from '../../src/pop3/server.ts';
import { LoginEnded, OutcomeUnknown, StoreUnavailable } from '../../src/store/store.ts';
import { passwordsOnly } from './authenticator.ts';
import { testCertificates } from './certificates.ts';
import { testConnectionLimits } from './connection-limits.ts';
import { FakeClock } from './clock.ts';
import { MemoryLog } from './log.ts';
import { assertNoSecret } from './no-secret.ts';
import { MemoryMaildrops } from './maildrops.ts';
import { runTranscript } from './transcript.ts';

export class FakeAuthenticator implements Authenticator {
  readonly scramChallenge = passwordsOnly.scramChallenge;
  readonly scram = passwordsOnly.scram;
  readonly mechanisms = passwordsOnly.mechanisms;
  readonly external = passwordsOnly.external;
  readonly implicit = passwordsOnly.implicit;
  readonly certificateHolds = passwordsOnly.certificateHolds;
  readonly onTrustChange = passwordsOnly.onTrustChange;
  /** While it is true, logins are answered `busy`. */
  busy = false;
  /** Settings of the account that logs in. */
  settings: Settings = {};
  /** Every answer waits for it. */
  gate: Promise<void> = Promise.resolve();
  readonly asked: { login: string; password: string; peer: Peer; signal: AbortSignal }[] = [];

  accounts: Readonly<Record<string, AccountId>> = { alice: 1 as AccountId, bob: 2 as AccountId };

  async password(login: string, password: string, peer: Peer, signal: AbortSignal): Promise<AuthOutcome> {
    this.asked.push({ login, password, peer, signal });
    await this.gate;
    if (this.busy) return { kind: 'busy' };
    const id = this.accounts[login];
    if (id === undefined || !['secret', 'se cret ', 'sécret'].includes(password)) return { kind: 'refused' };
    return {
      kind: 'granted',
      account: {
        id,
        login,
        organisation: 1 as OrganisationId,
        kind: 'mail',
        state: 'active',
        settings: this.settings,
      },
      organisation: {
        id: 1 as OrganisationId,
        name: 'practice',
        title: 'Practice',
        language: 'nl',
        settings: {},
      },
    };
  }
}

export interface Pop3Fixture extends AsyncDisposable {
  readonly listener: Listener;
  readonly store: MemoryMaildrops;
  readonly authenticator: FakeAuthenticator;
  readonly connections: ConnectionLimits;
  readonly clock: FakeClock;
  readonly log: MemoryLog;
  readonly ca: string;
  /** Runs a dialog against the listener. */
  dialog(text: string): Promise<void>;
  stop(drain?: Milliseconds): Promise<void>;
}

export interface Pop3FixtureOptions {
  /** Another store for the listener, with its clock and its accounts by login. */
  readonly over?: {
    readonly store: MaildropStore;
    readonly clock: FakeClock;
    readonly accounts: Readonly<Record<string, AccountId>>;
  };
  readonly tls?: 'implicit' | 'starttls';
  readonly proxy?: readonly string[];
  readonly limits?: Partial<Pop3Limits>;
  readonly connections?: Partial<ConnectionLimitOptions>;
  readonly knows?: (network: string) => boolean;
  readonly stuck?: Pick<StuckMessages, 'ended' | 'isWatched'>;
}

export async function startPop3(options: Pop3FixtureOptions = {}): Promise<Pop3Fixture> {
  const { ca, server } = await testCertificates();
  const store = new MemoryMaildrops();
  const authenticator = new FakeAuthenticator();
  const clock = options.over?.clock ?? new FakeClock();
  if (options.over !== undefined) authenticator.accounts = options.over.accounts;
  const log = new MemoryLog();
  const connections = new ConnectionLimits({ ...testConnectionLimits, ...options.connections }, options.knows);
  const listener = await startPop3Listener({
    spec: { name: 'pickup', address: '127.0.0.1', port: 0, tls: options.tls ?? 'starttls', proxy: options.proxy ?? [] },
    tls: [server],
    hostname: 'mail.test',
    store: options.over?.store ?? store,
    authenticator,
    connections,
    limits: { ...defaultPop3Limits, ...options.limits },
    ...defined({ stuck: options.stuck }),
    clock,
    log,
  });
  const transcript = { protocol: 'pop3', port: listener.port, ca: ca.certificate } as const;
  const stop = (drain = milliseconds(0)): Promise<void> => {
    const stopped = listener.stop(drain);
    // The drain time passes, for sessions that a failed test left open.
    setImmediate(() => clock.advance(drain));
    return stopped;
  };
  return {
    listener,
    store,
    authenticator,
    connections,
    clock,
    log,
    ca: ca.certificate,
    dialog: (text) =>
      runTranscript(text, {
        ...transcript,
        directives: {
          advance: (ms) => clock.advance(Number(ms)),
          takeover: (account) => store.takeOver(Number(account)),
          failing: () => void (store.failing = true),
          away: () => void (store.failing = new StoreUnavailable('no primary')),
          unknown: () => void (store.failing = new OutcomeUnknown('perhaps')),
          ended: () => void (store.failing = new LoginEnded('the password is another')),
          busy: (argument) => void (authenticator.busy = argument !== 'off'),
          damaged: (at) => void (store.damagedAt = Number(at)),
        },
      }),
    stop,
    [Symbol.asyncDispose]: async () => {
      await stop();
      // Done here, so that no test of a login can forget it.
      assertNoSecret(log, 'secret', 'se cret ', 'sécret');
    },
  };
}
