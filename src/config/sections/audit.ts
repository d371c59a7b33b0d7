/**
 * The audit trail: its signed heads, how long it keeps personal fields, and where it is forwarded
 * to.
 */
import { duration } from '../fields/amounts.ts';
import { optional, section } from '../fields/field.ts';
import { command, files, path } from '../fields/files.ts';
import { server } from '../fields/host-ports.ts';
import { webFolder } from '../fields/hosts.ts';
import { choice } from '../fields/names.ts';

const keepLog = (what: string, initial: string): ReturnType<typeof duration> =>
  duration(
    `How long the trail says who and from where: ${what}. Then these fields are erased; what happened stays, and the chain holds.`,
    ...([initial, '1d', '36525d'] as const),
  );

export const audit = section({
  anchors: optional(
    path(
      'Folder for signed heads of the audit trail, a file a day: best on another machine, or one that can be written once. Default: the folder anchors in the key folder.',
    ),
  ),
  'anchor-every': duration('How often the head of the audit trail is signed, if it has grown.', '1m', '10s', '1d'),
  'timestamp-url': optional(
    webFolder(
      'A time-stamping authority (RFC 3161) that stamps signed heads; needs timestamp-authorities. The tokens are beside the heads.',
    ),
  ),
  'timestamp-every': duration('How often a head is stamped, if the trail has grown.', '1h', '10s', '7d'),
  'timestamp-authorities': files('Certificates of the authorities that the time stamps must lead to, PEM.'),
  'keep-access': keepLog('logins, and who looked at or fetched what', '1827d'),
  'keep-change': keepLog('changes and commands of people', '1827d'),
  'keep-chain': keepLog('what became of messages', '1096d'),
  'keep-technical': keepLog('what the gateway did by itself', '366d'),
  'anchor-command': optional(
    command(
      'Program and words that also get each signed head, as a line of JSON on their input: for another site or a time-stamping service.',
    ),
  ),
  'forward-to': optional(
    server(
      'A collector of logs (SIEM) that gets each row of the trail over TLS, from the moment on in which this is set: at least once, in order, also over restarts.',
    ),
  ),
  'forward-format': choice(
    'How rows go there: rfc5424, as syslog over TLS (RFC 5425), or json, a line a row. The row itself is JSON with the field names of NEN 7513 in both.',
    ['rfc5424', 'json'],
    'rfc5424',
  ),
  'forward-personal': choice(
    'Whether who and from where go along. What the collector has is not erased there when its time in the trail is over.',
    ['yes', 'no'],
    'yes',
  ),
  'forward-authorities': files(
    'Certificates of the authorities that the certificate of the collector must lead to, PEM; without any those of the system.',
  ),
  'forward-certificate': optional(path('Certificate that the gateway shows the collector, PEM; needs forward-key.')),
  'forward-key': optional(path('Its private key, PEM, for the owner alone (mode 0600).')),
});
