/**
 * Waits, turn by turn of the event loop, until something is true. Fails after `patience` ms of real
 * time. `pace`: ms between two looks, if a look is expensive.
 */
import { setTimeout as pause } from 'node:timers/promises';

export async function until(
  what: string,
  holds: () => boolean | Promise<boolean>,
  patience = 10_000,
  pace = 1,
): Promise<void> {
  const end = performance.now() + patience;
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`Waited ${patience} ms in vain: ${what}`);
    await pause(pace);
  }
}
