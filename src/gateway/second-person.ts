/**
 * Records in the trail which verbs need a second person, whenever that rule differs from the
 * previous start, so that nobody removes it unnoticed.
 */
import type { Config } from '../config/schema.ts';
import type { Log } from '../domain/effects.ts';
import type { Store } from '../store/port/store.ts';

export async function noteSecondPerson(store: Store, config: Config, log: Log): Promise<void> {
  const verbs = config.operators['second-person'];
  const before = await store.operators.rule(verbs, { name: 'configuration' });
  if (before === undefined) return;
  log.warn('operators.rule-changed', { before: before.join(' '), now: [...verbs].sort().join(' ') });
}
