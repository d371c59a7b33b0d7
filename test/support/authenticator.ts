/**
 * The part of an authenticator that tests without client certificates have no use for: no
 * certificate leads anywhere.
 */
import { type Authenticator, passwordMechanisms } from '../../src/auth/authenticator.ts';

export const passwordsOnly: Omit<Authenticator, 'password'> = {
  scramChallenge: async () => undefined,
  scram: async () => ({ kind: 'refused' }),
  mechanisms: async () => passwordMechanisms,
  external: async () => ({ kind: 'refused' }),
  implicit: async () => ({ kind: 'refused' }),
  certificateHolds: async () => false,
  onTrustChange: () => undefined,
};
