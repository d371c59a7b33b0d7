/**
 * Fields that are a host with a port: servers, addresses to listen at, and services on this
 * machine.
 */
import { isAbsolute } from 'node:path';
import { isIP } from 'node:net';
import type { z } from '../zod.ts';
import { field, writeValue } from './field.ts';
import { isPath } from './files.ts';
import { isLoopback } from './hosts.ts';

/** Where something listens, written as `host:port`, with an IPv6 address in brackets. */
export interface HostPort {
  readonly host: string;
  readonly port: number;
}

const hostPortText = ({ host, port }: HostPort): string => `${isIP(host) === 6 ? `[${host}]` : host}:${port}`;

const hostPortWritten = (value: HostPort): string => writeValue(hostPortText(value));

/** A list of servers in the order in which they are asked. Empty if left out. */
export const servers = (about: string, most: number): z.ZodType<readonly HostPort[]> =>
  field(
    {
      about,
      expects: `a list of at most ${most} different servers, such as ["db1.example.nl:5432"]`,
      initial: [],
      written: (value: readonly HostPort[]) => writeValue(value.map(hostPortText)),
    },
    (raw) => {
      if (!Array.isArray(raw) || raw.length > most || new Set(raw).size !== raw.length) return undefined;
      const list = raw.flatMap((text) => (typeof text === 'string' ? (hostPortOf(text) ?? []) : []));
      return list.length === raw.length ? list : undefined;
    },
  );

export const server = (about: string): z.ZodType<HostPort> =>
  field({ about, expects: 'a server and its port, such as "db3.example.nl:5432"', written: hostPortWritten }, (raw) =>
    typeof raw === 'string' ? hostPortOf(raw) : undefined,
  );

/** An address of this machine with a port. */
export const listenAt = (about: string): z.ZodType<HostPort> =>
  field(
    {
      about,
      expects: 'an IP address and a port of this machine, such as "0.0.0.0:7443"',
      written: hostPortWritten,
    },
    (raw) => {
      const found = typeof raw === 'string' ? hostPortOf(raw) : undefined;
      return found !== undefined && isIP(found.host) !== 0 ? found : undefined;
    },
  );

/** A Unix socket by its absolute path, or a port that can be reached only from this machine. */
export type LocalService = { readonly path: string } | HostPort;

/** A service that neither encrypts nor asks who calls, so it must be on this machine. */
export const localService = (about: string): z.ZodType<LocalService> =>
  field<LocalService>(
    {
      about,
      expects:
        'the absolute path of a Unix socket, or a loopback address with its port, such as "/run/clamav/clamd.ctl" or "127.0.0.1:3310"',
      written: (value: LocalService) => writeValue('path' in value ? value.path : hostPortText(value)),
    },
    (raw) => {
      if (isPath(raw) && isAbsolute(raw)) return { path: raw };
      const found = typeof raw === 'string' ? hostPortOf(raw) : undefined;
      return found !== undefined && isLoopback(found.host) ? found : undefined;
    },
  );

/**
 * A loopback address of a service. Its answers are trusted because nobody outside this machine can
 * have written them.
 */
export const localPort = (about: string, example: string): z.ZodType<HostPort> =>
  field(
    { about, expects: `a loopback address with its port, such as "${example}"`, written: hostPortWritten },
    (raw) => {
      const found = typeof raw === 'string' ? hostPortOf(raw) : undefined;
      return found !== undefined && isLoopback(found.host) ? found : undefined;
    },
  );

function hostPortOf(text: string): HostPort | undefined {
  const found = /^(?:\[([0-9A-Fa-f:.]{2,45})\]|([A-Za-z0-9.-]{1,253})):(\d{1,5})$/.exec(text);
  const [, inBrackets, plain] = found ?? [];
  const port = Number(found?.[3]);
  if (port < 1 || port > 65_535) return undefined;
  if (inBrackets !== undefined) return isIP(inBrackets) === 6 ? { host: inBrackets, port } : undefined;
  return plain === undefined || plain.startsWith('-') ? undefined : { host: plain.toLowerCase(), port };
}
