/** What goes wrong over HTTPS, and what a receiver of webhooks is told. */
import type { Asked, Facts } from '../facts.ts';
import { type Finding, type Rule, type Scenario, GUIDE_API, GUIDE_TOLD, failed, firstOf, remark } from '../scenario.ts';
import { LAB } from './parts.ts';

const RULE_KEY: Rule = {
  says: '503, 507 and 429 are for now: wait as long as Retry-After says, and send the same again under the same Idempotency-Key.',
  rfc: 'RFC 6585 section 4, RFC 9110 section 10.2.3',
  guide: GUIDE_API,
};
const RULE_TOLD: Rule = {
  says: 'The signature is checked over the octets as they came; webhook-id is the same when an event is sent again; answer 2xx within 15 seconds.',
  rfc: 'Standard Webhooks 1.0.0, "Verifying webhook authenticity"',
  guide: GUIDE_TOLD,
};

/** Seconds. Long enough to be seen, short enough to wait for. */
const RETRY_AFTER = 3;

const posts = (facts: Facts): readonly Asked[] =>
  facts.requests.filter(({ method, path }) => method === 'POST' && path.startsWith('/v1/messages'));
const good = ({ status }: Asked): boolean => status >= 200 && status < 300;
const sent = (facts: Facts): boolean => !facts.open && posts(facts).some(good);

function judgeKeys(facts: Facts): readonly Finding[] {
  const all = posts(facts);
  const keys = new Set(all.map(({ key }) => key ?? ''));
  if (all.length === 0) return [];
  if (keys.has('')) return [failed('It sent a POST without an Idempotency-Key: a repetition is a second message.')];
  if (keys.size > 1) return [failed('It sent the message again under another Idempotency-Key: it is sent twice.')];
  if (new Set(all.map(({ sha256 }) => sha256)).size > 1)
    return [failed('It sent another request under the same Idempotency-Key.')];
  return all.some(good) ? [] : [failed('It did not send the message again: took silence for success, or gave it up.')];
}

export const overHttps: readonly Scenario[] = [
  {
    name: 'too-many-requests',
    speaks: 'https',
    happens: `The first POST /v1/messages is answered 429 with "Retry-After: ${RETRY_AFTER}".`,
    right: 'It waits so long, and sends the same again under the same key.',
    rules: [RULE_KEY],
    patient:
      'A program that drops what was answered 429 loses the results of the busiest hour; one that does not wait is kept out longer.',
    to: [LAB],
    trouble: () => firstOf(['POST'], 1, () => ({ do: 'answer', line: `429 ${RETRY_AFTER}` })),
    done: sent,
    judge: (facts) => {
      const [first, second] = posts(facts);
      const early =
        facts.runs.length === 0 &&
        first !== undefined &&
        second !== undefined &&
        second.at - first.at < RETRY_AFTER * 1000 - 100;
      return [
        ...judgeKeys(facts),
        ...(early
          ? [
              failed(
                `It came again after ${((second.at - first.at) / 1000).toFixed(1)} s, though Retry-After said ${RETRY_AFTER} s.`,
              ),
            ]
          : []),
      ];
    },
  },
  {
    name: 'api-answer-lost',
    speaks: 'https',
    happens: 'The gateway takes a POST /v1/messages, and its answer is lost with the line.',
    right: 'It sends the same again under the same key; the gateway answers with the same id and "again": true.',
    rules: [RULE_KEY],
    patient: 'Under a new key the result is sent twice; without a repetition nobody knows whether it was sent at all.',
    to: [LAB],
    trouble: () => firstOf(['POST'], 1, () => ({ do: 'lose' })),
    done: sent,
    judge: judgeKeys,
  },
  {
    name: 'webhook-out-of-order',
    speaks: 'webhook',
    happens: 'Three events come in the wrong order, and the second one comes twice.',
    right: 'It answers 2xx to each, and acts by what the events say, not by the order in which they came.',
    rules: [RULE_TOLD],
    patient:
      'A message that was collected is shown as "on its way" again, or one event that is refused stops all behind it.',
    look: 'your program shows the message as collected, and shows nothing twice.',
    judge: (facts) => {
      const bad = facts.told.filter(({ status }) => status < 200 || status > 299);
      return bad.map(({ what, status }) => failed(`It answered ${status === 0 ? 'nothing' : status} to ${what}.`));
    },
  },
  {
    name: 'webhook-forged',
    speaks: 'webhook',
    happens: 'An event comes with a wrong signature, and one whose signature is a day old.',
    right: 'It refuses both, with 4xx.',
    rules: [RULE_TOLD],
    patient:
      'Anybody on the internet can tell the system that a result was collected, and nobody looks for it from then on.',
    judge: (facts) =>
      facts.told.flatMap(({ what, status }) => {
        if (status >= 200 && status < 300) return [failed(`It took ${what}.`)];
        return status >= 400 && status < 500
          ? []
          : [remark(`It answered ${status === 0 ? 'nothing' : status} to ${what}; expected is 4xx.`)];
      }),
  },
];
