/**
 * The questions of internet.nl's mail test, judged from here: by what the listeners offered a
 * moment ago and by what the DNS says. Nobody else is asked, so a question that only a look from
 * outside answers stays unknown.
 */
import { MAIL_TESTS, type MailTestResult } from '../domain/mail-test.ts';
import { addresses, authentication, dane, dnssec } from './doctor-mail-test-dns.ts';
import { type Found, type MailTestFacts, unknown } from './doctor-mail-test-facts.ts';
import { tls } from './doctor-mail-test-tls.ts';

const FROM_OUTSIDE = unknown('seen from outside alone');

export async function mailTests(facts: MailTestFacts): Promise<readonly MailTestResult[]> {
  const found: Found = {
    ...(await addresses(facts)),
    ...(await dnssec(facts)),
    ...(await authentication(facts)),
    ...tls(facts),
    ...(await dane(facts)),
  };
  return MAIL_TESTS.map((name) => ({ name, ...(found[name] ?? FROM_OUTSIDE) }));
}
