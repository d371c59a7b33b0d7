/** Tokens by which programs of operators log in: `sluis_` and 256 random bits. */
import { tokensOf } from './token.ts';

export const { make: makeToken, read: readToken } = tokensOf('sluis_');
export { isSameToken } from './token.ts';
