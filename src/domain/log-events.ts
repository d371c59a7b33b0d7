/**
 * Every event of the log: its levels, what it tells, and what to do where it can be a warning or an
 * error. docs/signals.md shows this table (`npm run docs`); a test holds it to the calls of `Log`.
 */
import { CERTIFICATE_EVENTS } from './log-events/certificates.ts';
import type { LogEvents } from './log-events/log-event.ts';
import { LOGIN_EVENTS } from './log-events/logins.ts';
import { MAIL_EVENTS } from './log-events/mail.ts';
import { PROCESS_EVENTS } from './log-events/process.ts';
import { SEVERAL_EVENTS } from './log-events/several.ts';
import { STORE_EVENTS } from './log-events/store.ts';

/** By the part of the gateway, in the order of the page. */
export const LOG_EVENTS: readonly (readonly [title: string, events: LogEvents])[] = [
  ['Log: the process, its ports and pages', PROCESS_EVENTS],
  ['Log: connections and logins', LOGIN_EVENTS],
  ['Log: mail', MAIL_EVENTS],
  ['Log: certificates and keys', CERTIFICATE_EVENTS],
  ['Log: store, backups, trail', STORE_EVENTS],
  ['Log: PostgreSQL and several gateways', SEVERAL_EVENTS],
];
