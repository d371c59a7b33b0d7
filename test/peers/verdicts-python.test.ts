/**
 * Forged Authentication-Results in spellings that a seed makes from the grammar of RFC 8601 section
 * 2.2, through the gateway, and read by Python's email package as a mail program would: it finds
 * one verdict in each message, ours.
 *
 * The control reads the same forgeries with the expression that was here once: it must miss some,
 * or the spellings prove nothing.
 */
// @beside
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { filed } from '../support/filed.ts';
import { withoutProgram } from '../support/require.ts';
import { type Seeded, seeded } from '../support/seeded.ts';
import { SmtpClient } from '../support/smtp-client.ts';
import { startSmtp } from '../support/smtp.ts';
import { trusting } from '../support/wire.ts';
import { run } from './run.ts';

const PYTHON = `
import sys, json, base64, email, email.policy
for line in sys.stdin.buffer:
    m = email.message_from_bytes(base64.b64decode(line), policy=email.policy.compat32)
    print(json.dumps([str(v) for k, v in m.items() if 'authentication-results' in k.lower()]))
`;

const COUNT = 200;
const SEED = 20261127;

/** Text of a comment: quoted pairs and comments within it, to a depth. */
function comment(random: Seeded, depth = 0): string {
  const pieces = Array.from({ length: random.below(4) }, () =>
    random.below(3) === 0 && depth < 4
      ? comment(random, depth + 1)
      : random.pick(['a', 'mail.test', ' ', '\\)', '\\(', '\\"', ';', '=', '\r\n ', '"']),
  );
  return `(${pieces.join('')})`;
}

const cfws = (random: Seeded, least: string): string =>
  Array.from({ length: random.below(3) }, () => random.pick([' ', '\t', '\r\n ', '\r\n\t ', comment(random)])).join(
    '',
  ) || least;

function spelled(random: Seeded, name: string): string {
  const letters = Array.from(name)
    .map((c) => (random.below(2) === 0 ? c.toUpperCase() : c))
    .join('');
  if (random.below(2) === 0) return letters;
  return `"${Array.from(letters)
    .map((c) => (random.below(6) === 0 ? `\\${c}` : c))
    .join('')}"`;
}

/** The value of a field that names us. */
function forgery(random: Seeded): string {
  const version = random.below(3) === 0 ? `${cfws(random, ' ')}1` : '';
  return `${cfws(random, '')}${spelled(random, 'mail.test')}${version}${cfws(random, '')};${cfws(random, ' ')}smime=pass`;
}

function fieldName(random: Seeded): string {
  const name = Array.from('authentication-results')
    .map((c) => (random.below(2) === 0 ? c.toUpperCase() : c))
    .join('');
  return name + random.pick(['', '', ' ', '\t', ' \t']);
}

/** The expression that was replaced. */
function onceFound(value: string): boolean {
  const name = /^\s*(?:\([^()]*\)\s*)*"?([^\s;"]+)/.exec(value.replaceAll('\r\n', ''))?.[1] ?? '';
  return name.toLowerCase() === 'mail.test';
}

test(
  `Python finds our verdict alone in ${COUNT} messages with forged ones`,
  { skip: withoutProgram('python3', 'python3') },
  async (t) => {
    const random = seeded(SEED);
    const smtp = await startSmtp(t);
    const client = await SmtpClient.open(
      { port: smtp.port, tls: 'starttls', servername: 'mail.test', context: trusting(smtp.ca) },
      { login: 'alice', password: 'alice-pw' },
    );
    t.after(() => client.wire.destroy());
    const messages: string[] = [];
    let missed = 0;
    for (let n = 0; n < COUNT; n += 1) {
      const value = forgery(random);
      if (!onceFound(value)) missed += 1;
      const fields = ['From: alice@group.test', 'Date: x', `Message-ID: <${n}>`, 'To: bob@group.test'];
      fields.splice(random.below(5), 0, `${fieldName(random)}:${value}`);
      const message = `${fields.join('\r\n')}\r\n\r\ntext\r\n`;
      await client.submit('alice@group.test', ['bob@group.test'], Buffer.from(message, 'latin1'));
      messages.push((await filed(smtp.store, 'bob', -1))[0] ?? '');
    }
    assert.ok(missed > COUNT / 4, `seed ${SEED}: the control missed ${missed}`);
    const home = mkdtempSync(join(tmpdir(), 'sluis-peer-'));
    const input = Buffer.from(messages.map((m) => `${Buffer.from(m, 'latin1').toString('base64')}\n`).join(''));
    const out = await run('python3', ['-c', PYTHON], { home, input }).finally(() => rmSync(home, { recursive: true }));
    const found = out.toString().trimEnd().split('\n');
    assert.equal(found.length, COUNT);
    for (const [n, verdicts] of found.entries())
      assert.deepEqual(JSON.parse(verdicts), ['mail.test; none'], `seed ${SEED}, message ${n}:\n${messages[n]}`);
  },
);
