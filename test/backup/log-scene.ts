/** A folder of the log behind base backups, and a source that is told what to bring. */
import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { LogArchive, type LogParts } from '../../src/backup/log-archive.ts';
import type { Manifest } from '../../src/backup/manifest.ts';
import { logFor } from '../../src/backup/restore-log.ts';
import { defined } from '../../src/domain/defined.ts';
import { type Instant, instant } from '../../src/domain/units.ts';
import type { LogSource } from '../../src/store/copies.ts';
import { FakeClock } from '../support/clock.ts';

export const OCTETS = 1024;
/** A file of the log; `timeline` 2 is a later one. */
export const nameOf = (number: number, timeline = 1): string =>
  [timeline, 0, number].map((part) => part.toString(16).toUpperCase().padStart(8, '0')).join('');

export function logScene(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'sluis-log-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const keys = generateKeyPairSync('ed25519');
  /** One that finds these files written, and the log to end in the middle of the last of them. */
  const archive = (receive: LogSource['receive'], changes: Partial<LogParts> = {}): LogArchive =>
    new LogArchive({
      source: { receive, kept: () => Promise.resolve({ kept: 0 }) },
      ...{ storeId: 'store', hostname: 'mail.test', clock: new FakeClock(), keys: () => Promise.resolve(keys) },
      ...changes,
    });
  const write = (name: string): void => {
    mkdirSync(join(folder, 'log'), { recursive: true });
    writeFileSync(join(folder, 'log', name), Buffer.alloc(OCTETS, name));
  };
  const received = (number: number, at = number) => ({
    ...{ at: instant(at), end: BigInt(number * OCTETS + 100), fileOctets: OCTETS, server: 'db3:5432' },
  });
  const bringing = (...numbers: readonly number[]): LogSource['receive'] => {
    return () => {
      const last = numbers.at(-1)!;
      for (const number of numbers) write(number === last ? `${nameOf(number)}.partial` : nameOf(number));
      return Promise.resolve(received(last));
    };
  };
  const manifest = (start: string, startOctets?: number): Manifest =>
    ({
      id: 'b',
      ended: new Date(0).toISOString(),
      store: { postgres: { version: '17.6', server: 'db3', start, ...defined({ startOctets }) } },
    }) as unknown as Manifest;
  const bring = async (start: string, startOctets?: number, until?: Instant) =>
    await logFor(join(folder, 'b'), manifest(start, startOctets), { keys: [keys.publicKey], ...defined({ until }) });
  return {
    folder,
    archive,
    write,
    received,
    bringing,
    manifest,
    bring,
    keys,
    publicKey: keys.publicKey,
    names: () => readdirSync(folder).sort(),
  };
}
