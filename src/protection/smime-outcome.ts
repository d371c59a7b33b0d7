/**
 * Reports the signatures of a message in three places: Authentication-Results, the audit trail, the
 * trace.
 */
import type { Certificate } from '../crypto/certificates/certificate.ts';
import type { Capability } from '../crypto/cms/attributes.ts';
import type { CmsProblem } from '../crypto/cms/problem.ts';
import { type SignerVerdict, type Verification, failures, isValid } from '../crypto/cms/verdict.ts';
import { formatName } from '../crypto/certificates/distinguished-name.ts';
import { addressesOf } from '../crypto/certificates/mail-certificate.ts';
import { type Address, addressKey } from '../domain/address.ts';
import type { AuthenticationResult } from '../mime/authentication-results.ts';

/** Most signers that are named; all of them are judged. */
const MAX_TOLD = 4;

/**
 * Whether a signer's certificate is the gateway's own, which proves what was signed but not who
 * sends it now.
 */
export type IsOwn = (certificate: Certificate) => Promise<boolean>;

const GENUINE = ['message-digest', 'content-type', 'signature'] as const;

/**
 * RFC 7281 section 3.2: who signed, by which certificate. Addresses outside ASCII would need a
 * header that may hold them.
 */
function propertiesOf({ certificate }: SignerVerdict, from: Address | undefined): [string, string][] {
  if (certificate === undefined) return [];
  const wanted = from === undefined ? undefined : addressKey(from);
  const addresses = addressesOf(certificate);
  const identifier = addresses.find((each) => addressKey(each) === wanted) ?? addresses[0];
  return [
    ...(identifier === undefined || /[^ -~]/.test(identifier)
      ? []
      : [['body.smime-identifier', identifier] satisfies [string, string]]),
    ['body.smime-serial', certificate.serial],
    ['body.smime-issuer', formatName(certificate.issuer)],
  ];
}

const OWN = 'signed by the gateway itself, which proves the content and not who sends it';

async function resultOf(signer: SignerVerdict, from: Address | undefined, isOwn: IsOwn): Promise<AuthenticationResult> {
  const properties = propertiesOf(signer, from);
  const failed = failures(signer);
  const [first] = failed;
  if (first === undefined) return { method: 'smime', result: 'pass', properties };
  const own = signer.certificate !== undefined && (await isOwn(signer.certificate));
  const reason = own && failed.every(({ check }) => check === 'address') ? OWN : `${first.check}: ${first.text}`;
  const result = GENUINE.every((check) => signer.checks[check].kind === 'passed')
    ? 'policy'
    : signer.checks.signature.kind === 'not-checked' && signer.certificate === undefined
      ? 'permerror'
      : 'fail';
  return { method: 'smime', result, reason, properties };
}

/**
 * One result for each signer; where one contradicts the content, no other one may pass, since
 * nobody knows which of them is shown. `from`: the author that the message names.
 */
export async function resultsOf(
  verification: Verification,
  from: Address | undefined,
  isOwn: IsOwn,
): Promise<AuthenticationResult[]> {
  if (verification.signers.length === 0) return [{ method: 'smime', result: 'none', reason: 'nobody signed' }];
  const valid = isValid(verification);
  const results: AuthenticationResult[] = [];
  for (const signer of verification.signers.slice(0, MAX_TOLD)) {
    const result = await resultOf(signer, from, isOwn);
    results.push(
      result.result === 'pass' && !valid
        ? { ...result, result: 'policy', reason: 'another signature of the message is wrong' }
        : result,
    );
  }
  return results;
}

/** The result for content that says that it is signed, in a way that cannot be read. */
export const unreadableResult = (text: string): AuthenticationResult => ({
  method: 'smime',
  result: 'neutral',
  reason: text,
});

/** Facts about a verification that name nobody. */
export function verificationFacts(verification: Verification): Record<string, string | number> {
  const failed = new Set(verification.signers.flatMap((signer) => failures(signer).map(({ check }) => check)));
  const certificates = verification.signers.flatMap(({ certificate }) => certificate?.fingerprint ?? []);
  return {
    signature: isValid(verification) ? 'valid' : verification.signers.length === 0 ? 'none' : 'invalid',
    ...(failed.size === 0 ? {} : { failed: [...failed].join(' ') }),
    ...(certificates.length === 0 ? {} : { certificates: certificates.slice(0, 4).join(' ') }),
  };
}

/** Details for the operator: never for the addressee, and never for the sender. */
export const problemFacts = ({ kind, text }: CmsProblem): Record<string, string> => ({ problem: kind, why: text });

/**
 * RFC 8551 section 2.5.2: what a signer says that it can read. To be believed where every check
 * passed.
 */
export const capabilitiesOf = (verifications: readonly Verification[]): readonly Capability[] | undefined =>
  verifications.flatMap(({ signers }) => signers.filter((each) => each.capabilities.length > 0))[0]?.capabilities;
