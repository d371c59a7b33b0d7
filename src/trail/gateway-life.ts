/**
 * Start and stop of the gateway, and so of its logging; what configuration it runs by; the keys it serves TLS with. NEN 7513 wants to see
 * when there was no logging: a start says whether the trail before it ended in order.
 */
import type { AuditTrail } from '../store/audit.ts';
import { compareConfiguration, fileHash } from './configuration.ts';

export interface LifeParts {
  readonly audit: AuditTrail;
  readonly hostname: string;
  readonly config: object;
  readonly file: string;
  readonly dataFolder: string;
}

/** Last rows of a trail whose writer ended in order. */
const ENDS: readonly string[] = ['gateway.stopped', 'store.closed'];

export interface GatewayLife {
  /** Keys and certificates were read again; `why` they were not. */
  reloaded(why?: string): void;
  /** What listeners show from now on: SHA-256 of each certificate. */
  serves(fingerprints: readonly string[]): void;
  stopped(): void;
}

export async function beginLife(parts: LifeParts): Promise<GatewayLife> {
  const { audit, hostname, config, file, dataFolder } = parts;
  const { seq } = await audit.head();
  const [last] = seq === 0 ? [] : await audit.read({ fromSeq: seq, limit: 1 });
  const before = last === undefined ? 'nothing' : ENDS.includes(last.event) ? 'orderly end' : 'no end';
  audit.note({ event: 'gateway.started', outcome: 'success', facts: { hostname, process: process.pid, before } });
  const loaded = await compareConfiguration(config, { file, dataFolder });
  audit.note({ event: 'configuration.loaded', outcome: 'success', facts: { ...loaded } });
  let served = '';
  return {
    reloaded: (why) =>
      audit.note({
        event: 'gateway.reloaded',
        outcome: why === undefined ? 'success' : 'failure',
        // Settings take effect at the next start; a file that was changed meanwhile is seen here.
        facts: { configuration: fileHash(file) === loaded.sha256 ? 'as at the start' : 'changed since the start' },
        ...(why === undefined ? {} : { personal: { why } }),
      }),
    serves: (fingerprints) => {
      const now = [...new Set(fingerprints)].sort().join(', ');
      if (now === served) return;
      served = now;
      audit.note({ event: 'tls.certificates', outcome: 'success', facts: { certificates: now } });
    },
    stopped: () => audit.note({ event: 'gateway.stopped', outcome: 'success', facts: { process: process.pid } }),
  };
}
