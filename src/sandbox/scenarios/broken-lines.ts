/** Lines that break, and answers that are lost, while a program fetches. */
import { type Scenario, failed, firstOf } from '../scenario.ts';
import { RULE_QUIT, RULE_STORE, RULE_UIDL } from '../judge-fetch.ts';
import { cameBack, three, two } from './parts.ts';

const notBack = 'It never came back to fetch what was still there.';

export const brokenLines: readonly Scenario[] = [
  {
    name: 'line-lost-before-quit',
    speaks: 'pop3',
    happens:
      'Two messages are fetched and marked as deleted; then the line breaks before QUIT is answered. Nothing was deleted.',
    right:
      'It comes again, sees by UIDL that it has both, deletes them and ends with QUIT, without fetching them again.',
    rules: [RULE_QUIT, RULE_UIDL],
    patient: 'A result that is filed twice looks like two measurements: a dose is set on a trend that is not there.',
    mails: two,
    trouble: () => firstOf(['QUIT'], 1, () => ({ do: 'cut' })),
    judge: (facts) => (cameBack(facts) ? [] : [failed(notBack)]),
  },
  {
    name: 'line-lost-in-message',
    speaks: 'pop3',
    happens: 'The line breaks in the middle of the second message.',
    right:
      'It throws the half message away, comes again, and fetches that one whole; the first one, which it has, not again.',
    rules: [RULE_STORE, RULE_UIDL],
    patient: 'Half a result is filed as a whole one: the lines with the alarming values are the ones that are missing.',
    mails: two,
    trouble: () => {
      let handed = 0;
      return {
        command: (verb) => (verb === 'RETR' && ++handed === 2 ? { do: 'break', after: 200 } : undefined),
        used: () => handed >= 2,
      };
    },
    judge: (facts) => (cameBack(facts) ? [] : [failed(notBack)]),
  },
  {
    name: 'end-of-message-late',
    speaks: 'pop3',
    happens: 'The last line of a message comes two seconds after all the others.',
    right: 'It waits for the line with the lone dot before it sends DELE: until then it does not have the message.',
    rules: [RULE_STORE],
    patient:
      'A result that is deleted before it was stored is in neither place when the line breaks: nobody knows that there was one.',
    mails: two,
    trouble: () => firstOf(['RETR'], 1, () => ({ do: 'hold', ms: 2000 })),
    judge: () => [],
  },
  {
    name: 'quit-refused',
    speaks: 'pop3',
    happens: 'QUIT is answered -ERR: the gateway could not delete, and everything is still there.',
    right: 'It takes -ERR for what it says, comes again, and deletes what it has by UIDL without fetching it.',
    rules: [RULE_QUIT, RULE_UIDL],
    patient:
      'A result that comes again is filed twice; or the program stops at the error, and tomorrow’s results stay on the server.',
    mails: two,
    trouble: () =>
      firstOf(['QUIT'], 1, () => ({ do: 'answer', line: '-ERR [SYS/TEMP] nothing was deleted; try again later' })),
    judge: (facts) => (cameBack(facts) ? [] : [failed(notBack)]),
  },
  {
    name: 'quit-answer-lost',
    speaks: 'pop3',
    happens: 'The gateway deletes what it was told to, and its +OK is lost with the line.',
    right: 'It keeps what it stored, comes again, and finds an empty mailbox.',
    rules: [RULE_QUIT, RULE_STORE],
    patient:
      'A program that throws away what it stored because it heard no +OK loses the result: the server no longer has it.',
    mails: two,
    trouble: () => firstOf(['QUIT'], 1, () => ({ do: 'lose' })),
    done: (facts) => !facts.open && cameBack(facts),
    judge: (facts) => (cameBack(facts) ? [] : [failed('It never came back.')]),
  },
  {
    name: 'fail-over',
    speaks: 'pop3',
    happens:
      'After the first of three messages the gateway dies. Some seconds later another one answers. Another workplace has removed the first message meanwhile, so every number has moved; unique ids have not.',
    right: 'It comes again and fetches the two that are left by their unique ids, each once, under their new numbers.',
    rules: [RULE_UIDL],
    patient: 'By number, the second result is taken for the first, which it has: it is never fetched, and deleted.',
    mails: three,
    trouble: (stage) => {
      let handed = 0;
      return {
        command: (verb, { fetched: [first] }) => {
          if (verb !== 'RETR' || ++handed !== 2) return undefined;
          stage.away(3000, () => (first === undefined ? Promise.resolve() : stage.remove(first.uid)));
          return { do: 'cut' };
        },
        used: () => handed >= 2,
      };
    },
    judge: (facts) => (cameBack(facts) ? [] : [failed(notBack)]),
  },
];
