/** Limits of operators and their tokens. */
import { days } from './units.ts';

/** Tokens of one operator that can be used at a time. */
export const MAX_TOKENS = 20;
/** Networks that one token names. */
export const MAX_TOKEN_NETWORKS = 16;
/** Longest life of a token: one that nobody thinks of must end by itself. */
export const MAX_TOKEN_DAYS = 366;
export const MAX_TOKEN_LIFE = days(MAX_TOKEN_DAYS);
