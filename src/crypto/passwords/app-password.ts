/**
 * Passwords that programs of an account log in with: `sluisapp_` and 256 random bits. No token of
 * an operator looks like one.
 */
import { tokensOf } from '../keys/token.ts';

export const { make: makeAppPassword, read: readAppPassword } = tokensOf('sluisapp_');
