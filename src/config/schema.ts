/**
 * The whole configuration file: its sections in the order of the reference page, with a sentence
 * about each. A section's settings, with types, defaults and descriptions, are in its file in
 * sections/.
 *
 * docs/configuration.md is written from this (`npm run docs`), and a test compares the two. Policy
 * about one organisation, account or address is no configuration: it is a setting in the registry
 * (domain/settings.ts).
 */
import { GROUP_ROLES } from '../domain/roles.ts';
import { hostname } from './fields/hosts.ts';
import { api, webhooks } from './sections/api.ts';
import { audit } from './sections/audit.ts';
import { auth } from './sections/auth.ts';
import { backup } from './sections/backup.ts';
import { cluster, probe } from './sections/cluster.ts';
import { absence, delivery, notices } from './sections/delivery.ts';
import { connections, listener, tls } from './sections/listeners.ts';
import { doctor, http, log } from './sections/monitoring.ts';
import { control, operators, webConsole } from './sections/operators.ts';
import { ca, scan, smime } from './sections/protection.ts';
import { ldap, pop3, smtp } from './sections/protocols.ts';
import { data, keys, store } from './sections/store.ts';
import { enrolment, helpdesk, setup } from './sections/users.ts';
import { z } from './zod.ts';

export const configSchema = z.strictObject({
  hostname: hostname(
    'The name this gateway goes by: greeting, Received lines, Message-IDs. Must be in the certificate.',
  ),
  data,
  control: z.array(control).max(GROUP_ROLES.length).prefault([]),
  keys,
  tls,
  listener: z.array(listener).min(1).max(64),
  log,
  connections,
  smtp,
  pop3,
  ldap,
  api,
  auth,
  store,
  cluster,
  probe,
  delivery,
  absence,
  notices,
  helpdesk,
  enrolment,
  setup,
  console: webConsole,
  ca,
  audit,
  operators,
  doctor,
  backup,
  http,
  smime,
  scan,
  webhooks,
});

type SectionName = Exclude<keyof typeof configSchema.shape, 'hostname'> | 'console.oidc';

/** A sentence about each section, for the reference page and the file that `sluis init` writes. */
export const sections: Readonly<Record<string, string>> = {
  data: 'Where messages are stored.',
  keys: 'Keys that seal the mail. Without them nobody can read it, you included: keep a copy of both in a safe place.',
  tls: 'The certificate that peers see.',
  control:
    'Sockets for people who are neither root nor the gateway itself: one [[control]] for each role, open to a system group.',
  listener: 'Ports. One [[listener]] each.',
  log: 'Log lines go to standard error.',
  connections: 'Limits on open connections, over all listeners.',
  smtp: 'Submission.',
  pop3: 'Pickup.',
  ldap: 'The directory for mail programs: listeners with protocol = "ldap".',
  api: 'The HTTPS API: listeners with protocol = "https".',
  auth: 'Logins.',
  store: 'The store.',
  cluster: 'Several gateways on one database.',
  probe: 'Availability, measured as clients have it (sluis report availability).',
  delivery: 'Pushing to partners: organisations with a mail server of their own.',
  absence: 'Absences of addressees (sluis address absence).',
  notices: 'What the gateway itself says by mail.',
  helpdesk:
    'Whom users call: is in every notice, letter and page, and in replies that say "ask the helpdesk". Its mail address is that of notices.operator.',
  enrolment: 'One-time codes for passwords and certificates (sluis account reset, sluis cert issue --code).',
  setup: 'Set-up that mail programs find by themselves.',
  console: 'The web console for operators: listeners with protocol = "console".',
  'console.oidc':
    'Login to the web console at an OpenID provider; off without this section. Its redirect address is that of the console with /login/provider.',
  audit: 'Signed heads of the audit trail (sluis audit verify).',
  doctor: 'Looking after itself (sluis doctor).',
  operators: 'Where a second person is needed.',
  backup:
    'Backups of the database (sluis backup, sluis restore). Keys are never in them: they have a copy of their own.',
  http: 'Health and metrics.',
  ca: "The gateway's own certificate authority (sluis ca, sluis cert).",
  smime: 'Signing and encrypting messages (S/MIME); who does is a setting of accounts and addresses.',
  scan: 'Scanning for malware, by clamd.',
  webhooks: 'Programs that get events (sluis webhook).',
} satisfies Record<SectionName, string>;

export type ParsedConfig = z.infer<typeof configSchema>;

/** A checked configuration. Every path in it is absolute. */
export interface Config extends ParsedConfig {
  /** The file that it was read from. */
  readonly file: string;
}
