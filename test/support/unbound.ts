/**
 * Debian's unbound on a free port. Its zones were signed a moment ago (ldns-keygen, ldns-signzone),
 * and it never asks the network.
 */
import { execFile, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Resolver } from '../../src/dns/resolver.ts';
import { milliseconds } from '../../src/domain/units.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { freePort } from './instance.ts';
import type { Cleanup } from './store.ts';
import { until } from './until.ts';

const run = promisify(execFile);

export interface Zone {
  /** Lines of the zone, with names relative to it. */
  readonly records: readonly string[];
  /**
   * Default: `signed`, and its key is a trust anchor of the resolver. `unsigned`: it has no
   * signatures.
   */
  readonly kind?: 'signed' | 'unsigned';
  /** Options of ldns-signzone, such as dates. */
  readonly sign?: readonly string[];
  /** Changes the lines of the signed zone. */
  readonly alter?: (lines: readonly string[]) => readonly string[];
}

export interface Unbound {
  readonly at: { readonly host: string; readonly port: number };
}

/** Starts unbound with these zones, by name without a dot at the end. It ends with the test. */
export async function startUnbound(t: Cleanup, zones: Readonly<Record<string, Zone>>): Promise<Unbound> {
  const folder = mkdtempSync(join(tmpdir(), 'sluis-unbound-'));
  const port = await freePort();
  const anchors: string[] = [];
  await Promise.all(
    Object.entries(zones).map(async ([name, zone]) => {
      const anchor = await writeZone(folder, name, zone);
      if (anchor !== undefined) anchors.push(anchor);
    }),
  );
  const names = Object.keys(zones);
  const lines = [
    'server:',
    ...[
      `directory: "${folder}"`,
      'chroot: ""',
      'username: ""',
      'pidfile: ""',
      'use-syslog: no',
      'logfile: "unbound.log"',
    ],
    ...[
      'interface: 127.0.0.1',
      `port: ${port}`,
      'access-control: 127.0.0.0/8 allow',
      'module-config: "validator iterator"',
    ],
    // Nothing may be asked elsewhere, and no answer may be an old one.
    ...['do-not-query-localhost: yes', 'num-threads: 1', 'cache-max-ttl: 0', 'cache-max-negative-ttl: 0'],
    ...['local-zone: "test." nodefault', 'local-zone: "localhost." nodefault'],
    ...anchors.map((file) => `trust-anchor-file: "${file}"`),
    // Without it, it would ask the root servers about every other name.
    'root-hints: ""',
    'remote-control:',
    'control-enable: no',
    ...names.flatMap((name) => [
      'auth-zone:',
      ...[`name: "${name}."`, `zonefile: "${fileOf(folder, name)}"`],
      ...['for-upstream: yes', 'for-downstream: no', 'fallback-enabled: no'],
    ]),
  ];
  writeFileSync(join(folder, 'unbound.conf'), `${lines.join('\n')}\n`);
  const unbound = spawn('/usr/sbin/unbound', ['-d', '-c', join(folder, 'unbound.conf')], { stdio: 'ignore' });
  t.after(async () => {
    if (unbound.exitCode === null && unbound.signalCode === null)
      await new Promise<void>((resolve) => {
        unbound.once('exit', () => resolve());
        unbound.kill('SIGKILL');
      });
    rmSync(folder, { recursive: true, force: true });
  });
  const at = { host: '127.0.0.1', port };
  const resolver = new Resolver({ at, clock: systemClock, patience: milliseconds(500) });
  await until('unbound answers', async () => {
    if (unbound.exitCode !== null)
      throw new Error(`unbound ended: ${readFileSync(join(folder, 'unbound.log'), 'utf8')}`);
    return await resolver.ask(names[0] ?? '', 'SOA').then(
      () => true,
      (error: unknown) => !String(error).includes('does not answer'),
    );
  });
  return { at };
}

const fileOf = (folder: string, name: string): string => join(folder, `${name}.zone`);

/** Writes a zone. Resolves to the file with its trust anchor, if it is signed. */
async function writeZone(folder: string, name: string, zone: Zone): Promise<string | undefined> {
  const { records, kind = 'signed', sign = [], alter = (lines) => lines } = zone;
  const file = fileOf(folder, name);
  const head = [
    `$ORIGIN ${name}.`,
    '$TTL 60',
    '@ IN SOA ns hostmaster 1 3600 600 86400 60',
    '@ IN NS ns',
    'ns IN A 127.0.0.1',
  ];
  const plain = `${[...head, ...records].join('\n')}\n`;
  if (kind === 'unsigned') {
    writeFileSync(file, alter(plain.split('\n')).join('\n'));
    return undefined;
  }
  writeFileSync(`${file}.plain`, plain);
  const { stdout } = await run('ldns-keygen', ['-a', 'ECDSAP256SHA256', '-k', name], { cwd: folder });
  const key = stdout.trim();
  await run('ldns-signzone', [...sign, '-o', name, '-f', `${file}.signed`, `${file}.plain`, key], { cwd: folder });
  writeFileSync(file, alter(readFileSync(`${file}.signed`, 'utf8').split('\n')).join('\n'));
  const anchor = readdirSync(folder).find((one) => one === `${key}.ds`);
  if (anchor === undefined) throw new Error(`ldns-keygen made no ${key}.ds`);
  return join(folder, anchor);
}
