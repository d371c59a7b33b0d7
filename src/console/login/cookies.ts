/** The cookie of an operator who is logged in to the console. */
import { noSecretCookie, secretCookie } from '../../web/core/cookies.ts';

export const CONSOLE_SESSION = '__Host-sluis';
export const sessionCookie = (secret: string): string => secretCookie(CONSOLE_SESSION, secret);
export const noSessionCookie = (): string => noSecretCookie(CONSOLE_SESSION);
