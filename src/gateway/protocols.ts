/**
 * How a listener of each protocol starts, and what the listeners of a protocol share: counts,
 * limits, and whom they tell of what happens.
 */
import type { AdminContext } from '../admin/context.ts';
import { Directory } from '../admin/directory.ts';
import { Counts } from '../domain/counts.ts';
import { defined } from '../domain/defined.ts';
import { replyWords } from '../domain/helpdesk.ts';
import type { AccountId } from '../domain/ids.ts';
import type { Authenticator } from '../auth/authenticator.ts';
import type { CaParts } from '../ca/parts.ts';
import type { Config } from '../config/schema.ts';
import type { Chain } from '../middleware/chain.ts';
import type { WindowCounts } from '../ca/enrol/window-notes.ts';
import type { StuckMessages } from '../pickup/stuck.ts';
import type { ConnectionLimits } from '../platform/connections.ts';
import type { Whose } from '../platform/tally.ts';
import { ldapSlots, startLdapListener } from '../ldap/server.ts';
import { startPop3Listener } from '../pop3/server.ts';
import { type SentCounts, newSentCounts } from '../pop3/session.ts';
import type { SmtpAnswers } from '../smtp/answers.ts';
import { newSubmissionCounts, startSmtpListener } from '../smtp/server.ts';
import type { Store } from '../store/port/store.ts';
import type { SubmissionServices } from '../submission/transaction.ts';
import { HourlyCount } from '../submission/limits.ts';
import { RefusalNotes } from '../submission/refusal-notes.ts';
import { type GatewayApi, gatewayApi } from './api.ts';
import { type GatewayConsole, gatewayConsole } from './console.ts';
import type { GatewayEffects } from './effects.ts';
import { enrolmentWindow } from './enrolment.ts';
import { ldapLimitsOf, pop3LimitsOf, smtpLimitsOf } from './limits.ts';
import type { StartListener } from './listeners.ts';
import {
  type GatewayNotices,
  pickupReceipts,
  startClientNetworks,
  startFullness,
  startStuck,
  submissionNotices,
} from './notices.ts';
import { apiPickup } from './pickup.ts';
import { type GatewaySelfService, gatewaySelfService } from './self-service.ts';
import { gatewayTests } from './test-address.ts';
import type { GatewayTls } from './tls.ts';

export interface ProtocolParts extends Required<GatewayEffects> {
  readonly store: Store;
  readonly authenticator: Authenticator;
  readonly connections: ConnectionLimits;
  readonly notices: GatewayNotices;
  readonly middleware: Chain;
  readonly tls: GatewayTls;
  readonly ca: CaParts;
}

export interface GatewayProtocols {
  readonly smtp: StartListener;
  readonly pop3: StartListener;
  /** The directory for mail programs. */
  readonly ldap: StartListener;
  /** The page where one-time codes are used. */
  readonly enrolment: StartListener;
  /** The HTTPS API. */
  readonly https: StartListener;
  readonly api: Pick<GatewayApi, 'counts'>;
  /** Entries of the directory that were given out, over all protocols. */
  readonly directoryGiven: Counts<'caller'>;
  /** The web console. */
  readonly console: StartListener;
  /** The pages of accounts. */
  readonly 'self-service': StartListener;
  /** Gives the context of operations to callers over HTTPS. */
  begin(admin: AdminContext): void;
  /** Counts of what SMTP answered and POP3 sent, over all listeners. */
  readonly answers: SmtpAnswers;
  readonly codes: WindowCounts;
  /** Mail programs that looked for their settings. */
  readonly setup: GatewaySelfService['setup'];
  readonly sent: SentCounts;
  /** Messages at which the sessions of mail programs break off again and again. */
  readonly stuck: Pick<StuckMessages, 'all' | 'counts'>;
  /** Writes refusals that are only counted so far: of mail, codes, tokens and logins to pages. */
  writeCounted(whose?: Whose): void;
  /** Writes the sessions of one account that are only counted so far. */
  consumersOf(account: AccountId): Promise<void>;
  /** Writes what is noted and not yet stored. */
  stop(): Promise<void>;
}

export function gatewayProtocols(config: Config, parts: ProtocolParts): GatewayProtocols {
  const { store, notices, middleware, tls, authenticator, connections, clock, log } = parts;
  const says = replyWords(config.helpdesk);
  const common = { hostname: config.hostname, store, authenticator, connections, clock, log, ...defined({ says }) };
  const counts = newSubmissionCounts(clock, store.shared);
  const sent = newSentCounts();
  const clientNetworks = startClientNetworks(store, notices, parts);
  const fullness = startFullness(store, notices, parts);
  const stuck = startStuck(store, notices, parts);
  const receipts = pickupReceipts(store, notices, parts);
  const refused = new RefusalNotes(store.audit, clock);
  const window = enrolmentWindow(config, { ca: parts.ca, log, random: parts.random, shared: store.shared.of('codes') });
  const tests = gatewayTests(store, notices);
  const told = submissionNotices(store, notices);
  const submission: SubmissionServices = {
    store,
    clock,
    log,
    counts,
    middleware,
    refused,
    tests,
    fullness,
    ...told,
    hostname: config.hostname,
    maxMessage: config.smtp['max-message'],
    maxRecipients: config.smtp['max-recipients'],
  };
  const pickup = apiPickup({ ...parts, clientNetworks, receipts });
  const directory = {
    directory: new Directory(store),
    asked: new HourlyCount(clock, store.shared.of('directory')),
    given: new Counts(['caller'] as const),
  };
  const slots = ldapSlots();
  const api = gatewayApi(config, {
    ...parts,
    pickup,
    directory,
    submission: {
      ...submission,
      ended: (outcome, octets) => {
        counts.answers.messages.add([outcome]);
        if (outcome === 'accepted') counts.answers.octets += octets;
      },
    },
  });
  const console: GatewayConsole = gatewayConsole(config, parts);
  const selfService: GatewaySelfService = gatewaySelfService(config, { ...parts, window, directory });
  return {
    api,
    directoryGiven: directory.given,
    https: api.start,
    console: console.start,
    'self-service': selfService.start,
    begin: (admin) => {
      api.begin(admin);
      console.begin(admin);
      selfService.begin(admin);
    },
    smtp: (spec) =>
      startSmtpListener({
        ...common,
        spec,
        counts,
        middleware,
        tests,
        refused,
        fullness,
        ...told,
        tls: tls.materialFor(spec.name),
        limits: smtpLimitsOf(config),
      }),
    pop3: (spec) =>
      startPop3Listener({
        ...common,
        spec,
        clientNetworks,
        stuck,
        receipts,
        sent,
        tls: tls.materialFor(spec.name),
        limits: pop3LimitsOf(config),
      }),
    ldap: (spec) =>
      startLdapListener({
        ...directory,
        spec,
        slots,
        authenticator,
        connections,
        clock,
        log,
        registry: store.registry,
        tls: tls.materialFor(spec.name),
        limits: ldapLimitsOf(config),
      }),
    enrolment: selfService.codes,
    answers: counts.answers,
    codes: window.notes.counts,
    setup: selfService.setup,
    sent,
    stuck,
    writeCounted: (whose = () => true) => {
      refused.flushOf(whose);
      window.notes.flushOf(whose);
      api.tokens.flushOf(whose);
      console.notes.flushOf(whose);
      selfService.notes.flushOf(whose);
    },
    consumersOf: (account) => clientNetworks.written(account),
    stop: async () => {
      try {
        refused.flush();
        window.notes.flush();
        api.tokens.flush();
        console.notes.flush();
        selfService.notes.flush();
      } finally {
        await pickup.shared.close();
        await Promise.all([clientNetworks.close(), stuck.close(), fullness.close()]);
      }
    },
  };
}
