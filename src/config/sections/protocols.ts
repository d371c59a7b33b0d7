/** Limits of the protocols of mail programs: `smtp`, `pop3` and `ldap`. */
import { count, duration, size } from '../fields/amounts.ts';
import { section } from '../fields/field.ts';

export const smtp = section({
  'max-message': size(
    'Largest message, after encoding: base64 makes an attachment 37 % larger, so 50MB carries about 36 MB of files.',
    '50MB',
    '64KiB',
    '1GiB',
  ),
  'max-recipients': count('Recipients of one message; the next is answered 452 4.5.3.', 1000, 1, 1000),
  'login-time': duration(
    'Longest time from connecting to login, whatever the client sends meanwhile.',
    '2m',
    '1s',
    '30m',
  ),
  'command-time': duration(
    'Longest silence between two commands; RFC 5321 asks for at least 5 minutes.',
    '5m',
    '1s',
    '1d',
  ),
  'data-minimum': size(
    'Least amount of data that must arrive in each data-interval while a message comes in; a slower client is answered 421.',
    '16KiB',
    '1B',
    '100MiB',
  ),
  'data-interval': duration('Time within which data-minimum must arrive.', '1m', '1s', '1h'),
  'command-line': size('Longest command line.', '4KiB', '512B', '64KiB'),
  'auth-line': size('Longest line with a SASL response.', '12KiB', '1KiB', '64KiB'),
  'bad-commands': count('Unknown commands in one session, after which it is closed.', 10, 1, 10_000),
  'commands-before-login': count('Commands in one session before a login, after which it is closed.', 20, 4, 10_000),
  'failed-logins': count(
    'Unsuccessful logins in one session, refused or put off, after which it is closed.',
    5,
    1,
    1000,
  ),
});

export const pop3 = section({
  'login-time': duration(
    'Longest time from connecting to login, whatever the client sends meanwhile.',
    '2m',
    '1s',
    '30m',
  ),
  'idle-time': duration(
    'Longest silence between two commands after login; RFC 1939 asks for at least 10 minutes.',
    '10m',
    '1s',
    '1d',
  ),
  'send-time': duration('How long the client may take to receive one piece of at most 64 KiB.', '2m', '1s', '1h'),
  'command-line': size('Longest command line.', '512B', '255B', '4KiB'),
  'auth-line': size('Longest line with a SASL response.', '12KiB', '1KiB', '64KiB'),
  'bad-commands': count('Unknown commands in one session, after which it is closed.', 10, 1, 10_000),
  'failed-logins': count(
    'Unsuccessful logins in one session, refused or put off, after which it is closed.',
    5,
    1,
    1000,
  ),
});

export const ldap = section({
  'login-time': duration(
    'Longest time from connecting to login, whatever the client sends meanwhile.',
    '1m',
    '1s',
    '30m',
  ),
  'idle-time': duration('Longest silence between two requests after login.', '5m', '1s', '1d'),
  'send-time': duration('How long the client may take to receive an answer.', '1m', '1s', '1h'),
  'search-time': duration('Longest time for one search, even if the client allows more.', '10s', '1s', '5m'),
  'search-entries': count(
    'Entries of one search, or of one page if the client turns pages; how many an account may ask for in an hour is the setting directory-entries-per-hour.',
    500,
    1,
    5000,
  ),
  'failed-logins': count(
    'Unsuccessful logins in one session, refused or put off, after which it is closed.',
    5,
    1,
    1000,
  ),
});
