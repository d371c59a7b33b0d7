import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import type { Refusal } from '../../src/domain/refusal.ts';
import { allReplies, ofLibrary } from '../../src/smtp/replies.ts';
import { smtpRows } from '../../src/pages/replies.ts';

const everyReply = [...allReplies(), ...smtpRows.map(([, row]) => row)];

/**
 * RFC 3463 and the registry of RFC 5248: subject and detail that each reply code goes with here.
 */
const registered: Readonly<Record<number, readonly string[]>> = {
  220: ['2.0.0'],
  221: ['2.0.0'],
  235: ['2.7.0'],
  250: ['2.0.0', '2.1.0', '2.1.5'],
  252: ['2.5.0'],
  334: [''],
  354: [''],
  421: ['4.3.2', '4.4.2', '4.7.0'],
  450: ['4.7.1', '4.7.5'],
  451: ['4.3.0', '4.3.5', '4.4.5', '4.7.1'],
  452: ['4.2.2', '4.3.1', '4.5.3'],
  454: ['4.7.0'],
  500: ['5.5.1', '5.5.2'],
  501: ['5.1.3', '5.1.7', '5.5.2', '5.5.4', '5.7.0'],
  502: ['5.5.1'],
  503: ['5.5.1'],
  504: ['5.5.4'],
  530: ['5.7.0'],
  535: ['5.7.8'],
  538: ['5.7.11'],
  550: ['5.1.1', '5.2.1', '5.6.0', '5.6.11', '5.7.1', '5.7.5'],
  551: ['5.1.6'],
  552: ['5.2.3', '5.3.4'],
  553: ['5.6.7'],
  // 5.7.1 is registered for 550, which no greeting may have (RFC 5321 section 4.3.2).
  554: ['5.4.6', '5.5.1', '5.5.3', '5.6.0', '5.7.1'],
  555: ['5.5.4'],
};

test('every reply has a code and a status that go together, and one line of ASCII', () => {
  for (const { reply, status, text } of everyReply) {
    assert.ok(registered[reply]?.includes(status), `${reply} ${status}`);
    assert.match(text, /^[\x20-\x7e]*$/);
    assert.ok(text.length <= 400, text);
    if (status !== '') assert.equal(status[0], String(reply)[0]);
  }
});

test('every refusal says what to do', () => {
  for (const { reply, text } of everyReply as readonly Refusal[])
    if (reply >= 400 && !/^\{\w+\}$/.test(text)) assert.ok(text.length >= 15, text);
});

const require = createRequire(import.meta.url);
const source = readFileSync(require.resolve('smtp-server/lib/smtp-connection.js').replace('/cjs/', '/esm/'), 'utf8');

/** Methods of smtp-server 3.21.6 that we replace or switch off: what they say is never said. */
const replaced = [
  '_refuse',
  'handler_EHLO',
  'handler_XCLIENT',
  'handler_XFORWARD',
  'handler_AUTH',
  'handler_MAIL',
  'handler_RCPT',
  'handler_DATA',
  'handler_HELP',
  'handler_WIZ',
  'handler_SHELL',
  'handler_KILL',
  '_rejectInvalidParams',
  'init',
];

test('every text that the library says in what we keep of it has a reply of ours', () => {
  const unknown: string[] = [];
  let found = 0;
  for (const method of source.split(/\n {4}(?=[A-Za-z_]+\([^)]*\) \{\n)/)) {
    const name = /^[A-Za-z_]+/.exec(method)?.[0] ?? '';
    if (replaced.includes(name)) continue;
    for (const [, code, text] of method.matchAll(/this\.send\((\d+), (?:this\.name \+ )?'([^']*)'/g)) {
      found += 1;
      const said = text?.trim() ?? '';
      // Completed by names: HELO/EHLO behind "send", and the words of a parser that we replaced.
      if (said === 'Error: send' || said === 'Error:' || name === '_sendGreeting') continue;
      if (!ofLibrary.has(said)) unknown.push(`${code} ${said} (${name})`);
    }
  }
  assert.ok(found > 15, String(found));
  assert.deepEqual(unknown, []);
});
