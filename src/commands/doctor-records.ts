/**
 * What `sluis doctor --records` shows: DNS records to publish, what DNS has of each, and what the
 * mail test of internet.nl would say, judged from here.
 */
import { z } from '../config/zod.ts';
import { table } from '../cli/output.ts';
import { PUBLISHED_TYPES, RECORD_KINDS, RECORD_STATES, zoneText } from '../domain/dns-record.ts';
import { MAIL_TESTS, MAIL_TEST_RESULTS } from '../domain/mail-test.ts';

export const recordsReport = z.object({
  hostname: z.string(),
  records: z
    .array(
      z.object({
        kind: z.enum(RECORD_KINDS),
        name: z.string(),
        type: z.enum(PUBLISHED_TYPES),
        value: z.string().meta({ description: 'What to publish; of TXT in one piece.' }),
        state: z.enum(RECORD_STATES).meta({ description: '`unknown`: the DNS gave no answer.' }),
        found: z.string().optional().meta({ description: 'What the DNS has, if it is written otherwise.' }),
        remedy: z.string().optional(),
      }),
    )
    .readonly(),
  policy: z.string().meta({ description: 'The file of MTA-STS, at https://mta-sts.HOSTNAME/.well-known/mta-sts.txt.' }),
  tests: z
    .array(z.object({ name: z.enum(MAIL_TESTS), result: z.enum(MAIL_TEST_RESULTS), why: z.string() }))
    .readonly()
    .meta({ description: 'By the names of the API of internet.nl; nobody there is asked.' }),
});
export type RecordsReport = z.infer<typeof recordsReport>;

export const recordsText = ({ hostname, records, policy, tests }: RecordsReport): string =>
  [
    `Records to publish for ${hostname}, as a zone file has them:`,
    records.map(zoneText).join('\n'),
    'What the DNS has:',
    table(
      ['KIND', 'STATE', 'NAME', 'WHAT'],
      records.map(({ kind, state, name, found, remedy }) => [
        kind,
        state,
        name,
        [found === undefined ? undefined : `there is ${found}`, remedy].filter((part) => part !== undefined).join('; '),
      ]),
    ),
    `The policy of MTA-STS, for https://mta-sts.${hostname}/.well-known/mta-sts.txt:\n${policy.replaceAll('\r\n', '\n').trim()}`,
    'The mail test of internet.nl, judged from here:',
    table(
      ['TEST', 'RESULT', 'WHY'],
      tests.map(({ name, result, why }) => [name, result, why]),
    ),
    summaryOf(tests),
  ].join('\n\n');

function summaryOf(tests: RecordsReport['tests']): string {
  const count = (result: RecordsReport['tests'][number]['result']): number =>
    tests.filter((test) => test.result === result).length;
  return `${count('pass')} pass, ${count('fail')} fail, ${count('unknown')} cannot be judged from here.`;
}
