/** Gateways that tell each other their counts, without a database between them. */
import type { SharedCounts, SharedSubject } from '../../src/store/shared-counts.ts';

type Listener = (key: string, more: readonly number[]) => void;

/** `deaf`: nobody hears anything, as if every notice were lost. */
export function toldBetween(gateways: number, deaf = false): readonly SharedCounts[] {
  const listeners = Array.from({ length: gateways }, () => new Map<SharedSubject, Listener[]>());
  return listeners.map((own) => ({
    of: (subject) => ({
      tell: (key, more) => {
        for (const other of deaf ? [] : listeners)
          if (other !== own) for (const listener of other.get(subject) ?? []) listener(key, more);
      },
      onTold: (listener) => void own.set(subject, [...(own.get(subject) ?? []), listener]),
    }),
  }));
}
