/**
 * Translates sections of the configuration into the limits of the parts. A test checks that the
 * defaults of both are the same.
 */
import type { ApiTimes } from '../api/core/limits.ts';
import type { AuthenticatorLimits } from '../auth/authenticator-options.ts';
import { throttleDefaults } from '../auth/throttle.ts';
import type { Config } from '../config/schema.ts';
import type { PushLimits } from '../push/parts.ts';
import type { LdapLimits } from '../ldap/limits.ts';
import type { ConnectionLimitOptions } from '../platform/connections.ts';
import type { Pop3Limits } from '../pop3/limits.ts';
import { NetworkSet } from '../platform/network.ts';
import type { SmtpLimits } from '../smtp/limits.ts';

export type LimitSections = Pick<
  Config,
  'api' | 'auth' | 'connections' | 'delivery' | 'ldap' | 'pop3' | 'smtp' | 'store'
>;

export const connectionLimitsOf = ({ connections }: LimitSections): ConnectionLimitOptions => ({
  total: connections.total,
  beforeLogin: connections['before-login'],
  perRange: connections['per-range'],
  perNetwork: connections['per-network'],
  perAccount: connections['per-account'],
  exempt: new NetworkSet(connections['exempt-networks']),
  startTime: connections['start-time'],
});

export const authLimitsOf = ({ auth }: LimitSections): AuthenticatorLimits => ({
  rememberFor: auth['remember-for'],
  remembered: auth.remembered,
  shortWait: auth['short-wait'],
  refusalGrid: auth['refusal-grid'],
  queue: {
    concurrency: auth.hashes,
    length: auth.queue,
    perNetwork: auth['queue-per-network'],
    patience: auth.patience,
  },
  throttle: {
    freePerAccount: auth['free-per-account'],
    freePerNetwork: auth['free-per-network'],
    freePerPair: auth['free-per-pair'],
    freshTries: auth['fresh-tries'],
    freeRecalls: auth['free-recalls'],
    first: auth['first-back-off'],
    cap: auth['back-off-cap'],
    strangerCap: auth['back-off-cap-strangers'],
    pairCap: auth['back-off-cap-known'],
    repeat: auth['repeat-counts-within'],
    forgetAfter: auth['forget-after'],
    trustFor: auth['trust-for'],
    entries: auth.entries,
    known: throttleDefaults.known,
  },
});

export const pop3LimitsOf = ({ pop3 }: LimitSections): Pop3Limits => ({
  loginTime: pop3['login-time'],
  idleTime: pop3['idle-time'],
  sendTime: pop3['send-time'],
  commandLine: pop3['command-line'],
  authLine: pop3['auth-line'],
  badCommands: pop3['bad-commands'],
  failedLogins: pop3['failed-logins'],
});

export const ldapLimitsOf = ({ ldap }: LimitSections): LdapLimits => ({
  loginTime: ldap['login-time'],
  idleTime: ldap['idle-time'],
  sendTime: ldap['send-time'],
  searchTime: ldap['search-time'],
  searchEntries: ldap['search-entries'],
  failedLogins: ldap['failed-logins'],
});

export const smtpLimitsOf = ({ smtp }: LimitSections): SmtpLimits => ({
  maxMessage: smtp['max-message'],
  maxRecipients: smtp['max-recipients'],
  loginTime: smtp['login-time'],
  commandTime: smtp['command-time'],
  dataMinimum: smtp['data-minimum'],
  dataInterval: smtp['data-interval'],
  commandLine: smtp['command-line'],
  authLine: smtp['auth-line'],
  badCommands: smtp['bad-commands'],
  commandsBeforeLogin: smtp['commands-before-login'],
  failedLogins: smtp['failed-logins'],
});

export const apiTimesOf = ({ api }: LimitSections): ApiTimes => ({
  header: api['header-time'],
  idle: api['idle-time'],
  request: api['request-time'],
  send: api['send-time'],
  dataMinimum: api['data-minimum'],
  dataInterval: api['data-interval'],
});

export const pushLimitsOf = ({ delivery }: LimitSections): PushLimits => ({
  waits: delivery.waits,
  expire: delivery.expire,
  delayNotice: delivery['delay-notice'],
  connections: delivery.connections,
  lease: delivery.lease,
});
