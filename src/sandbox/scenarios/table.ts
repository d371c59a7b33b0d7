/** All scenarios, in the order in which they are tried. */
import type { Scenario } from '../scenario.ts';
import { brokenLines } from './broken-lines.ts';
import { busy } from './busy.ts';
import { connecting } from './connecting.ts';
import { content } from './content.ts';
import { overHttps } from './https.ts';
import { sending } from './sending.ts';

export const scenarios: readonly Scenario[] = [
  ...brokenLines,
  ...busy,
  ...content,
  ...sending,
  ...overHttps,
  // Last: a program that took a refused certificate for good may not come again by itself.
  ...connecting,
];
