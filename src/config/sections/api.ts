/** Programs of others: the HTTPS API, and the webhooks by which the gateway calls them. */
import { count, duration, size } from '../fields/amounts.ts';
import { optional, section } from '../fields/field.ts';
import { files } from '../fields/files.ts';
import { networks, webPage } from '../fields/hosts.ts';
import { mailAddress, words } from '../fields/names.ts';

export const api = section({
  url: optional(
    webPage(
      'Where clients find the API, in its OpenAPI document. Default: https, the name of the first listener, /v1.',
    ),
  ),
  'contact-name': optional(
    words('Contact for developers, in the OpenAPI document. Default: the name of the helpdesk.', 100, 'Zorgpost Noord'),
  ),
  'contact-address': optional(
    mailAddress('Its mail address, in the document; may be outside the group. Default: that of notices.operator.'),
  ),
  'contact-page': optional(webPage('Its web page. Default: https and the hostname.')),
  requests: count(
    'Requests that one caller may make in a minute, at once or spread: an account, an operator, or a network without a login. The next is answered 429.',
    6000,
    10,
    10_000_000,
  ),
  'header-time': duration('Longest wait for a request on a connection without a login.', '20s', '1s', '5m'),
  'idle-time': duration('Longest wait for the next request after a login.', '1m', '1s', '1h'),
  'data-minimum': size(
    'Least amount of data that must arrive in each data-interval while a body comes in.',
    '16KiB',
    '1B',
    '100MiB',
  ),
  'data-interval': duration('Time within which data-minimum must arrive.', '20s', '1s', '1h'),
  'request-time': duration('Longest time for one request with its body.', '30m', '10s', '1d'),
  'send-time': duration(
    'How long the client may take to receive one piece of an answer, of at most 64 KiB.',
    '2m',
    '1s',
    '1h',
  ),
});

export const webhooks = section({
  'allow-networks': networks(
    'Networks that webhooks may be at although they are not public, such as that of a system of your own. Everything else that is loopback, private, link-local or otherwise not of the public internet is refused.',
  ),
  authorities: files(
    "PEM files with the authorities that the certificates of webhooks' receivers must lead to. Default: those that the system trusts.",
  ),
});
