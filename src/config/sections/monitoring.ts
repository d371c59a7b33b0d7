/** How the gateway is watched: its log, the port for health and metrics, and the doctor. */
import { count, duration } from '../fields/amounts.ts';
import { section } from '../fields/field.ts';
import { ipAddress, loopback, networks } from '../fields/hosts.ts';
import { choice } from '../fields/names.ts';

export const log = section({
  format: choice('One event a line: JSON for machines, or a readable line.', ['json', 'pretty'], 'json'),
  level: choice('The least severe events that are written.', ['debug', 'info', 'warn', 'error'], 'info'),
});

export const http = section({
  enabled: choice(
    'Whether there is a port for health (/live, /ready) and metrics (/metrics, for Prometheus), without a login.',
    ['yes', 'no'],
    'yes',
  ),
  address: loopback('Where it listens; only on this machine itself.', '127.0.0.1'),
  port: count('TCP port; 0 takes a free one, which the log names.', 9587, 0, 65_535),
  'ready-from': networks(
    'Load balancers on other machines: a second port is opened that only they reach, with /live and /ready alone and the names of reasons without their texts. None: no such port.',
  ),
  'ready-address': ipAddress('Address on which the port for ready-from listens.', '0.0.0.0'),
  'ready-port': count('TCP port for ready-from; 0 takes a free one, which the log names.', 9588, 0, 65_535),
});

export const doctor = section({
  every: duration(
    'How often the running gateway does what `sluis doctor` does, by itself; 0s: never.',
    '1d',
    '0s',
    '30d',
  ),
  'max-offset': duration('How far the clock may be off, where chrony tells.', '1s', '10ms', '1m'),
});
