/**
 * The helpdesk: one word for one party, how it is reached in a letter, and in a reply that keeps
 * its length.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { helpdeskLine, replyWords } from '../../src/domain/helpdesk.ts';
import { LETTER_TEXT } from '../../src/ca/enrol/letter-text.ts';
import { causeOf } from '../../src/letters/cause.ts';
import { spoken } from '../../src/domain/spoken.ts';
import { pop3Rows, smtpRows } from '../../src/pages/replies.ts';
import { CODE, PROBLEM } from '../../src/self-service/codes/words.ts';

const facts = { name: 'Zorgpost Noord', telephone: '088 123 45 67', hours: 'ma–vr 8–18 uur' };

test('a letter names it in the language of its reader, with what is configured of it', () => {
  const address = 'hulp@zorgpost.test';
  assert.equal(
    helpdeskLine({ address, ...facts }, 'nl'),
    'Zorgpost Noord, telefoon 088 123 45 67 (ma–vr 8–18 uur), hulp@zorgpost.test',
  );
  assert.equal(helpdeskLine({ address, telephone: '112' }, 'en'), 'telephone 112, hulp@zorgpost.test');
  assert.equal(helpdeskLine({ address, hours: '8-18' }, 'en'), 'hulp@zorgpost.test (8-18)');
  assert.equal(helpdeskLine({ address }, 'nl'), address);
});

test('a reply names it in ASCII behind its own words, once, and stays as it is where nothing is configured', () => {
  const says = replyWords({ ...facts, name: 'Zorgcoöperatie $& Noord' });
  assert.equal(
    says?.('This account may no longer send; ask the helpdesk'),
    'This account may no longer send; ask the helpdesk (Zorgcooperatie $& Noord, 088 123 45 67, ma-vr 8-18 uur)',
  );
  assert.equal(says('Too many recipients; send to fewer'), 'Too many recipients; send to fewer');
  assert.equal(replyWords({}), undefined);
});

test('a reply in two languages tells it to the reader of each half, and of the Dutch one alone where the line is too short', () => {
  const who = '(Zorgpost Noord, 088 123 45 67, ma-vr 8-18 uur)';
  const says = replyWords(facts);
  assert.equal(
    says?.('It may no longer send; ask the helpdesk / Het mag niet meer verzenden; bel de helpdesk'),
    `It may no longer send; ask the helpdesk ${who} / Het mag niet meer verzenden; bel de helpdesk ${who}`,
  );
  // A value that a sender wrote is left alone, and so are the Dutch words of a reply without a
  // Dutch half.
  const named = 'Malware in it (de helpdesk); ask the helpdesk';
  assert.equal(says(named), `${named} ${who}`);
  assert.equal(
    says(`${named} / Malware (de helpdesk) erin; bel de helpdesk`),
    `${named} ${who} / Malware (de helpdesk) erin; bel de helpdesk ${who}`,
  );
  const long = `${'x'.repeat(350)}; ask the helpdesk / bel de helpdesk`;
  assert.equal(says(long), `${long} ${who}`);
  const full = `${'x'.repeat(400)}; ask the helpdesk / bel de helpdesk`;
  assert.equal(says(full), full);
});

test('every Dutch refusal that sends its reader to the helpdesk has the number there, with settings as people write them', () => {
  const says = replyWords(facts);
  const dutch = [...smtpRows, ...pop3Rows].flatMap(([name, { text }]) => {
    const both = spoken({ text, name });
    return /\/ .*de helpdesk/.test(both) ? [{ name, said: says?.(both) ?? '' }] : [];
  });
  assert.ok(dutch.length > 10, String(dutch.length));
  for (const { name, said } of dutch) {
    assert.match(said, /\/ .*de helpdesk \(Zorgpost Noord, 088 123 45 67, ma-vr 8-18 uur\)/, name);
    assert.ok(Buffer.byteLength(`550 5.7.11 ${said}\r\n`) <= 512, name);
  }
});

test('with the longest settings every reply keeps to a line of 512 octets, and a reply that would not stays short', () => {
  const says = replyWords({ name: 'n'.repeat(60), telephone: '0'.repeat(30), hours: 'h'.repeat(60) });
  for (const [name, { text }] of [...smtpRows, ...pop3Rows]) {
    const said = says?.(text) ?? '';
    for (const line of [said, says?.(spoken({ text, name })) ?? ''])
      assert.ok(Buffer.byteLength(`550 5.7.11 ${line}\r\n`) <= 512, name);
    assert.equal(said !== text, /\bthe helpdesk\b/.test(text), name);
  }
  const long = `${'x'.repeat(400)}; ask the helpdesk`;
  assert.equal(says?.(long), long);
});

test('users read of one party by one word, in replies, letters, causes and on the page', () => {
  const said = [
    ...[...smtpRows, ...pop3Rows].map(([, { text }]) => text),
    ...Object.values(LETTER_TEXT).map((text) => text.replaceAll('{{operator}}', '')),
    ...[CODE, PROBLEM].flatMap(({ nl, en }) => [nl, en].flatMap((words) => Object.values<string>(words))),
    ...(['5.1.1', '5.4.7', '5.7.5', '5.6.7', '5.9.9'] as const).flatMap((status) =>
      (['stopped', 'held', undefined] as const).flatMap((hand) => {
        const { nl, en } = causeOf(status, hand);
        return [nl.cause, nl.advice, en.cause, en.advice];
      }),
    ),
  ];
  const other = /\boperator\b|\bde beheerder\b|\bhelp desk\b|\bpostmaster\b/i;
  assert.deepEqual(
    said.filter((text) => other.test(text)),
    [],
  );
});
