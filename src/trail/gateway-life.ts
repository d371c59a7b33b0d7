/**
 * Start and stop of the gateway, and so of its logging; what configuration it runs by; the keys it
 * serves TLS with. NEN 7513 wants to see when there was no logging: a start says whether the trail
 * before it ended in order.
 */
import type { AuditTrail } from '../store/port/audit.ts';
import { type Actor, THE_GATEWAY, personalOf } from '../store/actor.ts';
import { FIRST_START, compareConfiguration, fileHash, named } from './configuration.ts';

export interface LifeParts {
  readonly audit: AuditTrail;
  readonly hostname: string;
  readonly config: object;
  readonly file: string;
  readonly dataFolder: string;
}

/** Last rows of a trail whose writer ended in order. */
const ENDS: readonly string[] = ['gateway.stopped', 'store.closed'];

/** Names of settings. */
export interface Reread {
  readonly applied: readonly string[];
  /** Settings that differ from the running ones and wait for a restart. */
  readonly restart: readonly string[];
}

export interface GatewayLife {
  /**
   * Reads the configuration again for `actor`; what came of it goes into the trail. Rejects as
   * `read` does.
   */
  configured<R extends Reread>(actor: Actor, read: () => Promise<R>): Promise<R>;
  /** An operator keeps new sessions away, or takes them again. */
  drained(wanted: boolean, actor: Actor): void;
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
  const loaded = await compareConfiguration(config, { file, dataFolder });
  const orderly = last !== undefined && ENDS.includes(last.event) ? 'orderly end' : 'no end';
  const before = loaded.changed === FIRST_START ? FIRST_START : orderly;
  audit.note({ event: 'gateway.started', outcome: 'success', facts: { hostname, process: process.pid, before } });
  audit.note({
    event: 'configuration.loaded',
    outcome: 'success',
    facts: { ...loaded },
    personal: personalOf(THE_GATEWAY),
  });
  let served = '';
  return {
    configured: async (actor, read) => {
      const event = 'configuration.reloaded';
      try {
        const report = await read();
        const facts = { sha256: fileHash(file), applied: named(report.applied), restart: named(report.restart) };
        audit.note({ event, outcome: 'success', facts, personal: personalOf(actor) });
        return report;
      } catch (error) {
        const personal = { ...personalOf(actor), why: String(error) };
        audit.note({ event, outcome: 'failure', facts: { sha256: fileHash(file) }, personal });
        throw error;
      }
    },
    drained: (wanted, actor) =>
      audit.note({
        event: wanted ? 'gateway.drained' : 'gateway.drain-ended',
        outcome: 'success',
        facts: { hostname },
        personal: personalOf(actor),
      }),
    reloaded: (why) =>
      audit.note({
        event: 'gateway.reloaded',
        outcome: why === undefined ? 'success' : 'failure',
        facts: { what: 'keys and certificates' },
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
