/** What is asked of a program that sends, whatever goes wrong. */
import type { Facts, Sent } from './facts.ts';
import { type Finding, type Rule, GUIDE_SENDING, failed, remark } from './scenario.ts';

export const RULE_SILENCE: Rule = {
  says: 'No reply to the final dot means: send again, the same octets with the same Message-ID. Only 250 is success.',
  rfc: 'RFC 5321 sections 4.2.5 and 4.5.4.1',
  guide: `${GUIDE_SENDING}, "no reply, or the line broke"`,
};
export const RULE_TEMPORARY: Rule = {
  says: 'After 421, 450, 451, 452 and 454 keep the message, send the same later, and tell a person after four hours.',
  rfc: 'RFC 5321 section 4.2.1',
  guide: `${GUIDE_SENDING}, "421, 450, 451, 452, 454"`,
};
export const RULE_RECIPIENT: Rule = {
  says: '5yz to RCPT is about that recipient alone: show the text; the others continue.',
  rfc: 'RFC 5321 section 3.3',
  guide: `${GUIDE_SENDING}, "5yz to RCPT"`,
};

/** The program saw that it was taken. */
export const isSent = ({ code }: Sent): boolean => code >= 200 && code < 300;
/** True: the program sent the message up to the final dot. */
export const wasWhole = ({ sha256 }: Sent): boolean => sha256 !== undefined;

export const sentAll = (facts: Facts, used: boolean): boolean => used && !facts.open && facts.sent.some(isSent);

export function judgeSend(facts: Facts): readonly Finding[] {
  const findings: Finding[] = [];
  if (facts.visits.some(({ inClear }) => inClear === true))
    findings.push(failed('It sent a name or a password outside TLS, where anybody on the way reads it.'));
  if (facts.tooMany > 0)
    findings.push(failed(`It connected ${facts.visits.length + facts.tooMany} times: it hammers the server.`));
  const whole = facts.sent.filter(wasWhole);
  const ids = new Set(whole.map(({ messageId }) => messageId ?? ''));
  const octets = new Set(whole.map(({ sha256 }) => sha256));
  if (ids.has(''))
    findings.push(remark('Its message has no Message-ID: nobody can tell a repetition from a second message.'));
  else if (ids.size > 1)
    findings.push(
      failed(
        `It sent the message again under another Message-ID (${[...ids].join(', ')}): the gateway cannot know it for the same, and files it twice.`,
      ),
    );
  else if (octets.size > 1)
    findings.push(
      remark(
        'It sent the message again with other octets under the same Message-ID; the guide asks for the same octets.',
      ),
    );
  const first = whole.findIndex(isSent);
  const again = first < 0 ? 0 : whole.slice(first + 1).filter((one) => one.to.some(({ code }) => code < 300)).length;
  if (again > 0) findings.push(failed(`It sent the message ${again} more times after a 250: sent twice.`));
  return findings;
}

/** Judges a message whose sender never saw a 250. `why`: what it saw. */
export function judgeSilence(facts: Facts, why: string): readonly Finding[] {
  const { sent, runs } = facts;
  if (sent.length === 0 || sent.some(isSent)) return [];
  const last = runs.at(-1);
  if (runs.length > 0 && last?.status !== 0)
    return [
      failed(
        `It told of the failure (exit code ${last?.status ?? 'none'}) and did not get the message through when it was run again.`,
      ),
    ];
  return [
    failed(
      runs.length > 0
        ? `It ended with success (exit code 0) ${why}: took silence for success.`
        : `It did not send the message again ${why}: took silence for success, or gave it up.`,
    ),
  ];
}
