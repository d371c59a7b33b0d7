/** The letter to the contact of before. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileNotice } from '../../src/admin/notice.ts';
import { contactChangedLetters } from '../../src/letters/contact.ts';
import { filed } from '../support/filed.ts';
import { matchesGolden, openRegion } from '../support/region.ts';

test('who was contact reads in both languages where the organisation is reached now, and what to do when that is wrong', async (t) => {
  const { store, noticeWriter, clock } = await openRegion(t);
  const before = (await store.registry.findOrganisation('lab'))!;
  const letters = contactChangedLetters({
    ...{ organisation: before.title, at: clock.now() },
    now: { contact: 'nieuw@lab.test', telephone: '', post: ['Dorpsstraat 1\r\nBcc: x@y', '1234 AB Dorp'] },
  });
  await fileNotice(
    store,
    await noticeWriter.letter(await noticeWriter.places.ofContact(before), { kind: 'contact-changed', letters }),
  );
  const [letter = ''] = await filed(store, 'balie@lab.test');
  matchesGolden('contact-changed.eml', letter);
  assert.doesNotMatch(letter, /^Bcc/m);
});
