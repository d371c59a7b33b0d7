/**
 * What `sluis check` says of the channel between gateways: what can be seen without asking anybody.
 */
import { dayFilesIn } from '../crypto/keys/day-files.ts';
import { dayOf } from '../domain/utc-day.ts';
import { many } from '../domain/counted.ts';
import { type Instant, days, instant } from '../domain/units.ts';
import { type ChannelMaterial, materialProblem, ownEnd, ownProblem } from './channel/identity.ts';
import { DAYS_AHEAD, FEWEST_AHEAD } from './peer-state.ts';

const SOON = days(30);

/** Days from today on, without a gap, that have a key in the folder. */
export function keysAhead(keyFolder: string, now: Instant): number {
  const today = dayOf(now);
  const live = new Set(dayFilesIn(keyFolder, today).flatMap(({ day, state }) => (state === 'live' ? [day] : [])));
  let ahead = 0;
  while (ahead < DAYS_AHEAD && live.has(dayOf(instant(now + days(ahead))))) ahead += 1;
  return ahead;
}

export function channelWarnings(material: ChannelMaterial, keyFolder: string, now: Instant): readonly string[] {
  const problem = materialProblem(material) ?? ownProblem(material, now);
  const left = Math.floor((ownEnd(material) - now) / days(1));
  const ahead = keysAhead(keyFolder, now);
  return [
    ...(problem !== undefined
      ? [problem]
      : left < SOON / days(1)
        ? [
            `the certificate of this node (cluster.certificate) ends in ${many(left, 'day')}: put a new one in its place`,
          ]
        : []),
    ...(ahead < FEWEST_AHEAD
      ? [
          `the key folder has day keys for the next ${many(ahead, 'day')}, and ${DAYS_AHEAD} are expected: without one no mail is accepted that day. They are made while all nodes of cluster.peers answer each other; cluster.silent and cluster.refused in the log say who does not`,
        ]
      : []),
  ];
}
