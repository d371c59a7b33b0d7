/** A gateway that says "not now", or "not you". */
import { type Scenario, GUIDE_RECEIVING, failed, firstOf, remark } from '../scenario.ts';
import { cameBack, hammers, two } from './parts.ts';

const RULE_WAIT = {
  says: '[IN-USE] and [SYS/TEMP]: wait a minute and try again; never ask the user for the password.',
  rfc: 'RFC 2449 section 8.1.2, RFC 3206 section 4',
  guide: `${GUIDE_RECEIVING}, step 1`,
};
const logins = ['PASS', 'AUTH'] as const;

export const busy: readonly Scenario[] = [
  {
    name: 'in-use',
    speaks: 'pop3',
    happens: 'The first two logins are answered [IN-USE]: another session has the mailbox.',
    right: 'It comes again after a minute with the same password, and fetches.',
    rules: [RULE_WAIT],
    patient:
      'A program that takes it for a wrong password stops, and asks somebody who is not there: results wait over the weekend.',
    look: 'no window asked for the password.',
    mails: two,
    trouble: () =>
      firstOf(logins, 2, () => ({ do: 'answer', line: '-ERR [IN-USE] another session has the mailbox', cut: true })),
    judge: (facts) => [
      ...(cameBack(facts) ? [] : [failed('It did not come back after [IN-USE].')]),
      ...(hammers(facts, 6)
        ? [failed('It came more than six times within ten seconds instead of waiting a minute.')]
        : []),
    ],
  },
  {
    name: 'temporary-trouble',
    speaks: 'pop3',
    happens: 'The first login is answered [SYS/TEMP]: the gateway cannot look just now.',
    right: 'It comes again after a minute with the same password, and fetches.',
    rules: [RULE_WAIT],
    patient: 'A program that stops at the first trouble of a server fetches nothing until somebody notices.',
    look: 'no window asked for the password.',
    mails: two,
    trouble: () =>
      firstOf(logins, 1, () => ({ do: 'answer', line: '-ERR [SYS/TEMP] cannot look just now; try again', cut: true })),
    judge: (facts) => (cameBack(facts) ? [] : [failed('It did not come back after [SYS/TEMP].')]),
  },
  {
    name: 'password-refused',
    speaks: 'pop3',
    happens: 'The login is answered [AUTH]: the password is wrong.',
    right:
      'It shows that to a person and does not repeat the password: at most three times in the hour of the sandbox.',
    rules: [
      {
        says: '[AUTH]: show it to a person. A program that repeats a wrong password every minute is slowed down.',
        rfc: 'RFC 3206 section 5',
        guide: `${GUIDE_RECEIVING}, step 1`,
      },
    ],
    patient: 'Nobody learns that the password has changed; the whole practice is slowed down, and no result arrives.',
    look: 'your program shows the refusal to a person.',
    mails: [],
    trouble: (stage) => ({
      command: (verb) =>
        verb === 'PASS' || verb === 'AUTH'
          ? { do: 'answer', line: '-ERR [AUTH] the name or the password is wrong', cut: true }
          : undefined,
      used: (facts) => facts.runs.length > 0 || (facts.logins > 0 && facts.at() > stage.settings.hour),
    }),
    done: (facts) => !facts.open && facts.logins > 0,
    judge: (facts) => {
      const repeated = `It sent the refused password ${facts.logins} times in ${Math.round(facts.at() / 1000)} s`;
      if (facts.logins > 5) return [failed(`${repeated}: a program that repeats it at every poll is slowed down.`)];
      if (facts.logins > 3) return [remark(`${repeated}.`)];
      return facts.runs.some(({ status }) => status === 0)
        ? [failed('It ended with success (exit code 0) though its password was refused: nobody learns of it.')]
        : [];
    },
  },
  {
    name: 'slow-server',
    speaks: 'pop3',
    happens: 'The gateway is slow: the greeting, the login and the first message come late (how much is --slow).',
    right: 'It waits: 60 s for connection and login, five minutes for a reply.',
    rules: [
      {
        says: 'Time-outs: 60 s for connection and login, 5 minutes for a reply.',
        rfc: 'RFC 1939 section 3 (the server waits ten minutes)',
        guide: `${GUIDE_RECEIVING}, "Time-outs"`,
      },
    ],
    patient:
      'On the morning after a fail-over every practice polls at once. A program that gives up after seconds fetches nothing that morning.',
    mails: two,
    trouble: ({ settings: { slow } }) => {
      const late = ['greeting', 'PASS', 'AUTH', 'RETR'];
      const met = new Set<string>();
      return {
        command: (verb) => {
          if (!late.includes(verb) || met.has(verb)) return undefined;
          met.add(verb);
          return verb === 'RETR' ? { do: 'hold', ms: slow } : { do: 'wait', ms: slow };
        },
        used: () => met.has('RETR'),
      };
    },
    judge: (facts) => [
      ...(facts.visits.some(
        ({ quit, cut, loggedIn, tls }) => quit === 'none' && !cut && (loggedIn || tls !== undefined),
      )
        ? [failed('It did not wait for the answer, and left.')]
        : []),
      ...(cameBack(facts) ? [] : [failed('It never got through to the end.')]),
    ],
  },
];
