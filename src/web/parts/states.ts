/** States of accounts, organisations and addresses, in the words of a reader. */
import type { Language } from '../../domain/registry.ts';
import type { Tone } from '../look/parts.ts';

export const STATES: Readonly<Record<Language, Readonly<Record<string, string>>>> = {
  nl: { active: 'actief', suspended: 'opgeschort', contained: 'afgesloten', ended: 'beëindigd', ending: 'loopt af' },
  en: { active: 'active', suspended: 'suspended', contained: 'contained', ended: 'ended', ending: 'ending' },
};

export const toneOf = (state: string): Tone =>
  state === 'active' ? 'good' : state === 'ending' || state === 'suspended' ? 'warn' : 'bad';
