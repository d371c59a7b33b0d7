/** Turns a certificate and the operator's choice of match into what the registry keeps. */
import { type Result, fail, ok } from '../../domain/result.ts';
import type { Instant } from '../../domain/units.ts';
import { type Certificate, emailsOf } from './certificate.ts';
import { type CertificateMatch, type CredentialKey, credentialKey } from './certificate-credential.ts';
import { formatName } from './distinguished-name.ts';

export interface Registration {
  readonly key: CredentialKey;
  readonly fingerprint: string;
  /** A description for people. */
  readonly about: string;
  readonly notBefore: Instant;
  readonly notAfter: Instant;
}

/**
 * `subject`, `san`: outlive a renewal, and hold only for a certificate of a trusted authority.
 * `name`: which alternative name, `type:value`.
 */
export type MatchChoice =
  { readonly match: 'pin' } | { readonly match: 'subject' } | { readonly match: 'san'; readonly name?: string };

/**
 * The alternative names that can be registered, as an operator writes them:
 * `email:anna@example.nl`, `other:OID:text`.
 */
export const registrableNames = (certificate: Certificate): readonly string[] => [
  ...emailsOf(certificate).map((email) => `email:${email}`),
  ...certificate.alternativeNames.flatMap((name) => {
    if (name.kind === 'dns') return [`dns:${name.value}`];
    return name.kind === 'other' ? [`other:${name.oid}:${name.value}`] : [];
  }),
];

export function registrationOf(certificate: Certificate, choice: MatchChoice): Result<Registration, string> {
  const match = matchOf(certificate, choice);
  if (!match.ok) return match;
  const key = credentialKey(match.value.match);
  if (key === undefined) return fail('its issuer or subject is empty, which many may have; register it with "pin"');
  const { fingerprint, notBefore, notAfter } = certificate;
  return ok({ key, fingerprint, notBefore, notAfter, about: match.value.about.slice(0, 512) });
}

function matchOf(
  certificate: Certificate,
  choice: MatchChoice,
): Result<{ readonly match: CertificateMatch; readonly about: string }, string> {
  const { issuer, subject, fingerprint } = certificate;
  const issued = `issued by ${formatName(issuer)}`;
  switch (choice.match) {
    case 'pin':
      return ok({ match: { kind: 'fingerprint', sha256: fingerprint }, about: `${formatName(subject)}, ${issued}` });
    case 'subject':
      return ok({ match: { kind: 'subject', issuer, subject }, about: `${formatName(subject)}, ${issued}` });
    case 'san': {
      const names = registrableNames(certificate);
      const name = choice.name ?? (names.length === 1 ? names[0] : undefined);
      if (name === undefined || !names.includes(name))
        return fail(
          names.length === 0
            ? 'it has no alternative name of the kind email, dns or other; register it with "pin" or "subject"'
            : `name one of its alternative names: ${names.slice(0, 20).join(', ')}`,
        );
      const at = name.indexOf(':');
      const type = name.slice(0, at) as 'email' | 'dns' | 'other';
      const value = name.slice(at + 1);
      return ok({ match: { kind: 'alternative-name', issuer, type, value }, about: `${name}, ${issued}` });
    }
  }
}
