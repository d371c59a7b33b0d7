/** What `smime test` and `smime inspect` answer. Times are ISO 8601. */
import { z } from '../../config/zod.ts';
import type { Layer } from '../../crypto/smime/layer.ts';

const recipient = z.union([
  z.object({
    by: z.literal('issuer'),
    serial: z.string(),
    issuer: z.string(),
    how: z.string().meta({ description: '`oaep`, `pkcs1`, `agreed`, `unknown`.' }),
    account: z.string().optional().meta({ description: 'Where the certificate is registered here.' }),
    keyHeld: z.boolean().optional(),
  }),
  z.object({ by: z.literal('key-id'), keyId: z.string(), how: z.string() }),
  z.object({ by: z.literal('other') }),
]);
export type RecipientView = z.infer<typeof recipient>;

const envelope = z.object({
  cipher: z.string(),
  weak: z.boolean(),
  recipients: z.array(recipient).readonly(),
  more: z.number().meta({ description: 'Recipients that are not shown.' }),
});
export type EnvelopeView = z.infer<typeof envelope>;

const signerCertificate = z.object({
  subject: z.string(),
  issuer: z.string(),
  serial: z.string(),
  fingerprint: z.string(),
  addresses: z.array(z.string()).readonly(),
  begins: z.string(),
  ends: z.string(),
  gateway: z.boolean().meta({ description: 'That of the gateway itself: it proves what was sent, not who sent it.' }),
});
export type SignerCertificateView = z.infer<typeof signerCertificate>;

const signer = z.object({
  certificate: signerCertificate.optional(),
  algorithm: z.string(),
  signed: z.string().optional().meta({ description: 'What the signer claims.' }),
  reads: z.array(z.string()).readonly().meta({ description: 'Of those that decide something here.' }),
  checks: z
    .array(
      z.object({
        check: z.string(),
        result: z.enum(['passed', 'failed', 'not-checked']),
        why: z.string().optional(),
      }),
    )
    .readonly(),
});
export type SignerView = z.infer<typeof signer>;

const layer = z.union([
  z.object({ kind: z.literal('encrypted'), cipher: z.string(), authenticated: z.boolean(), weak: z.boolean() }),
  z.object({
    kind: z.literal('signed'),
    form: z.enum(['clear', 'opaque']),
    octets: z.number(),
    canonical: z.boolean().meta({ description: 'The digest is right only when a bare LF counts as CRLF.' }),
    valid: z.boolean(),
    signers: z.array(signer).readonly(),
  }),
  z.object({ kind: z.literal('compressed') }),
  z.object({
    kind: z
      .enum(['message', 'header'])
      .meta({ description: '`header`: it travels with the content, which was left as it is.' }),
    differs: z.array(z.string()).readonly().meta({ description: 'Fields that say something else outside.' }),
  }),
]);
export type LayerView = z.infer<typeof layer>;

const FORMS = [
  ...(['plain', 'clear-signed', 'opaque-signed', 'encrypted', 'compressed'] as const),
  ...(['pgp-signed', 'pgp-encrypted', 'unreadable'] as const),
] as const satisfies readonly Layer['kind'][];

export const inspectView = z.object({
  octets: z.number(),
  from: z.string().optional().meta({ description: 'The one address in From.' }),
  form: z.enum(FORMS).meta({ description: 'What the outermost layer is.' }),
  envelope: envelope.optional(),
  layers: z.array(layer).readonly().meta({ description: 'From the outside in.' }),
  closed: z.boolean().meta({ description: 'It is encrypted and was not opened.' }),
  standing: z.enum(['valid', 'invalid', 'unsigned', 'gateway']).meta({
    description: '`gateway`: signed by the gateway itself, and right: it proves what was sent, not who sent it.',
  }),
  flagged: z.boolean().meta({ description: 'Decrypted from CBC without a signature inside that proves it.' }),
  problem: z.string().optional().meta({ description: 'Why it could not be opened.' }),
});
export type InspectView = z.infer<typeof inspectView>;

const candidate = z.object({
  serial: z.string(),
  fingerprint: z.string(),
  key: z.string(),
  begins: z.string(),
  ends: z.string(),
  keyHeld: z.boolean(),
  used: z.boolean().meta({ description: 'The message would be encrypted to it.' }),
  problem: z.string().optional().meta({ description: 'Why nothing is encrypted to it; absent: it could be.' }),
});

const pgpCandidate = z.object({
  fingerprint: z.string(),
  made: z.string(),
  ends: z.string().optional().meta({ description: 'Absent: without end.' }),
  keyHeld: z.boolean(),
  used: z.boolean(),
  problem: z.string().optional(),
});

export const protectionView = z.object({
  address: z.string(),
  account: z.string(),
  from: z.string().optional(),
  by: z.enum(['smime', 'pgp', 'none']).meta({ description: 'Which of the two protects it.' }),
  outcome: z.enum(['plain', 'signed', 'interop', 'strong', 'refused']),
  reason: z.string(),
  reply: z.string().optional().meta({ description: 'As the sender would read it: `550 5.7.5 ...`.' }),
  sign: z.string(),
  encrypt: z.string(),
  profile: z.string(),
  opened: z.boolean(),
  cipher: z.string().optional(),
  transport: z
    .string()
    .optional()
    .meta({ description: 'How the content key reaches the addressee: `oaep`, `pkcs1`, `agreed`.' }),
  encryptToSelf: z.boolean().optional(),
  signer: z
    .object({ whose: z.enum(['sender', 'gateway']), serial: z.string(), fingerprint: z.string(), ends: z.string() })
    .optional(),
  capabilities: z.object({ source: z.string(), names: z.array(z.string()).readonly() }).optional(),
  certificates: z
    .array(candidate)
    .readonly()
    .meta({ description: 'Certificates of the address, each with what is wrong with it.' }),
  pgpKeys: z.array(pgpCandidate).readonly().meta({ description: 'OpenPGP keys of the address, newest first.' }),
  pgpSigner: z.string().optional().meta({ description: 'Fingerprint of the OpenPGP key that signs.' }),
});
export type ProtectionView = z.infer<typeof protectionView>;
