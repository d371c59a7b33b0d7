/**
 * Passkeys (WebAuthn level 3): what the browser is asked for, and whether its answer is right. Only
 * this file knows @simplewebauthn/server.
 *
 * The request demands user verification and the check requires it: a PIN, a finger or a face beside
 * the key, so that a passkey is two factors. Request and check also name the algorithms, because
 * the library's defaults depend on the version of Node: a newer one asks for an algorithm that an
 * older one cannot check.
 *
 * No attestation is asked for. That would need a list of makers to trust, which nobody here keeps.
 * The trail has the model of the passkey.
 */
import {
  type AuthenticationResponseJSON,
  type RegistrationResponseJSON,
  verifyAuthenticationResponse,
  verifyRegistrationResponse,
} from '@simplewebauthn/server';
import { z } from '../../config/zod.ts';
import type { Assertion } from '../../domain/second-person.ts';
import type { HeldPasskey, NewPasskey } from '../../store/console.ts';

/** COSE numbers of Ed25519, ECDSA with P-256, and RSA. */
const ALGORITHMS = [-8, -7, -257];
/** Milliseconds that a browser waits for its user. */
const PATIENCE = 120_000;
const MAX_ANSWER = 12_000;

/** The site for which passkeys are valid (WebAuthn: relying party). */
export interface RelyingParty {
  /** The host name. */
  readonly id: string;
  readonly name: string;
  /** The address as browsers write it: scheme, host and port. */
  readonly origin: string;
}

interface Known {
  readonly credential: Uint8Array;
  readonly transports: readonly string[];
}

const base64url = (octets: Uint8Array): string => Buffer.from(octets).toString('base64url');
const descriptors = (known: readonly Known[]): readonly object[] =>
  known.map(({ credential, transports }) => ({ type: 'public-key', id: base64url(credential), transports }));

/**
 * PublicKeyCredentialRequestOptionsJSON. `known`: the passkeys of one operator. Without them the
 * browser offers any passkey that it has for this host.
 */
export const requestOptions = ({ id }: RelyingParty, challenge: Uint8Array, known: readonly Known[] = []): string =>
  JSON.stringify({
    challenge: base64url(challenge),
    rpId: id,
    allowCredentials: descriptors(known),
    userVerification: 'required',
    timeout: PATIENCE,
  });

/**
 * PublicKeyCredentialCreationOptionsJSON, for a passkey that the browser can find without a name.
 */
export const creationOptions = (
  { id, name }: RelyingParty,
  challenge: Uint8Array,
  user: { readonly name: string; readonly handle: Uint8Array; readonly known: readonly Known[] },
): string =>
  JSON.stringify({
    challenge: base64url(challenge),
    rp: { id, name },
    user: { id: base64url(user.handle), name: user.name, displayName: user.name },
    pubKeyCredParams: ALGORITHMS.map((alg) => ({ type: 'public-key', alg })),
    excludeCredentials: descriptors(user.known),
    authenticatorSelection: { residentKey: 'required', requireResidentKey: true, userVerification: 'required' },
    attestation: 'none',
    timeout: PATIENCE,
  });

const text = z.string().max(MAX_ANSWER);
const answered = z.object({
  id: text,
  rawId: text,
  type: z.literal('public-key'),
  response: z.looseObject({ clientDataJSON: text, transports: z.array(z.string().max(32)).max(8).optional() }),
});

export interface PasskeyAnswer {
  /** The id of the passkey at its authenticator. */
  readonly credential: Uint8Array;
  /** The challenge that the browser says it answers, in base64url. */
  readonly challenge: string;
  /** The whole answer, for the library. */
  readonly whole: unknown;
}

/** Reads the answer of a passkey from a form. Undefined if no browser can have written it. */
export function readAnswer(json: string): PasskeyAnswer | undefined {
  if (json.length > MAX_ANSWER) return undefined;
  try {
    const whole: unknown = JSON.parse(json);
    const read = answered.safeParse(whole);
    if (!read.success || read.data.id !== read.data.rawId) return undefined;
    const client: unknown = JSON.parse(Buffer.from(read.data.response.clientDataJSON, 'base64url').toString('utf8'));
    const challenge = z.looseObject({ challenge: z.string().max(256) }).safeParse(client);
    return challenge.success
      ? { whole, challenge: challenge.data.challenge, credential: Buffer.from(read.data.id, 'base64url') }
      : undefined;
  } catch {
    return undefined;
  }
}

/** The new passkey, or undefined if the answer is not right. The caller has checked `challenge`. */
export async function registered(
  { id, origin }: RelyingParty,
  { whole, challenge }: PasskeyAnswer,
  shown: string,
): Promise<NewPasskey | undefined> {
  const response = whole as RegistrationResponseJSON;
  try {
    const { verified, registrationInfo } = await verifyRegistrationResponse({
      response,
      expectedChallenge: challenge,
      expectedOrigin: origin,
      expectedRPID: id,
      requireUserVerification: true,
      supportedAlgorithmIDs: ALGORITHMS,
    });
    if (!verified) return undefined;
    const { credential, aaguid, credentialBackedUp } = registrationInfo;
    return {
      id: shown,
      credential: Buffer.from(credential.id, 'base64url'),
      publicKey: credential.publicKey,
      counter: credential.counter,
      transports: (credential.transports ?? []).filter((one) => /^[a-z-]{1,20}$/.test(one)),
      model: aaguid,
      synced: credentialBackedUp,
    };
  } catch {
    // The library throws for whatever does not fit, with a text that says what. The browser is told
    // only that it was refused.
    return undefined;
  }
}

/**
 * The counter of the passkey in a right answer; undefined if the answer is not right. `copied`: the
 * counter did not rise, so somebody else may have a copy of the key (WebAuthn section 6.1.1). A
 * counter that stays 0 does not count.
 */
export async function proven(
  { id, origin }: RelyingParty,
  { whole, challenge }: PasskeyAnswer,
  passkey: HeldPasskey,
): Promise<number | 'copied' | undefined> {
  const response = whole as AuthenticationResponseJSON;
  try {
    const { verified, authenticationInfo } = await verifyAuthenticationResponse({
      response,
      expectedChallenge: challenge,
      expectedOrigin: origin,
      expectedRPID: id,
      requireUserVerification: true,
      // The library would throw if the counter had not risen. So it gets 0, and the counter is
      // judged below.
      credential: { id: base64url(passkey.credential), publicKey: new Uint8Array(passkey.publicKey), counter: 0 },
    });
    if (!verified) return undefined;
    const { newCounter } = authenticationInfo;
    return (newCounter > 0 || passkey.counter > 0) && newCounter <= passkey.counter ? 'copied' : newCounter;
  } catch {
    return undefined;
  }
}

const asserted = z.object({
  response: z.looseObject({ clientDataJSON: text, authenticatorData: text, signature: text }),
});

/**
 * Everything with which a right answer can be checked later without the library. Undefined if a
 * part is missing.
 */
export function assertionOf({ whole, credential }: PasskeyAnswer, { publicKey }: HeldPasskey): Assertion | undefined {
  const read = asserted.safeParse(whole);
  if (!read.success) return undefined;
  const { clientDataJSON, authenticatorData, signature } = read.data.response;
  const octets = (base64: string): Buffer => Buffer.from(base64, 'base64url');
  return {
    credential,
    publicKey,
    clientData: octets(clientDataJSON),
    authenticatorData: octets(authenticatorData),
    signature: octets(signature),
  };
}
