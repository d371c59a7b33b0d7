/** What a vendor asks of `sluis sandbox`. */
import type { Protocol, Scenario } from '../../sandbox/scenario.ts';
import { scenarios } from '../../sandbox/scenarios/table.ts';

export interface Wishes {
  readonly scenario: readonly string[];
  readonly protocol: readonly ('pop3' | 'smtp' | 'https')[];
  readonly fetch: string | undefined;
  readonly send: string | undefined;
  readonly stored: string | undefined;
  readonly webhook: string | undefined;
  readonly folder: string;
  readonly hostname: string;
  readonly address: readonly string[];
  readonly freePorts: boolean;
  readonly patience: number;
  readonly hour: number;
  readonly slow: number;
}

/**
 * The scenarios to try: those that were named, or else all of the protocols that the program
 * speaks.
 */
export function chosen({ scenario, protocol, fetch, send, webhook }: Wishes): readonly Scenario[] {
  if (scenario.length > 0) return scenario.flatMap((name) => scenarios.filter((one) => one.name === name));
  const given: Protocol[] = [
    ...(fetch === undefined ? [] : (['pop3'] as const)),
    ...(send === undefined ? [] : (['smtp'] as const)),
  ];
  const mail: readonly Protocol[] = protocol.length > 0 ? protocol : given.length > 0 ? given : ['pop3', 'smtp'];
  const speaks = new Set<string>([...mail, 'any', ...(webhook === undefined ? [] : ['webhook'])]);
  return scenarios.filter((one) => speaks.has(one.speaks));
}
