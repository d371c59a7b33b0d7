/**
 * Decides what protection one recipient's copy gets: nothing, a signature, encryption in one of two
 * profiles, or a refusal.
 *
 * Pure: everything is looked up before, and `wantedFor` says what is needed. CBC always carries a
 * signature inside, since anyone can change it unnoticed: where the sender's account signs nothing,
 * the gateway's own key makes it (DESIGN of profile *interop*: a domain signature in the sense of
 * RFC 3183).
 */
import { type Address, needsUtf8 } from '../../domain/address.ts';
import { defined } from '../../domain/defined.ts';
import type { MailCapability } from '../../domain/mail-capability.ts';
import { type Refusal, type RefusalRow, refusing, row } from '../../domain/refusal.ts';
import type { AccountKind } from '../../domain/registry.ts';
import { settingOf } from '../../domain/settings.ts';
import type { Settings } from '../../domain/settings/setting.ts';
import type { Certificate } from '../certificates/certificate.ts';
import type { Untrusted } from '../certificates/certificate-path.ts';
import type { ContentCipher } from '../cms/algorithms.ts';
import type { Recipient as CmsRecipient } from '../cms/encrypt.ts';
import type { Selection } from '../certificates/mail-certificate.ts';

/** A certificate whose private key the gateway holds. */
export interface SigningIdentity {
  readonly certificate: Certificate;
  /** Leaf first, anchor last. */
  readonly path: readonly Certificate[];
  /** `gateway`: the signature says that nothing was changed on the way, not who wrote it. */
  readonly whose: 'sender' | 'gateway';
}

/** `reason`: one line for the trace and for people. */
export type ProtectionPlan =
  | { readonly kind: 'plain'; readonly reason: string }
  | { readonly kind: 'signed'; readonly signer: SigningIdentity; readonly rsa: 'pkcs1'; readonly reason: string }
  | {
      readonly kind: 'interop' | 'strong';
      readonly signer: SigningIdentity;
      /** How an RSA key signs. */
      readonly rsa: 'pkcs1' | 'pss';
      readonly recipient: CmsRecipient;
      readonly cipher: ContentCipher;
      /** The sender's own certificate, where a copy is to stay readable for the sender. */
      readonly self?: CmsRecipient;
      readonly reason: string;
    }
  | {
      readonly kind: 'refused';
      /**
       * Whose certificate is at fault. At RCPT only the sender's is still unknown: From is in the
       * header.
       */
      readonly about: 'recipient' | 'sender' | 'gateway';
      readonly refusal: Refusal;
      /** No certificate at all is registered: what PGP says is more useful. */
      readonly nothing?: true;
    };
export type SigningPlan = Extract<ProtectionPlan, { readonly signer: SigningIdentity }>;

/** What the settings come to for one sender and one recipient. */
export interface Wanted {
  readonly sign: 'never' | 'when-possible' | 'always';
  readonly encrypt: 'never' | 'when-possible' | 'required';
  readonly profile: 'automatic' | 'interop' | 'strong';
  readonly self: boolean;
  /** The gateway opens mail for the addressee. */
  readonly opened: boolean;
}

/** Settings, nearest first. */
type Chain = readonly (Settings | undefined)[];

/**
 * `sender`: settings of account and organisation; `recipient`: of address, account and
 * organisation.
 */
export function wantedFor(
  sender: { readonly kind: AccountKind; readonly settings: Chain },
  recipient: { readonly settings: Chain },
): Wanted {
  const sign = settingOf('sign', ...sender.settings);
  const opened = settingOf('open', ...recipient.settings);
  return {
    sign: sign === 'automatic' ? (sender.kind === 'mail' ? 'when-possible' : 'never') : sign,
    // Encryption would be removed again before anybody sees it.
    encrypt: opened ? 'never' : settingOf('encrypt', ...recipient.settings),
    profile: settingOf('protection-profile', ...recipient.settings),
    self: settingOf('encrypt-to-self', ...sender.settings),
    opened,
  };
}

/** What was looked up; what `Wanted` does not ask for may be absent. */
export interface Known {
  readonly address: Address;
  /** Certificate of the recipient, to encrypt to. */
  readonly recipient?: Selection;
  /** What the recipient's program reads; undefined: nothing is known. */
  readonly capabilities?: readonly MailCapability[];
  /** Certificates of From whose keys are held here. */
  readonly sender?: Selection;
  /** The gateway's own certificate, whose key is held here. */
  readonly gateway?: Selection;
  /** Certificate of the address in From, to encrypt to. */
  readonly self?: Selection;
}

const NOTHING: Selection = { kind: 'none', refused: [] };

export function planProtection(wanted: Wanted, known: Known): ProtectionPlan {
  const { sender = NOTHING, gateway = NOTHING, recipient = NOTHING } = known;
  const own = wanted.sign === 'never' ? undefined : identity(sender, 'sender');
  if (wanted.sign === 'always' && own === undefined) return refusedSender(sender);
  const usable = wanted.encrypt !== 'never' && recipient.kind === 'usable' ? recipient.certificate : undefined;
  if (wanted.encrypt === 'required' && recipient.kind === 'none') return refusedRecipient(known.address, recipient);
  const signer = own ?? (usable === undefined ? undefined : identity(gateway, 'gateway'));
  if (usable !== undefined && signer !== undefined) return encryptedTo(usable, signer, wanted, known);
  if (wanted.encrypt === 'required') return refusedGateway(gateway);
  const reason = notEncrypted(wanted, recipient, gateway);
  return own === undefined ? { kind: 'plain', reason } : { kind: 'signed', signer: own, rsa: 'pkcs1', reason };
}

const identity = (found: Selection, whose: SigningIdentity['whose']): SigningIdentity | undefined =>
  found.kind === 'usable' ? { certificate: found.certificate, path: found.path, whose } : undefined;

function encryptedTo(
  certificate: Certificate,
  signer: SigningIdentity,
  { profile, self: wantsSelf }: Wanted,
  { capabilities, self = NOTHING }: Known,
): ProtectionPlan {
  const can = (name: MailCapability): boolean => capabilities?.includes(name) === true;
  // An operator's setting needs no evidence that the program can read it.
  const sure = profile === 'strong';
  const strong = sure || (profile === 'automatic' && (can('aes-256-gcm') || can('aes-128-gcm')));
  const transport = sure || can('rsa-oaep') ? 'oaep' : 'pkcs1';
  const to: CmsRecipient = certificate.key.kind === 'rsa' ? { certificate, transport } : { certificate };
  const mine = wantsSelf && self.kind === 'usable' ? self.certificate : undefined;
  return {
    kind: strong ? 'strong' : 'interop',
    signer,
    rsa: strong && (sure || can('rsa-pss')) ? 'pss' : 'pkcs1',
    recipient: to,
    cipher: cipherFor(strong, sure, can),
    ...defined({ self: mine && selfRecipient(mine) }),
    reason: strong
      ? sure
        ? 'protection-profile is strong'
        : 'the address reads AES-GCM'
      : profile === 'interop'
        ? 'protection-profile is interop'
        : 'nothing is known of AES-GCM',
  };
}

/**
 * The sender's copy uses PKCS #1 v1.5, which all programs read, so the capabilities of the sender's
 * own program are not looked up.
 */
const selfRecipient = (certificate: Certificate): CmsRecipient =>
  certificate.key.kind === 'rsa' ? { certificate, transport: 'pkcs1' } : { certificate };

/** 256 bits unless the program lists only 128. */
function cipherFor(strong: boolean, sure: boolean, can: (name: MailCapability) => boolean): ContentCipher {
  const mode = strong ? 'gcm' : 'cbc';
  const short = !sure && can(`aes-128-${mode}`) && !can(`aes-256-${mode}`);
  return short ? `aes-128-${mode}` : `aes-256-${mode}`;
}

function notEncrypted({ encrypt, opened }: Wanted, recipient: Selection, gateway: Selection): string {
  if (opened) return 'the gateway opens mail for the addressee';
  if (encrypt === 'never') return 'encrypt is never';
  if (recipient.kind === 'none') return `no certificate to encrypt to: ${why(recipient).text}`;
  return `nothing to sign with inside the encryption: ${gateway.kind === 'none' ? why(gateway).text : 'no key'}`;
}

const day = (at: number): string => new Date(at).toISOString().slice(0, 10);

/** Why none of the certificates of an address can be used: the reason for the newest one. */
function why({ refused: [newest] }: Extract<Selection, { kind: 'none' }>): {
  readonly text: string;
  readonly passing: boolean;
} {
  if (newest === undefined) return { text: 'none is registered', passing: false };
  return { text: reasonOf(newest), passing: newest.reason === 'revocation-unknown' };
}

/** The reason for the peer: says what to do, and names no authority and no serial number. */
function reasonOf({ reason, certificate }: Untrusted): string {
  switch (reason) {
    case 'expired':
      return `it expired on ${day(certificate.notAfter)}`;
    case 'not-yet-valid':
      return `it is valid from ${day(certificate.notBefore)}`;
    case 'revoked':
      return 'it was revoked';
    case 'revocation-unknown':
      return 'the gateway cannot check whether it was revoked';
    case 'key-usage':
    case 'extended-key-usage':
      return 'it may not be used for this';
    case 'weak-key':
    case 'weak-signature':
      return 'it is too weak';
    case 'no-issuer':
    case 'bad-signature':
    case 'not-an-authority':
    case 'path-length':
    case 'too-long':
    case 'critical-extension':
    case 'too-many-candidates':
      return 'its authority is not trusted here';
  }
}

const nothingOf = (found: Selection): { readonly nothing?: true } =>
  found.kind === 'none' && found.refused.length === 0 ? { nothing: true } : {};

const shown = (address: Address): string => (needsUtf8(address) ? 'This address' : `<${address}>`);

const NO_CERTIFICATE = '{address} accepts only encrypted messages, and {detail}; ask the addressee or the helpdesk';
const NO_SIGNER =
  'Messages of this account are signed, and there is no valid certificate for the address in From: {why}; ask the helpdesk';

export const smimeRows = {
  encryptionImpossible: row(
    550,
    '5.7.5',
    NO_CERTIFICATE,
    'The setting `encrypt` of the addressee is `required`, and none of its certificates can be used; the text says why.',
    'The operator registers a certificate: `cert issue` or `cert import`',
  ),
  encryptionUndecided: row(
    450,
    '4.7.5',
    NO_CERTIFICATE,
    'As encryptionImpossible, but for now: the gateway cannot check whether the certificate was revoked.',
    'The operator makes the revocation list available again: the log event `crl.overdue` names it',
  ),
  signingImpossible: row(
    550,
    '5.7.5',
    NO_SIGNER,
    'The setting `sign` is `always`, and the gateway has no valid key for the address in From.',
    'The operator issues one: `cert issue --keep-key`',
  ),
  signingUndecided: row(
    450,
    '4.7.5',
    NO_SIGNER,
    'As signingImpossible, but for now: the gateway cannot check whether the certificate was revoked.',
    'The operator makes the revocation list available again: the log event `crl.overdue` names it',
  ),
  gatewayKeyMissing: row(
    451,
    '4.3.5',
    'The message must be signed and encrypted, and the gateway has no valid signing key; try again later, or ask the helpdesk',
    'The gateway has no valid certificate with its key for `smime.signing-address`.',
  ),
} as const satisfies Record<string, RefusalRow>;

const refusals = refusing(smimeRows);

function refusedRecipient(address: Address, found: Extract<Selection, { kind: 'none' }>): ProtectionPlan {
  const { text, passing } = why(found);
  const detail =
    text === 'none is registered'
      ? 'no certificate for it is registered'
      : `there is no valid certificate for it: ${text}`;
  const values = { address: shown(address), detail };
  const refusal = passing ? refusals.encryptionUndecided(values) : refusals.encryptionImpossible(values);
  return { kind: 'refused', about: 'recipient', refusal, ...nothingOf(found) };
}

function refusedSender(found: Selection): ProtectionPlan {
  const { text, passing } = found.kind === 'none' ? why(found) : { text: 'no key', passing: false };
  const refusal = passing ? refusals.signingUndecided({ why: text }) : refusals.signingImpossible({ why: text });
  return { kind: 'refused', about: 'sender', refusal, ...nothingOf(found) };
}

/** Refused for a time: the fault is ours, and no reason to send a message back. */
const refusedGateway = (found: Selection): ProtectionPlan => ({
  kind: 'refused',
  about: 'gateway',
  refusal: {
    ...refusals.gatewayKeyMissing,
    detail: `the certificate of smime.signing-address: ${found.kind === 'none' ? why(found).text : 'no key'}`,
  },
});

/** Why none of the certificates can be used; undefined if one can. */
export const selectionProblem = (found: Selection): string | undefined =>
  found.kind === 'none' ? why(found).text : undefined;

/** A text that is equal for plans whose recipients may share one body. */
export function planKey(plan: ProtectionPlan): string {
  switch (plan.kind) {
    case 'plain':
    case 'refused':
      return plan.kind;
    case 'signed':
      return `signed ${plan.signer.certificate.fingerprint}`;
    case 'interop':
    case 'strong': {
      const { kind, cipher, rsa, signer, self } = plan;
      return [kind, cipher, rsa, signer.certificate.fingerprint, self?.certificate.fingerprint ?? '-'].join(' ');
    }
  }
}
