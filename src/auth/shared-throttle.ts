/**
 * A throttle that counts the guesses at all gateways of a store. Each gateway tells the others what
 * it has counted, and hears what they have. Times to wait are never added up: a time follows from
 * the count, as if one gateway had judged all guesses.
 */
import type { Clock } from '../domain/effects.ts';
import type { SharedCount } from '../store/shared-counts.ts';
import { Throttle, type ThrottleLimits, type ThrottleNews } from './throttle.ts';

/** `shared` absent: this gateway is the only one. */
export function sharedThrottle(limits: ThrottleLimits, clock: Clock, shared?: SharedCount): Throttle {
  const throttle = new Throttle(limits, shared && ((news) => shared.tell(...wordsOf(news))));
  shared?.onTold((key, more) => {
    const news = newsIn(key, more);
    if (news !== undefined) throttle.heard(news, clock.monotonic());
  });
  return throttle;
}

/** A network has no space in it, so that the words of a key can be told apart. */
const wordsOf = (news: ThrottleNews): readonly [string, readonly number[]] => [
  `${news.network} ${news.later} ${news.login}`,
  [news.failures, news.guesses, news.byNetwork, news.ofPair, news.recalls, news.successes],
];

function newsIn(key: string, more: readonly number[]): ThrottleNews | undefined {
  const [, network, later, login] = /^(\S+) (\d+) ([^]*)$/.exec(key) ?? [];
  if (network === undefined || login === undefined) return undefined;
  const [failures = 0, guesses = 0, byNetwork = 0, ofPair = 0, recalls = 0, successes = 0] = more;
  return { login, network, later: Number(later), failures, guesses, byNetwork, ofPair, recalls, successes };
}
