/** The layers of a message, as they are shown. */
import type { Certificate } from '../../crypto/certificates/certificate.ts';
import { emailsOf } from '../../crypto/certificates/certificate.ts';
import { CHECKS, type SignerVerdict } from '../../crypto/cms/verdict.ts';
import { isValid } from '../../crypto/cms/verdict.ts';
import { formatName } from '../../crypto/certificates/distinguished-name.ts';
import { algorithmText } from '../../crypto/certificates/signature.ts';
import { capabilityNames } from '../../crypto/smime/capabilities.ts';
import type { LayerSeen } from '../../crypto/smime/open.ts';
import { defined } from '../../domain/defined.ts';
import { iso } from '../../domain/units.ts';
import type { IsOwn } from '../../protection/smime-outcome.ts';
import type { LayerView, SignerCertificateView, SignerView } from './views.ts';

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
