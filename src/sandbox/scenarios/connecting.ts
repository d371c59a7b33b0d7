/** Certificates, versions and addresses: what is decided before a password is said. */
import type { Facts } from '../facts.ts';
import { RULE_TLS } from '../judge-fetch.ts';
import { type Finding, type Scenario, GUIDE_RECEIVING, GUIDE_VALUES, failed } from '../scenario.ts';

const READS =
  'Somebody on the way gets the password, and with it every result of the practice, or hands out results that no laboratory sent.';

const refusesIt =
  (what: string) =>
  (facts: Facts): readonly Finding[] => {
    if (facts.visits.some(({ logins }) => logins > 0))
      return [failed(`It sent its name and password to a server ${what}.`)];
    // Some libraries agree on TLS first and look at the certificate then: what counts is that they
    // say nothing more.
    if (facts.visits.some(({ commands }) => commands > 0))
      return [failed(`It continued in TLS with a server ${what}, though it sent no password.`)];
    return facts.runs.some(({ status }) => status === 0)
      ? [failed('It ended with success (exit code 0): nobody learns that it has stopped.')]
      : [];
  };
const connected = (facts: Facts): boolean => facts.visits.length > 0 && !facts.open;

const certificate = (
  name: string,
  tls: 'ended' | 'other-name' | 'stranger',
  happens: string,
  what: string,
): Scenario => ({
  name,
  speaks: 'any',
  happens,
  right: 'It refuses the certificate, sends nothing, and shows that to a person.',
  rules: [RULE_TLS],
  patient: READS,
  look: 'your program shows that to a person.',
  tls,
  done: connected,
  judge: refusesIt(what),
});

const works = (facts: Facts): readonly Finding[] =>
  facts.visits.some(({ loggedIn }) => loggedIn) ? [] : [failed('It never logged in.')];
const loggedIn = (facts: Facts): boolean => !facts.open && facts.visits.some((visit) => visit.loggedIn);

export const connecting: readonly Scenario[] = [
  certificate(
    'ended-certificate',
    'ended',
    'The certificate of the server ended yesterday.',
    'whose certificate has ended',
  ),
  certificate(
    'other-name',
    'other-name',
    'The certificate is of the right authority, for another host name.',
    'with the certificate of another host',
  ),
  certificate(
    'unknown-authority',
    'stranger',
    'The certificate has the right name and comes from an authority that nobody trusts.',
    'that anybody could have made the certificate of',
  ),
  {
    name: 'no-starttls',
    speaks: 'any',
    happens:
      'On the ports with STARTTLS and STLS none is offered, as when somebody on the way takes the offer out. A program that uses the ports with TLS from the first octet sees nothing of it.',
    right: 'It sends no name and no password, and shows that to a person.',
    rules: [RULE_TLS],
    patient: READS,
    stripped: true,
    done: connected,
    judge: (facts) =>
      facts.visits.some(({ inClear }) => inClear === true)
        ? [failed('It sent a name or a password outside TLS, where anybody on the way reads it.')]
        : [],
  },
  {
    name: 'tls13-only',
    speaks: 'any',
    happens: 'The server takes TLS 1.3 alone.',
    right: 'It logs in.',
    rules: [
      {
        says: 'TLS 1.2 or newer. An operator may leave TLS 1.3 alone on.',
        rfc: 'RFC 8446, RFC 9325 section 3.1.1',
        guide: GUIDE_VALUES,
      },
    ],
    patient: 'The day on which the gateway leaves TLS 1.2 the practice has no results, until its system has an update.',
    tls: 'tls13',
    done: loggedIn,
    judge: works,
  },
  {
    name: 'client-certificate-asked',
    speaks: 'any',
    happens: 'The server asks for a client certificate, as a gateway does whose accounts may log in by one.',
    right: 'It shows one that still holds, or none, and logs in.',
    rules: [
      {
        says: 'Answer with a certificate that holds, or with none: the password follows all the same.',
        rfc: 'RFC 8446',
        guide: GUIDE_VALUES,
      },
    ],
    patient:
      'A program that gives up when it is asked is cut off on the day on which the gateway begins to ask; one whose certificate has ended gets no result where that alone opens the mailbox.',
    tls: 'asks',
    done: loggedIn,
    judge: (facts) => [
      ...works(facts),
      ...(facts.visits.some(({ clientCertificate }) => clientCertificate === 'ended')
        ? [failed('It showed a client certificate that has ended: no gateway lets anybody in by it.')]
        : []),
    ],
  },
  {
    name: 'ipv6-only',
    speaks: 'any',
    happens:
      'The name of the server has an IPv4 address at which nobody listens, and an IPv6 address (::1) at which the gateway is.',
    right: 'It tries every address of the name, and logs in.',
    rules: [
      {
        says: 'Use the host name, not an address; a name may have several, and each is tried.',
        rfc: 'RFC 8305 section 3, RFC 5321 section 5.1',
        guide: GUIDE_VALUES,
      },
    ],
    patient:
      'At the fail-over to the second site, which is reached over IPv6, the practice is cut off while others work on.',
    ipv6: true,
    done: loggedIn,
    judge: works,
  },
  {
    name: 'nobody-listens',
    speaks: 'any',
    happens: 'Nobody listens for some seconds, as while a gateway is restarted.',
    right: 'It tries again at its next turn, and tells nobody that the password is wrong.',
    rules: [
      {
        says: 'Connect again at the next turn: polling every 1 to 5 minutes.',
        rfc: 'RFC 5321 section 4.5.4.1',
        guide: `${GUIDE_RECEIVING}, "Polling"`,
      },
    ],
    patient:
      'A program that stops for good at the first refused connection fetches nothing until somebody restarts it.',
    trouble: (stage) => {
      let begun = false;
      return {
        command: (verb) => {
          if (verb !== 'greeting' || begun) return undefined;
          begun = true;
          stage.away(5000);
          return { do: 'cut' };
        },
        used: () => begun,
      };
    },
    done: loggedIn,
    judge: (facts) => (facts.visits.some((visit) => visit.loggedIn) ? [] : [failed('It never came back.')]),
  },
];
