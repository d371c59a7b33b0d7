/**
 * The built-in letters, as they come out of the printer: golden files, the variable parts fixed.
 */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Address } from '../../../src/domain/address.ts';
import { parseLetterTemplate } from '../../../src/domain/letter-template.ts';
import type { Language, Organisation } from '../../../src/domain/registry.ts';
import { days, instant } from '../../../src/domain/units.ts';
import { LETTER_TEXT } from '../../../src/ca/enrol/letter-text.ts';
import { type LetterParts, codeLetter } from '../../../src/ca/enrol/letters.ts';
import type { AccountSummary } from '../../../src/store/registry.ts';

const GOLDEN = join(import.meta.dirname, '..', '..', '..', 'test', 'golden');
const now = instant(Date.UTC(2026, 10, 26, 12));

const parts: LetterParts = {
  servers: [
    { protocol: 'pop3', host: 'mail.example.nl', port: 995, tls: 'implicit' },
    { protocol: 'smtp', host: 'mail.example.nl', port: 587, tls: 'starttls' },
    { protocol: 'smtp', host: 'mail.example.nl', port: 465, tls: 'implicit' },
    { protocol: 'pop3', host: 'old.example.nl', port: 1110, tls: 'starttls', accounts: ['lab@noord.example'] },
  ],
  page: 'https://mail.example.nl/',
  gateway: 'mail.example.nl',
  helpdesk: {
    address: 'beheer@example.nl',
    ...{ name: 'Zorgpost Noord', telephone: '088 123 45 67', hours: 'ma-vr 8-18 uur' },
  },
  template: (language) => {
    const parsed = parseLetterTemplate(LETTER_TEXT[language]);
    assert.ok(parsed.ok);
    return parsed.value;
  },
};

const letter = (language: Language, more: Partial<LetterParts> = {}): string =>
  codeLetter(
    { ...parts, ...more },
    {
      now,
      organisation: {
        ...{ name: 'de-brug', title: 'Huisartsenpraktijk De Brug', language, settings: {} },
        post: ['Brugstraat 12', '1234 AB  Dorp'],
      } as unknown as Organisation,
      summary: {
        account: { login: 'assistente@de-brug.example' },
        addresses: [
          { address: 'assistente@de-brug.example' as Address, state: 'active' },
          { address: 'balie@de-brug.example' as Address, state: 'active' },
          { address: 'oud@de-brug.example' as Address, state: 'ended' },
        ],
      } as unknown as AccountSummary,
      made: {
        code: 'k7wq-2mhx-9npc-4drt-8sve-6yfz',
        enrolment: {
          ...{ id: 'k7wq2mhx', hash: Buffer.alloc(32), login: 'assistente@de-brug.example', use: 'password' },
          ...{ password: 'first', others: false, by: 'letter', tries: 5, expiresAt: instant(now + days(7)) },
        },
      },
    },
  );

for (const [name, text] of [
  ['letter-nl.txt', letter('nl')],
  ['letter-en.txt', letter('en')],
  ['letter-nl-without-page.txt', letter('nl', { page: '', helpdesk: { address: 'beheer@example.nl' } })],
] as const)
  test(`the letter is that of ${name}, at most 72 columns wide`, () => {
    if (process.env.WRITE_GOLDEN === '1') writeFileSync(join(GOLDEN, name), text);
    assert.equal(text, readFileSync(join(GOLDEN, name), 'utf8'));
    assert.ok(text.split('\n').every((line) => Array.from(line).length <= 72));
    assert.ok(!/[{}]/.test(text));
  });
