/**
 * smimeCapabilities and the names that we give to what matters of them (RFC 8551 section 2.5.2; RFC
 * 3565, 5084, 3560, 4056 for the identifiers). What else a program lists decides nothing here.
 */
import { MAIL_CAPABILITIES, type MailCapability } from '../../domain/mail-capability.ts';
import type { Capability } from '../cms/attributes.ts';
import { encode, explicit, integer, nothing, oid, sequence } from '../certificates/der.ts';
import { Oid } from '../certificates/oids.ts';

const SHA256 = sequence(oid(Oid.sha256), nothing());
const MGF1 = sequence(oid(Oid.mgf1), SHA256);

/** Ciphers have no parameters here; the two of RSA name their hash. */
const CAPABILITIES: Readonly<Record<MailCapability, Capability>> = {
  'aes-256-gcm': { oid: Oid.aes256Gcm },
  'aes-128-gcm': { oid: Oid.aes128Gcm },
  'aes-256-cbc': { oid: Oid.aes256Cbc },
  'aes-128-cbc': { oid: Oid.aes128Cbc },
  'rsa-oaep': { oid: Oid.rsaOaep, parameters: encode(sequence(explicit(0, SHA256), explicit(1, MGF1))) },
  'rsa-pss': {
    oid: Oid.rsaPss,
    parameters: encode(sequence(explicit(0, SHA256), explicit(1, MGF1), explicit(2, integer(32)))),
  },
};

/** For a signature: what its signer can read, in the order given. */
export const capabilitiesOf = (names: readonly MailCapability[]): readonly Capability[] =>
  names.map((name) => CAPABILITIES[name]);

/**
 * What of a program's list is known here, in our order. OAEP counts with SHA-256 only, since it is
 * what we write: without parameters it means SHA-1, and a program that says so may read nothing
 * else. Whoever verifies PSS reads its hash from the signature.
 */
export const capabilityNames = (capabilities: readonly Capability[]): readonly MailCapability[] =>
  MAIL_CAPABILITIES.filter((name) => {
    const known = CAPABILITIES[name];
    return capabilities.some(
      ({ oid: listed, parameters }) =>
        listed === known.oid &&
        (name !== 'rsa-oaep' || (known.parameters !== undefined && parameters?.equals(known.parameters) === true)),
    );
  });
