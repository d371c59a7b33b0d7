/**
 * Days as keys have them: those of UTC, so that no machine's time zone tells which key opens a
 * message.
 */
import type { Instant } from './units.ts';

/** `2026-11-25`. */
export type Day = string;
export const dayOf = (at: Instant): Day => new Date(at).toISOString().slice(0, 10);
