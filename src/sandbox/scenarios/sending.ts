/** What goes wrong while a program sends. */
import { RULE_RECIPIENT, RULE_SILENCE, RULE_TEMPORARY, isSent, judgeSilence, wasWhole } from '../judge-send.ts';
import type { Facts } from '../facts.ts';
import { result } from '../mails.ts';
import { type Scenario, type Stage, GUIDE_SENDING, failed, firstOf, remark } from '../scenario.ts';
import { FULL, LAB, POLI, hammers } from './parts.ts';

const NOBODY_WAITS =
  'The request or the result is nowhere, and its sender believes that it arrived: nobody looks for it.';
const TO_NOBODY = 'niemand@ziekenhuis.test';
const MOVED = 'oud@ziekenhuis.test';
const NEW = 'nieuw@ziekenhuis.test';

const ROOMY = '2GiB';
/** The gateway itself refuses: what its mailbox holds is more than it may. */
const quotaOf = (stage: Stage, quota: string): Promise<void> =>
  stage.operate('account.set', { name: FULL, settings: [`quota=${quota}`] });
const fullTimes = (facts: Facts): number =>
  facts.sent.flatMap(({ to }) => to).filter(({ address, code }) => address === FULL && code === 452).length;

export const sending: readonly Scenario[] = [
  {
    name: 'accepted-answer-lost',
    speaks: 'smtp',
    happens: 'The gateway takes the message, and its 250 is lost with the line.',
    right:
      'It sends the same octets again with the same Message-ID; the gateway answers "already accepted as" and files nothing twice.',
    rules: [RULE_SILENCE],
    patient: NOBODY_WAITS,
    to: [LAB],
    trouble: () => firstOf(['content'], 1, () => ({ do: 'lose' })),
    judge: (facts) => judgeSilence(facts, 'after a final dot that nobody answered'),
  },
  {
    name: 'line-lost-before-the-dot',
    speaks: 'smtp',
    happens: 'The line breaks at the final dot, before the gateway has it: nothing was taken.',
    right: 'It sends the same again. It cannot know whether the dot arrived, and need not.',
    rules: [RULE_SILENCE],
    patient: NOBODY_WAITS,
    to: [LAB],
    trouble: () => firstOf(['content'], 1, () => ({ do: 'cut' })),
    judge: (facts) => judgeSilence(facts, 'after a line that broke at the final dot'),
  },
  {
    name: 'busy-hour',
    speaks: 'smtp',
    happens: 'For an hour (how long that is here, is --hour) each message is answered 451 at its end.',
    right: 'It keeps the message and sends the same later, in growing steps: 1, 5, 15, 30 minutes, then hourly.',
    rules: [RULE_TEMPORARY],
    patient:
      'A program that gives up after an hour loses the results of that hour; one that tries every second keeps the gateway from coming back.',
    to: [LAB],
    trouble: ({ settings: { hour } }) => ({
      command: (verb, _, facts) =>
        verb === 'content' && facts.at() < hour
          ? { do: 'answer', line: '451 4.3.0 the gateway is busy; try again later' }
          : undefined,
      used: (facts) => facts.at() >= hour,
    }),
    judge: (facts) => [
      ...judgeSilence(facts, 'while every answer was 451'),
      ...(hammers(facts, 20) ? [failed('It tried more than twenty times within ten seconds.')] : []),
      ...(facts.sent.some(isSent) && facts.sent.length === 1
        ? [remark('It sent nothing before the hour was over: nothing was seen.')]
        : []),
    ],
  },
  {
    name: 'shut-down',
    speaks: 'smtp',
    happens: 'The gateway is shut down between MAIL and the message: 421, and the line ends.',
    right: 'It sends the same later.',
    rules: [RULE_TEMPORARY],
    patient: NOBODY_WAITS,
    to: [LAB],
    trouble: () =>
      firstOf(['RCPT'], 1, () => ({ do: 'answer', line: '421 4.3.2 the gateway is shut down; try again', cut: true })),
    judge: (facts) => judgeSilence(facts, 'after 421'),
  },
  {
    name: 'quota-full',
    speaks: 'smtp',
    happens: 'The mailbox of the addressee is full: 452 4.2.2 to RCPT, twice; then there is room.',
    right: 'It keeps the message, sends the same later, and says meanwhile that it is still under way.',
    rules: [RULE_TEMPORARY],
    patient:
      'The addressee never gets the result, and nobody calls: a program that takes 452 for final drops it, one that says nothing hides it.',
    look: 'your program shows the message as still under way.',
    to: [FULL],
    prepare: async (stage) => {
      await quotaOf(stage, ROOMY);
      await stage.fill(FULL, { ...result('F'), padding: 1_200_000 });
      await quotaOf(stage, '1MiB');
      return [];
    },
    trouble: (stage) => ({
      command: (verb, _, facts) =>
        verb === 'RCPT' && fullTimes(facts) >= 2 ? { do: 'first', what: () => quotaOf(stage, ROOMY) } : undefined,
      used: (facts) => fullTimes(facts) >= 2,
    }),
    judge: (facts) => judgeSilence(facts, 'after 452 to its only recipient'),
  },
  {
    name: 'refused-recipient',
    speaks: 'smtp',
    happens: 'One of three recipients is not registered: 550 5.1.1 to its RCPT. The two others are good.',
    right: 'It sends to the two others, shows the refusal of the third, and repeats nothing.',
    rules: [RULE_RECIPIENT],
    patient: 'One wrong address in a letter keeps it from the two doctors who wait for it.',
    look: 'your program shows that this one recipient was refused.',
    to: [LAB, TO_NOBODY, POLI],
    done: (facts) => !facts.open && facts.sent.some((one) => one.to.length > 0),
    judge: (facts) => {
      const reached = new Set(
        facts.sent
          .filter(isSent)
          .flatMap(({ to }) => to.filter(({ code }) => code < 300).map(({ address }) => address)),
      );
      const tried = facts.sent.flatMap(({ to }) => to.map(({ address }) => address));
      if (!tried.includes(TO_NOBODY)) return [remark(`It was not tried: no message went to ${TO_NOBODY}.`)];
      const missed = [LAB, POLI].filter((address) => !reached.has(address));
      const again = tried.filter((address) => address === TO_NOBODY).length;
      return [
        ...(missed.length > 0 ? [failed(`It sent nothing to ${missed.join(' and ')}, who were not refused.`)] : []),
        ...(again > 1 ? [remark(`It asked ${again} times for the recipient that does not exist.`)] : []),
      ];
    },
  },
  {
    name: 'address-moved',
    speaks: 'smtp',
    happens: 'The address of the addressee has ended; its successor is in the answer: 551 5.1.6 to RCPT.',
    right: 'It shows the text, which names the new address, and does not repeat.',
    rules: [
      {
        says: '5yz to RCPT: show the text. 551 names the successor: correct the address book.',
        rfc: 'RFC 5321 section 3.4',
        guide: `${GUIDE_SENDING}, "5yz to RCPT"`,
      },
    ],
    patient:
      'A program that only says "not delivered" leaves the sender to guess where the doctor has gone; one that says nothing leaves the result unsent.',
    look: `your program shows "${NEW}".`,
    to: [MOVED],
    prepare: async (stage) => {
      await stage.operate('address.end', { address: MOVED, successor: NEW, now: true });
      return [];
    },
    done: (facts) => !facts.open && facts.sent.some((one) => one.to.length > 0),
    judge: (facts) => {
      const times = facts.sent.filter(({ to }) => to.length > 0).length;
      return [
        ...(times > 3 ? [failed(`It sent to the ended address ${times} times: a final answer is not repeated.`)] : []),
        ...(facts.runs.some(({ status }) => status === 0)
          ? [failed('It ended with success (exit code 0), and nothing was sent.')]
          : []),
        ...(facts.sent.some(wasWhole) ? [failed('It sent the content though no recipient was taken.')] : []),
      ];
    },
  },
];
