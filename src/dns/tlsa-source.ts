/**
 * TLSA records for the courier: looked up once for all connections that ask at a time, remembered
 * as long as they hold, five minutes at most.
 *
 * What could not be looked up is not remembered. The memory has a limit: an operator's partners are
 * few, but nothing here grows without end.
 */
import type { TlsaAnswer, TlsaSource } from '../push/courier.ts';
import type { Clock, Log } from '../domain/effects.ts';
import { type Milliseconds, milliseconds, minutes, seconds } from '../domain/units.ts';
import { DnsFailed } from './packet.ts';
import type { Dns } from './resolver.ts';
import { judgeTlsa, tlsaText } from './tlsa.ts';
import type { TlsaCounts } from './tlsa-counts.ts';
import { findTlsa } from './tlsa-lookup.ts';

/**
 * A connection lasts no longer either, so a record that was taken back is obeyed as soon as a
 * certificate would be.
 */
const LONGEST = minutes(5);
const MOST = 1000;

export interface TlsaSourceParts {
  readonly dns: Dns;
  readonly clock: Clock;
  readonly log: Log;
  readonly counts: TlsaCounts;
}

export class RememberedTlsa implements TlsaSource {
  readonly #parts: TlsaSourceParts;
  readonly #known = new Map<string, { readonly answer: TlsaAnswer; readonly until: Milliseconds }>();
  readonly #asked = new Map<string, Promise<TlsaAnswer>>();

  constructor(parts: TlsaSourceParts) {
    this.#parts = parts;
  }

  get remembered(): number {
    return this.#known.size;
  }

  async find(host: string, port: number): Promise<TlsaAnswer> {
    const key = `${host.toLowerCase()} ${port}`;
    const known = this.#known.get(key);
    if (known !== undefined && this.#parts.clock.monotonic() < known.until) return known.answer;
    const asked = this.#asked.get(key) ?? this.#ask(key, host, port);
    this.#asked.set(key, asked);
    return await asked;
  }

  async #ask(key: string, host: string, port: number): Promise<TlsaAnswer> {
    const { dns, log, counts } = this.#parts;
    try {
      const found = await findTlsa(dns, host, port);
      counts.lookups.add([found.kind === 'none' ? found.why : found.kind]);
      const answer: TlsaAnswer = found.kind === 'none' ? found : { ...found, judge: this.#judge(found.records) };
      this.#keep(key, answer, seconds(found.ttl));
      return answer;
    } catch (error) {
      if (!(error instanceof DnsFailed)) throw error;
      counts.lookups.add(['failed']);
      log.warn('dane.lookup-failed', { host, port, why: error.message });
      return { kind: 'failed', text: `its TLSA records cannot be looked up: ${error.message}` };
    } finally {
      this.#asked.delete(key);
    }
  }

  #judge(records: Parameters<typeof judgeTlsa>[0]): Extract<TlsaAnswer, { kind: 'records' }>['judge'] {
    const { clock, counts } = this.#parts;
    return (chain, names) => {
      const met = judgeTlsa(records, { chain, names, now: clock.now() });
      counts.judged.add([met.ok ? 'met' : 'unmet']);
      return met.ok ? { ok: true, value: tlsaText(met.value) } : met;
    };
  }

  #keep(key: string, answer: TlsaAnswer, ttl: Milliseconds): void {
    this.#known.delete(key);
    this.#known.set(key, { answer, until: milliseconds(this.#parts.clock.monotonic() + Math.min(ttl, LONGEST)) });
    if (this.#known.size <= MOST) return;
    for (const oldest of this.#known.keys()) {
      this.#known.delete(oldest);
      return;
    }
  }
}
