/** What `smime inspect` shows: the shapes that `--json` prints. Times are ISO 8601. */
import type { Certificate } from '../crypto/certificate.ts';
import { emailsOf } from '../crypto/certificate.ts';
import { CHECKS, type Check, type SignerVerdict } from '../crypto/cms/verdict.ts';
import { isValid } from '../crypto/cms/verdict.ts';
import { formatName } from '../crypto/distinguished-name.ts';
import { algorithmText } from '../crypto/signature.ts';
import { capabilityNames } from '../crypto/smime/capabilities.ts';
import type { Layer } from '../crypto/smime/layer.ts';
import type { LayerSeen, Standing } from '../crypto/smime/open.ts';
import { defined } from '../domain/defined.ts';
import { iso } from '../domain/units.ts';
import type { IsOwn } from '../middleware/smime-outcome.ts';

export type RecipientView =
  | {
      readonly by: 'issuer';
      readonly serial: string;
      readonly issuer: string;
      /** `oaep`, `pkcs1`, `agreed`, `unknown`. */
      readonly how: string;
      /** Where the certificate is registered here. */
      readonly account?: string;
      readonly keyHeld?: boolean;
    }
  | { readonly by: 'key-id'; readonly keyId: string; readonly how: string }
  | { readonly by: 'other' };

export interface EnvelopeView {
  readonly cipher: string;
  readonly weak: boolean;
  readonly recipients: readonly RecipientView[];
  /** Recipients that are not shown. */
  readonly more: number;
}

export interface SignerCertificateView {
  readonly subject: string;
  readonly issuer: string;
  readonly serial: string;
  readonly fingerprint: string;
  readonly addresses: readonly string[];
  readonly begins: string;
  readonly ends: string;
  /** That of the gateway itself: it proves what was sent, not who sent it. */
  readonly gateway: boolean;
}

export interface CheckView {
  readonly check: Check;
  readonly result: 'passed' | 'failed' | 'not-checked';
  readonly why?: string;
}

export interface SignerView {
  readonly certificate?: SignerCertificateView;
  readonly algorithm: string;
  /** What the signer claims. */
  readonly signed?: string;
  /** Of those that decide something here. */
  readonly reads: readonly string[];
  readonly checks: readonly CheckView[];
}

export type LayerView =
  | { readonly kind: 'encrypted'; readonly cipher: string; readonly authenticated: boolean; readonly weak: boolean }
  | {
      readonly kind: 'signed';
      readonly form: 'clear' | 'opaque';
      readonly octets: number;
      /** The digest is right only when a bare LF counts as CRLF. */
      readonly canonical: boolean;
      readonly valid: boolean;
      readonly signers: readonly SignerView[];
    }
  | { readonly kind: 'compressed' }
  /** `header`: it travels with the content, which was left as it is. */
  | {
      readonly kind: 'message' | 'header';
      /** Fields that say something else outside. */ readonly differs: readonly string[];
    };

export interface InspectView {
  readonly octets: number;
  /** The one address in From. */
  readonly from?: string;
  /** What the outermost layer is. */
  readonly form: Layer['kind'];
  readonly envelope?: EnvelopeView;
  /** From the outside in. */
  readonly layers: readonly LayerView[];
  /** It is encrypted and was not opened. */
  readonly closed: boolean;
  /** `gateway`: signed by the gateway itself, and right: it proves what was sent, not who sent it. */
  readonly standing: Standing | 'gateway';
  /** Decrypted from CBC without a signature inside that proves it. */
  readonly flagged: boolean;
  /** Why it could not be opened. */
  readonly problem?: string;
}

async function viewCertificate(certificate: Certificate, isOwn: IsOwn): Promise<SignerCertificateView> {
  return {
    subject: formatName(certificate.subject),
    issuer: formatName(certificate.issuer),
    serial: certificate.serial,
    fingerprint: certificate.fingerprint,
    addresses: emailsOf(certificate),
    begins: iso(certificate.notBefore),
    ends: iso(certificate.notAfter),
    gateway: await isOwn(certificate),
  };
}

async function viewSigner(signer: SignerVerdict, isOwn: IsOwn): Promise<SignerView> {
  const { certificate, algorithm, signingTime, capabilities, checks } = signer;
  return {
    ...defined({ certificate: certificate && (await viewCertificate(certificate, isOwn)) }),
    algorithm: algorithmText(algorithm),
    ...defined({ signed: iso(signingTime) }),
    reads: capabilityNames(capabilities),
    checks: CHECKS.map((check) => {
      const finding = checks[check];
      return { check, result: finding.kind, ...(finding.kind === 'passed' ? {} : { why: finding.text }) };
    }),
  };
}

export async function viewLayer(layer: LayerSeen, isOwn: IsOwn): Promise<LayerView> {
  if (layer.kind !== 'signed') return layer;
  const { form, verification } = layer;
  return {
    kind: 'signed',
    form,
    octets: verification.octets,
    canonical: verification.form === 'canonical',
    valid: isValid(verification),
    signers: await Promise.all(verification.signers.map((signer) => viewSigner(signer, isOwn))),
  };
}
