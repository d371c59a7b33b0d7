/** People who work with the gateway: the web console, their sockets, and what needs two of them. */
import { GROUP_ROLES, type GroupRole } from '../../domain/roles.ts';
import { CHOSEN_VERBS } from '../../domain/second-person.ts';
import { duration } from '../fields/amounts.ts';
import { optional, section } from '../fields/field.ts';
import { files, path } from '../fields/files.ts';
import { webPage } from '../fields/hosts.ts';
import { choice, choices, texts, words } from '../fields/names.ts';
import { z } from '../zod.ts';

const groups = (role: GroupRole): ReturnType<typeof texts> =>
  texts(
    `Groups of the provider whose members have the role ${role}. Who is in groups of several gets the role with the most rights.`,
    `sluis-${role}`,
  );

const oidc = z.strictObject({
  issuer: webPage(
    'Address of the OpenID provider, exactly as it names itself. What else it has it tells below that address (.well-known/openid-configuration).',
  ),
  'client-id': words('What the provider knows the gateway by.', 200, 'sluis'),
  'secret-file': path('File with the secret of that client, one line, mode 0600. Read again within an hour.'),
  name: words('What the page calls it, on the button of the login.', 40, 'Zorgaccount', 'OpenID Connect'),
  scope: words(
    'What is asked for. Some providers give groups only for a scope of their own.',
    200,
    'openid profile groups',
    'openid profile',
  ),
  'groups-claim': words(
    'Where the provider says the groups of a person: in the ID token, or else in what it answers of the user.',
    100,
    'roles',
    'groups',
  ),
  'security-groups': groups('security'),
  'registry-groups': groups('registry'),
  'support-groups': groups('support'),
  'read-groups': groups('read'),
  acr: texts(
    'Values of the claim acr (how the provider made sure who it is) that count as two factors. The gateway asks for them. Of acr and amr at least one must be set, and each that is set must be met.',
    'https://refeds.org/profile/mfa',
  ),
  amr: texts(
    'Values of the claim amr (what the person showed the provider) that count as two factors; one of them is enough.',
    'mfa',
  ),
  'amr-with-certificate': texts(
    'Values of the claim amr that count as two factors together with the client certificate of the operator, on a listener with client-certificates = "ask". Only something that the person knows: a key beside a key is one factor. None: the certificate counts for nothing.',
    'pwd',
  ),
  organisation: optional(
    words(
      'Name of the organisation that people of this provider may do anything for; all when left out.',
      32,
      'huisartsen-noord',
    ),
  ),
  authorities: files(
    'PEM files with the authorities that vouch for the certificate of the provider, and no other. Default: those of the system. Read again within an hour.',
  ),
});

export const webConsole = section({
  page: optional(
    webPage(
      'Address of the console as browsers have it, without a path. Passkeys hold for this host name alone. Default: that of the first listener with the protocol console.',
    ),
  ),
  idle: duration('Without a request for so long, a session ends.', '30m', '5m', '4h'),
  longest: duration('A session ends after so long in any case.', '10h', '1h', '24h'),
  oidc: oidc.optional(),
});

export const control = z.strictObject({
  role: choice('The most that a user of the socket may do: a role of "sluis operator roles".', GROUP_ROLES),
  group: words(
    'The system group that may open it, by name or number. The gateway must be able to give files to it.',
    64,
    'helpdesk',
  ),
  socket: optional(
    path('Where it is; its folder must let the group pass, and nobody else write. Default: ROLE.sock in /run/sluis.'),
  ),
});

export const operators = section({
  'second-person': choices(
    'What one person may not do alone: two registered operators must stand behind it, by keys (sluis approve) or passkeys (the web console). restore: a backup; bundle: evidence of a message; erase: personal data; address-move: an address to another account, an account to another organisation; key: escrow and rotation of the master key; end: of an account, address, partner or organisation; code: letters with codes for passwords, and codes for certificates, which whoever runs the command holds in hand; site-alone: one place alone that acknowledges; store-move: the store to PostgreSQL; scan-exempt: an account whose mail is not scanned for malware, which nobody may decide where it is not set here. A change is in the audit trail.',
    CHOSEN_VERBS,
  ),
});
