/**
 * Questions of the mail test that the listener with STARTTLS answers: versions, suites, and its
 * certificate.
 */
import { findPath } from '../crypto/certificates/certificate-path.ts';
import { readCertificate, readCertificates } from '../crypto/certificates/certificate.ts';
import { MAIL_TESTS, type MailTest } from '../domain/mail-test.ts';
import type { Instant } from '../domain/units.ts';
import { gradeSuite, grades, isWorse } from '../platform/tls-guideline.ts';
import { type Found, type Judged, type MailTestFacts, fail, pass, unknown } from './doctor-mail-test-facts.ts';
import type { Finding, ListenerReport } from './doctor-report.ts';

const TLS_TESTS = {
  mail_starttls_tls_version: 'version',
  mail_starttls_tls_ciphers: 'suite',
  mail_starttls_tls_keyexchange: 'curve',
  mail_starttls_tls_keyexchangehash: 'signature',
  mail_starttls_tls_clientreneg: 'renegotiation',
} as const satisfies Partial<Record<MailTest, Finding['about']>>;

export function tls({ listener, authorities, now }: MailTestFacts): Found {
  const names = MAIL_TESTS.filter((name) => /^mail_starttls_(?:tls|cert)_/.test(name));
  const all = (judged: Judged): Found => Object.fromEntries(names.map((name) => [name, judged]));
  if (listener === undefined) return all(fail('no listener of protocol smtp has STARTTLS'));
  const { port, report, certificates } = listener;
  if (report === 'silent') return all(unknown(`nobody answers on port ${port}: start the gateway`));
  const of = (about: Finding['about'], words = /^/): Judged => judgedBy(report, about, words);
  return {
    mail_starttls_tls_available: pass(`STARTTLS on port ${port}${port === 25 ? '' : '; mail servers ask on port 25'}`),
    ...Object.fromEntries(Object.entries(TLS_TESTS).map(([name, about]) => [name, of(about)])),
    mail_starttls_tls_cipherorder: ordered(report),
    mail_starttls_tls_compress: pass('OpenSSL of Node is built without it'),
    mail_starttls_tls_secreneg: pass('OpenSSL 3 takes no other'),
    mail_starttls_tls_0rtt: pass('TLS of Node takes no early data'),
    mail_starttls_cert_chain: publicChain(certificates, authorities, now),
    mail_starttls_cert_pubkey: of('certificate', /: key$/),
    mail_starttls_cert_sig: of('certificate', /: signed with/),
    mail_starttls_cert_domain: of('certificate', /: (?:names|does not name) /),
  };
}

function judgedBy({ findings }: ListenerReport, about: Finding['about'], words: RegExp): Judged {
  const found = findings.filter((finding) => finding.about === about && words.test(finding.what));
  const bad = found.filter(({ grade }) => isWorse(grade, 'phase out'));
  const what = (of: readonly Finding[]): string => of.map((finding) => finding.what).join(', ');
  return found.length === 0 ? unknown('not examined') : bad.length > 0 ? fail(what(bad)) : pass(what(found));
}

/** Passes if no suite stands before one with a better grade. */
function ordered({ findings }: ListenerReport): Judged {
  const suites = findings.filter(({ about }) => about === 'suite').map(({ what }) => what);
  // The suites of TLS 1.3 have an order of their own.
  const places = suites.filter((name) => !name.startsWith('TLS_')).map((name) => grades.indexOf(gradeSuite(name)));
  return places.every((place, n) => n === 0 || place >= (places[n - 1] ?? 0))
    ? pass('the server chooses, better ones first')
    : fail(`a worse one before a better one: ${suites.join(', ')}`);
}

function publicChain(pem: string, authorities: readonly string[], now: Instant): Judged {
  const chain = readCertificates(pem);
  if (!chain.ok) return fail(chain.error.text);
  const [leaf, ...intermediates] = chain.value;
  if (leaf === undefined) return fail('there is no certificate');
  const anchors = authorities.flatMap((root) => {
    const read = readCertificate(root);
    return read.ok ? [read.value] : [];
  });
  const path = findPath(leaf, { anchors, intermediates, purpose: 'mail-server', now });
  return path.kind === 'trusted' ? pass('it leads to a public authority') : fail(path.text);
}
