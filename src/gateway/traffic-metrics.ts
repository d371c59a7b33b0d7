/**
 * Metrics of traffic and process: sessions, logins, messages, pushes, processor and memory. Those
 * of the store are in store-metrics.ts.
 */
import type { ApiCounts } from '../api/server.ts';
import { readdir } from 'node:fs/promises';
import type { AuthenticatorLoad } from '../auth/authenticator-options.ts';
import type { Dispatcher } from '../push/dispatcher.ts';
import type { Counts } from '../domain/counts.ts';
import { READY_ROLES, type ReadyRole, type Reason } from '../domain/readiness.ts';
import type { WindowCounts } from '../ca/enrol/window-notes.ts';
import { type Metric, counter, distribution, gauge, single } from '../http/metric.ts';
import type { ConnectionLimits } from '../platform/connections.ts';
import type { LoopDelay } from '../platform/loop-delay.ts';
import type { StuckMessages } from '../pickup/stuck.ts';
import type { SentCounts } from '../pop3/session.ts';
import type { SetupCounts } from '../self-service/setup/answers.ts';
import type { SmtpAnswers } from '../smtp/answers.ts';
import type { WebhookDeliverer } from '../webhooks/deliverer.ts';

export interface TrafficParts {
  /** The listeners, with how many sessions each has. */
  readonly listeners: () => readonly { readonly name: string; readonly protocol: string; readonly sessions: number }[];
  readonly connections: Pick<ConnectionLimits, 'refused'>;
  readonly authenticator: { readonly load: AuthenticatorLoad };
  readonly answers: SmtpAnswers;
  readonly sent: SentCounts;
  readonly stuck: Pick<StuckMessages, 'all' | 'counts'>;
  readonly codes: WindowCounts;
  readonly setup: Pick<SetupCounts, 'read'>;
  readonly api: ApiCounts;
  readonly directoryGiven: Pick<Counts<'caller'>, 'read'>;
  readonly dispatchers: readonly Pick<Dispatcher, 'ended' | 'states'>[];
  readonly webhooks: Pick<WebhookDeliverer, 'posted' | 'states' | 'lag'>;
  readonly ready: (role?: ReadyRole) => readonly Reason[];
  readonly loop: LoopDelay;
}

export const trafficMetrics = (parts: TrafficParts): readonly Metric[] => [
  single('gauge', 'sluis_ready', '1: /ready answers 200.', () => (parts.ready().length === 0 ? 1 : 0)),
  gauge('sluis_ready_for', '1: /ready?role= answers 200; role: submit, pickup, serve.', ['role'], () =>
    READY_ROLES.map((role) => ({ labels: { role }, value: parts.ready(role).length === 0 ? 1 : 0 })),
  ),
  single('gauge', 'sluis_drained', '1: an operator keeps new sessions away (sluis drain).', () =>
    parts.ready().some(({ name }) => name === 'drained') ? 1 : 0,
  ),
  ...sessions(parts),
  ...logins(parts),
  ...messages(parts),
  ...pushes(parts),
  ...told(parts),
  ...processItself(parts),
];

const sessions = ({ listeners, connections }: TrafficParts): Metric[] => [
  gauge('sluis_sessions', 'Sessions that are open.', ['listener', 'protocol'], () =>
    listeners().map(({ name, protocol, sessions: value }) => ({ labels: { listener: name, protocol }, value })),
  ),
  counter(
    'sluis_connections_refused_total',
    'Connections and logins that met a limit of the section connections: total, network, range or account; displaced: an older one without a login made way.',
    ['why'],
    () => connections.refused.read(),
  ),
];

const logins = ({ authenticator, codes, setup, api, directoryGiven }: TrafficParts): Metric[] => [
  counter(
    'sluis_logins_total',
    'Logins by protocol, way (password, app, remembered, scram, external, implicit), outcome (granted, refused, busy) and, if not granted, reason, as in auth.refused.',
    ['protocol', 'way', 'outcome', 'reason'],
    () => authenticator.load.logins.read(),
  ),
  counter(
    'sluis_api_answers_total',
    'Answers of the HTTPS API, by area of the route (none if there is none) and class of the status (2xx, 4xx ...).',
    ['area', 'class'],
    () => api.read(),
  ),
  counter(
    'sluis_directory_entries_total',
    'Entries of the directory that were given out over the API and LDAP, to accounts and operators; each search counts as one at least.',
    ['caller'],
    () => directoryGiven.read(),
  ),
  counter(
    'sluis_codes_total',
    'One-time codes on the page, by what they are for (password, certificate), outcome (granted, refused, busy, unusable) and, if not granted, reason, as in enrolment.refused.',
    ['for', 'outcome', 'reason'],
    () => codes.read(),
  ),
  counter(
    'sluis_setup_questions_total',
    'Questions of mail programs that look for their settings, by form (autoconfig, autodiscover, dav) and outcome: given, foreign (no domain of setup.domains), malformed, none (an address book or calendar, which there is not).',
    ['form', 'outcome'],
    () => setup.read(),
  ),
  single('gauge', 'sluis_password_queue', 'Passwords that wait for their hash.', () => authenticator.load.waiting),
  single('gauge', 'sluis_password_hashes', 'Passwords that are being hashed.', () => authenticator.load.running),
  single(
    'gauge',
    'sluis_logins_remembered',
    'Right passwords that are remembered.',
    () => authenticator.load.remembered,
  ),
  distribution(
    'sluis_password_wait_seconds',
    'How long passwords waited before their hash began.',
    () => authenticator.load.waits,
  ),
];

const messages = ({ answers, sent, stuck }: TrafficParts): Metric[] => [
  counter(
    'sluis_messages_total',
    'Messages whose content was begun, by outcome: accepted, duplicate, refused-4yz, refused-5yz, interrupted.',
    ['outcome'],
    () => answers.messages.read(),
  ),
  single('counter', 'sluis_submitted_octets_total', 'Octets of accepted messages.', () => answers.octets),
  counter(
    'sluis_smtp_refusals_total',
    'SMTP commands that were refused, by command and class of the reply.',
    ['command', 'class'],
    () => answers.refusals.read(),
  ),
  single('counter', 'sluis_collected_messages_total', 'Messages that RETR sent to their end.', () => sent.messages),
  single('counter', 'sluis_collected_octets_total', 'Octets of collected messages.', () => sent.octets),
  counter(
    'sluis_stuck_messages_total',
    'Messages at which the sessions of a mail program ended again and again, by what was done: told, held.',
    ['did'],
    () => Object.entries(stuck.counts).map(([did, value]) => ({ labels: { did }, value })),
  ),
  single(
    'gauge',
    'sluis_stuck_messages',
    'Messages at which a mail program ends again and again, and that still block a mailbox.',
    () => stuck.all.length,
  ),
];

/** Values of `sluis_breaker_state`. */
const BREAKER = { closed: 0, 'half-open': 1, open: 2 } as const;

const pushes = ({ dispatchers }: TrafficParts): Metric[] => [
  counter(
    'sluis_push_attempts_total',
    'Attempts to push a delivery, by partner and how they ended: relayed, retry, failed, overtaken.',
    ['partner', 'outcome'],
    () => dispatchers.flatMap(({ ended }) => ended.read()),
  ),
  gauge('sluis_push_active', 'Attempts under way, for partners that something waits for.', ['partner'], () =>
    statesOf(dispatchers).map(({ name, active }) => ({ labels: { partner: name }, value: active })),
  ),
  gauge(
    'sluis_breaker_state',
    'Whether the partner answers, if something waits for it: 0 closed (it does), 1 half-open, 2 open (it does not).',
    ['partner'],
    () => statesOf(dispatchers).map(({ name, breaker }) => ({ labels: { partner: name }, value: BREAKER[breaker] })),
  ),
];

const told = ({ webhooks }: TrafficParts): Metric[] => [
  gauge('sluis_webhooks', 'Webhooks by state: active, paused.', ['state'], () =>
    Object.entries(webhooks.states).map(([state, value]) => ({ labels: { state }, value })),
  ),
  counter(
    'sluis_webhook_posts_total',
    'Events that were sent to webhooks, by outcome: the class of the status (2xx), or name, address, connection, certificate, timeout, broken.',
    ['outcome'],
    () => webhooks.posted.read(),
  ),
  single(
    'gauge',
    'sluis_webhook_lag_seconds',
    'How long the oldest event waits that a webhook was not told of yet; 0: none waits.',
    () => webhooks.lag / 1000,
  ),
];

/** A partner that was never looked up has no name yet, and is left out. */
const statesOf = (dispatchers: TrafficParts['dispatchers']): Dispatcher['states'] =>
  dispatchers.flatMap(({ states }) => states).filter(({ name }) => name !== '');

const QUANTILES = [0.5, 0.99, 1];

const processItself = ({ loop }: TrafficParts): Metric[] => [
  gauge(
    'sluis_event_loop_delay_seconds',
    'How long the main thread kept its timers waiting in the last one to two minutes; quantile 1 is the longest.',
    ['quantile'],
    () => QUANTILES.map((part) => ({ labels: { quantile: String(part) }, value: loop.quantile(part) })),
  ),
  single('gauge', 'process_resident_memory_bytes', 'Memory in use.', () => process.memoryUsage.rss()),
  single('counter', 'process_cpu_seconds_total', 'Processor time of all threads.', () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1e6;
  }),
  single('gauge', 'process_start_time_seconds', 'Start, in seconds since 1970.', () =>
    Math.round(Date.now() / 1000 - process.uptime()),
  ),
  single('gauge', 'process_open_fds', 'Open file descriptors.', async () => (await readdir('/proc/self/fd')).length),
];
