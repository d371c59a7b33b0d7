/**
 * The answer of `partner test`: each step on the way to a partner in words, and what to do if it
 * failed.
 */
import { z } from '../../config/zod.ts';
import { facts, readableDay, table } from '../../cli/output.ts';
import type { ProbeReport } from '../../push/courier.ts';
import { defined } from '../../domain/defined.ts';
import { formatOctets } from '../../domain/octets-text.ts';
import { type Partner, formatPin } from '../../domain/partner.ts';
import { type Instant, days } from '../../domain/units.ts';

const stepNames = ['name', 'connection', 'tls', 'certificate', 'extensions', 'login'] as const;
type PartnerStep = (typeof stepNames)[number];

const checkView = z.object({
  step: z.enum(stepNames),
  result: z
    .enum(['ok', 'warning', 'failed', 'skipped'])
    .meta({ description: '`skipped`: not reached, because a step before it failed.' }),
  what: z.string(),
  remedy: z.string().optional(),
});
type PartnerCheck = z.infer<typeof checkView>;

const shownCertificate = z.object({
  subject: z.string(),
  issuer: z.string(),
  names: z.array(z.string()).readonly(),
  ends: z.string(),
  pins: z.array(z.string()).meta({ description: 'What a pin of it would be.' }),
});

export const testView = z.object({
  name: z.string(),
  usable: z.boolean().meta({ description: 'Mail could be pushed now.' }),
  checks: z.array(checkView),
  certificate: shownCertificate.optional().meta({ description: 'As it was shown, accepted or not.' }),
  extensions: z.array(z.string()).readonly().meta({ description: 'Keywords of EHLO after TLS.' }),
});
export type PartnerTest = z.infer<typeof testView>;

const SOON = days(30);

/** The step that failed; undefined if none did. */
function failedStep({ ok, met, addresses, greeting, tlsVersion, extensions }: ProbeReport): PartnerStep | undefined {
  if (ok) return undefined;
  if (addresses === undefined || addresses.length === 0) return 'name';
  if (met !== undefined && 'lost' in met && met.lost === 'lookup') return 'name';
  if (met !== undefined && 'refused' in met) {
    if (met.refused === 'greeting') return 'connection';
    if (met.refused === 'starttls') return 'tls';
    return met.refused === 'login' ? 'login' : 'extensions';
  }
  if (met?.lost === 'certificate' || met?.lost === 'tls') return met.lost;
  if (met?.lost === 'unreachable') return 'connection';
  // The server fell silent, hung up or spoke another protocol. So the step after the last one that
  // worked has failed.
  if (extensions !== undefined) return 'login';
  if (tlsVersion !== undefined) return 'extensions';
  return greeting === undefined ? 'connection' : 'tls';
}

const remedies: Readonly<Record<PartnerStep, string>> = {
  name: 'correct the host, or ask the partner which name its mail server has in the DNS',
  connection:
    'check host, port and TLS mode (implicit on 465, starttls on 25), and that the firewalls of both sides let this machine in',
  tls: 'the partner must offer TLS 1.2 or newer, by STARTTLS or from the first octet as its TLS mode says; nothing is sent without',
  certificate:
    'ask the partner, by another way than mail, whether this certificate is right; then set --ca, --server-name or --pin to match it',
  extensions: 'ask the partner whether its server lets this gateway in by address or name',
  login:
    'set the login name and password again, or ask the partner what its server wants; a client certificate may be missing',
};

const LOOKUP_REMEDY =
  'see whether the resolver of delivery.dane-resolver works (sluis doctor); if it does, ask the partner to look after the signatures of its zone, and set --dane off only after speaking to it';

export function testOf(partner: Partner, report: ProbeReport, now: Instant): PartnerTest {
  const failed = failedStep(report);
  const found: Record<PartnerStep, PartnerCheck> = {
    name: check('name', (report.addresses ?? []).join(', ') || 'the host is an address'),
    connection: check('connection', report.greeting ?? `port ${partner.server.port} answers`),
    tls: check('tls', [report.tlsVersion, report.cipher].filter((t) => t !== undefined).join(', ')),
    certificate: certificateCheck(partner, report, now),
    extensions: extensionsCheck(partner, report),
    login: loginCheck(partner, report),
  };
  const at = failed === undefined ? stepNames.length : stepNames.indexOf(failed);
  const checks = stepNames.map((step, i): PartnerCheck => {
    if (i < at) return found[step];
    if (i > at) return { step, result: 'skipped', what: 'not reached' };
    const noLookup = report.met !== undefined && 'lost' in report.met && report.met.lost === 'lookup';
    const remedy = noLookup ? LOOKUP_REMEDY : remedies[step];
    return { step, result: 'failed', what: report.problem ?? 'no reason was given', remedy };
  });
  const shown = report.certificate;
  return {
    name: partner.name,
    usable: report.ok,
    checks,
    extensions: report.extensions ?? [],
    ...defined({
      certificate: shown && {
        subject: shown.subject,
        issuer: shown.issuer,
        names: shown.names,
        ends: new Date(shown.notAfter).toISOString(),
        pins: [
          formatPin({ of: 'certificate', sha256: shown.fingerprint }),
          formatPin({ of: 'key', sha256: shown.publicKey }),
        ],
      },
    }),
  };
}

const check = (step: PartnerStep, what: string): PartnerCheck => ({ step, result: 'ok', what });
const warning = (step: PartnerStep, what: string, remedy: string): PartnerCheck => ({
  step,
  result: 'warning',
  what,
  remedy,
});

function certificateCheck({ server }: Partner, { certificate, tlsa }: ProbeReport, now: Instant): PartnerCheck {
  const step = 'certificate';
  if (certificate === undefined) return check(step, 'verified');
  const ends = new Date(certificate.notAfter).toISOString().slice(0, 10);
  const authority =
    server.authorities !== undefined ? ['the authority given'] : tlsa === undefined ? ['a public authority'] : [];
  const by = [
    ...(tlsa === undefined ? [] : [`its TLSA record ${tlsa}`]),
    ...authority,
    ...(tlsa === undefined || server.serverName !== undefined ? [`for ${server.serverName ?? server.host}`] : []),
    ...(server.pins === undefined ? [] : ['pinned']),
  ].join(', ');
  const what = `verified by ${by}; valid until ${ends}`;
  return certificate.notAfter - now < SOON
    ? warning(step, what, 'ask the partner to renew it; a pin of the certificate must be changed with it')
    : check(step, what);
}

function extensionsCheck({ server }: Partner, { extensions = [], maxMessage }: ProbeReport): PartnerCheck {
  const step = 'extensions';
  const size = maxMessage === undefined ? 'no SIZE' : `SIZE ${formatOctets(maxMessage)}`;
  const names = extensions.map((line) => line.split(' ')[0]?.toUpperCase() ?? '');
  const wanted = ['DSN', '8BITMIME', 'SMTPUTF8', 'REQUIRETLS'];
  const has = wanted.filter((name) => names.includes(name));
  const lacks = wanted.filter((name) => !has.includes(name));
  const what = `${[size, ...has].join(', ')}${lacks.length === 0 ? '' : `; without ${lacks.join(', ')}`}`;
  if (maxMessage !== undefined && server.maxMessage !== undefined && maxMessage < server.maxMessage)
    return warning(
      step,
      what,
      `the partner takes less than the ${formatOctets(server.maxMessage)} set here: set max-message to its SIZE, so that senders hear at once`,
    );
  if (!names.includes('8BITMIME'))
    return warning(step, what, 'messages with 8-bit text come back to their senders; ask the partner for 8BITMIME');
  return check(step, what);
}

function loginCheck({ server }: Partner, { login }: ProbeReport): PartnerCheck {
  const shown = server.certificate === undefined ? '' : '; our client certificate was there to be asked for';
  return check('login', login === 'accepted' ? `logged in as ${server.user ?? ''}${shown}` : `none is set${shown}`);
}

export const testText = ({ name, usable, checks, certificate, extensions }: PartnerTest): string =>
  [
    table(
      ['STEP', 'RESULT', 'WHAT'],
      checks.map(({ step, result, what }) => [step, result, what]),
    ),
    ...(certificate === undefined
      ? []
      : [
          facts([
            ['Certificate', certificate.subject],
            ['Issued by', certificate.issuer],
            ['Names', certificate.names.join(', ')],
            ['Ends', readableDay(certificate.ends)],
            ['As a pin', certificate.pins],
          ]),
        ]),
    ...(extensions.length === 0 ? [] : [`EHLO: ${extensions.join(', ')}`]),
    [
      ...checks.flatMap(({ step, remedy }) => (remedy === undefined ? [] : [`To do (${step}): ${remedy}.`])),
      usable ? `Partner ${name} can be reached; nothing was sent.` : `Partner ${name} cannot be reached in this way.`,
    ].join('\n'),
  ].join('\n\n');
