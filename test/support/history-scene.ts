/**
 * Sixteen writers and eight readers in front of the gateways of two sites, for histories that are
 * judged.
 */
import { Crew, namesOf } from './crew.ts';
import type { Cleanup } from './store.ts';
import { type TwoSites, type TwoSitesOptions, startTwoSites } from './two-sites.ts';
import { until } from './until.ts';

const WRITERS = namesOf('writer', 16);
const MAILBOXES = namesOf('mailbox', 4);

export interface HistoryScene extends TwoSites {
  readonly crew: Crew;
}

/** Starts the sites. The crew is not started yet. */
export async function startHistories(t: Cleanup, options: TwoSitesOptions = {}): Promise<HistoryScene> {
  const sites = await startTwoSites(t, [...WRITERS, ...MAILBOXES], options);
  const crew = new Crew({ fronts: sites.fronts, writers: WRITERS, mailboxes: MAILBOXES, patience: 8000 });
  return { ...sites, crew };
}

/** Resolves when so many more messages were acknowledged. */
export async function more(crew: Crew, messages: number): Promise<void> {
  const enough = crew.acknowledged + messages;
  await until(`${messages} more messages`, () => crew.acknowledged >= enough, 60_000);
}
