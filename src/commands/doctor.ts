/** `sluis doctor`: how good the TLS of each listener is, and what else needs attention. */
import { z } from '../config/zod.ts';
import { SEVERITIES } from '../domain/doctor.ts';
import { grades } from '../platform/tls-guideline.ts';
import { table } from '../cli/output.ts';
import { file } from './core/files.ts';
import { flag, opt } from './core/params.ts';
import { readsHere } from './core/row.ts';
import { type RecordsReport, recordsReport, recordsText } from './doctor-records.ts';

const finding = z.object({
  about: z.enum(['version', 'suite', 'curve', 'certificate', 'signature', 'renegotiation']),
  what: z.string(),
  grade: z.enum(grades),
  remedy: z.string().optional(),
});
const listener = z.object({
  listener: z.string(),
  profile: z.string(),
  until: z.string().optional().meta({ description: 'Last day of the profile legacy.' }),
  findings: z.array(finding).readonly(),
  worst: z.enum(grades),
  passed: z.boolean(),
  unprobed: z.array(z.string()).readonly().meta({ description: 'What the OpenSSL of this machine cannot ask for.' }),
});

const report = z.object({
  listeners: z.array(listener).readonly(),
  findings: z
    .array(z.object({ id: z.string(), severity: z.enum(SEVERITIES), what: z.string() }))
    .readonly()
    .meta({ description: 'Of everything else; `id` is the same at the next run.' }),
});
type DoctorReport = z.infer<typeof report>;

/** The name of the exit code; undefined if all is well. */
function faultOf({ listeners, findings }: DoctorReport): 'configuration' | 'unproven' | undefined {
  if (listeners.some(({ passed }) => !passed) || findings.some(({ severity }) => severity === 'failure'))
    return 'configuration';
  return listeners.length === 0 ? 'unproven' : undefined;
}

/**
 * A record that is missing may not be wanted, but one that is wrong keeps mail away. So only a
 * wrong record fails the command.
 */
const recordsFault = ({ records }: RecordsReport): 'configuration' | undefined =>
  records.some(({ state }) => state === 'differs') ? 'configuration' : undefined;

/** The part about listeners. The rest is for operators alone. */
const tlsText = ({ listeners }: DoctorReport): string => [...listeners.map(textOf), summaryOf(listeners)].join('\n\n');

export const reportText = ({ listeners, findings }: DoctorReport): string =>
  [
    ...listeners.map(textOf),
    summaryOf(listeners),
    ...(findings.length === 0 ? [] : [findings.map(findingText).join('\n')]),
  ].join('\n\n');

const findingText = ({ severity, what }: DoctorReport['findings'][number]): string =>
  `${severity === 'failure' ? 'Wrong' : 'Warning'}: ${what}`;

type Listener = DoctorReport['listeners'][number];
const textOf = ({ listener: name, profile, until, findings, worst }: Listener): string =>
  [
    `Listener ${name}, profile ${profile}${until === undefined ? '' : ` until ${until}`}: ${worst}`,
    table(
      ['ABOUT', 'GRADE', 'WHAT'],
      findings.map(({ about, grade, what, remedy }) => [
        about,
        grade,
        remedy === undefined ? what : `${what}; ${remedy}`,
      ]),
    ),
  ].join('\n');

function summaryOf(reports: DoctorReport['listeners']): string {
  const failed = reports.filter(({ passed }) => !passed).map(({ listener }) => listener);
  const legacy = reports.filter(({ passed, worst }) => passed && worst === 'phase out');
  return [
    ...reports
      .slice(0, 1)
      .map(({ unprobed }) => `This OpenSSL cannot ask for, so nothing is said of: ${unprobed.join(', ')}.`),
    ...legacy.map(
      ({ listener, until }) => `Listener ${listener} offers what is to be phased out, until ${until ?? ''}.`,
    ),
    reports.length === 0
      ? 'No listener was examined: each has had its last day.'
      : failed.length === 0
        ? 'Every listener is sufficient or better.'
        : `Worse than sufficient: ${failed.join(', ')}. Set the profile, or replace the certificate.`,
  ].join('\n');
}

export const doctor = readsHere({
  about:
    'judge the TLS of the listeners by the NCSC-NL guidelines 2025-05, the clock, backups, and the escrow of the master key',
  in: {
    records: flag(
      'instead: the records to publish in the DNS for this gateway (TLSA, MTA-STS, SPF, DKIM, DMARC), what the DNS has, and the mail test of internet.nl judged from here',
    ),
    report: opt(
      file,
      'also write what was found of the TLS of each listener and host into this new file, with its date',
    ),
  },
  check: ({ records, report: path }) =>
    records && path !== undefined ? 'Cannot use --report with --records: it is about the TLS of listeners' : undefined,
  out: z.union([report, recordsReport]),
  right: 'read',
  examples: ['', '--records', '--report tls.txt'],
  run: async (here, { records, report: path }): Promise<DoctorReport | RecordsReport> => {
    if (records) return await (await import('../cli/doctor-records.ts')).examineRecords(here);
    const { examineAll, writeTlsReport } = await import('../cli/doctor.ts');
    return path === undefined ? await examineAll(here) : await writeTlsReport(here, path, tlsText);
  },
  say: (found) => ('tests' in found ? recordsText(found) : reportText(found)),
  fails: (found) => {
    const code = 'tests' in found ? recordsFault(found) : faultOf(found);
    return code === undefined ? undefined : { code };
  },
});
