/**
 * Why data of an organisation are processed, and by which agreement (GDPR articles 5, 6 and 28).
 * They change nothing on the roads.
 */
import type { Setting } from './setting.ts';

export const privacySettings = {
  purpose: {
    scopes: ['organisation'],
    type: { kind: 'words', max: 200 },
    default: 'none',
    about: 'Why data of the organisation are processed here, in words: "exchange of messages between caregivers".',
  },
  'legal-basis': {
    scopes: ['organisation'],
    type: { kind: 'words', max: 200 },
    default: 'none',
    about: 'On which ground of GDPR articles 6 and 9 the organisation does so: "article 9.2.h, treatment agreement".',
  },
  'processor-agreement': {
    scopes: ['organisation'],
    type: { kind: 'words', max: 200 },
    default: 'none',
    about: 'Reference and date of the processor agreement (GDPR article 28): "VO-2026-017 of 2026-10-01".',
  },
} as const satisfies Record<string, Setting>;

/** Settings that every organisation should have; reminded of where one has not. */
export const PRIVACY_SETTINGS = Object.keys(privacySettings);
