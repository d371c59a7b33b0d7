/**
 * Nothing that a stranger wrote reaches the operator's terminal as something that it obeys: not in
 * a table, not in JSON, not in an error, a CSV or a question. The terminal here is one that keeps
 * every octet.
 */
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { csv, facts, print, table } from '../../src/cli/output.ts';
import { JsonLines, TableLines } from '../../src/cli/listing.ts';
import { shielded } from '../../src/cli/terminal.ts';
import { visibleJson, visibleText } from '../../src/domain/visible.ts';
import { commandScene } from '../support/command-scene.ts';
import { addressOf, loginOf } from '../support/gateway.ts';
import { SmtpClient } from '../support/smtp-client.ts';

/**
 * ESC and CSI (C0 and C1), a bell, a CR that writes over the line, turned and unseen letters, two
 * ends of a line.
 */
const EVIL = '\u001b[31mred\u009b2J\u0007\rover\u202eback\u200bno\u2028line\u0085\ufeffx\u{e0041}';
/**
 * What a terminal obeys or a person does not see; line ends and tabs are what layout is made of.
 */
const OBEYED = /(?!\n|\t|\r\n)[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/u;

const harmless = (text: string, what: string): void => assert.doesNotMatch(text, OBEYED, what);

test('every writer of output makes text visible, and JSON means the same', () => {
  harmless(table(['A', 'B'], [[EVIL, `x\ny`]]), 'table');
  assert.equal(table(['A', 'B'], [['x\ny', 'z']]).split('\n').length, 2, 'a cell is one line');
  harmless(facts([['Name', `${EVIL}\nForged: yes`]]), 'facts');
  assert.equal(facts([['Name', 'x\nForged: yes']]).split('\n').length, 1);
  harmless(new TableLines(['A']).of([[EVIL]]), 'listing');
  harmless(new JsonLines().of([{ a: EVIL }]), 'JSON lines');
  const written: string[] = [];
  const terminal = shielded({ out: (text) => written.push(text), err: (text) => written.push(text), code: 0 });
  print(terminal, { json: true }, { a: EVIL }, () => '');
  assert.deepEqual(JSON.parse(written.pop() ?? ''), { a: EVIL });
  harmless(visibleJson({ a: EVIL }), 'JSON');
  terminal.out(`${EVIL}\n\tkept\r\n`);
  terminal.err(EVIL);
  for (const text of written) harmless(text, 'terminal');
  assert.match(written[0] ?? '', /^\\u\{1b\}\[31mred\\u\{9b\}2J\\u\{7\}\\u\{d\}over\\u\{202e\}back.*\n\tkept\r\n$/);
  assert.equal(visibleText('Zoë – “naam”\r\n\tאנה 名\n'), 'Zoë – “naam”\r\n\tאנה 名\n', 'letters stay');
});

test('a cell of CSV that a spreadsheet would take for a formula is none', () => {
  for (const cell of ['=1+1', '+1', '-1', '@SUM(A1)', '\t=1', '\r=1', '＝1', '＋1', '－1', '＠x'])
    assert.match(csv([cell], []), /^"?'/, cell);
  assert.equal(csv(['a=1', 5, undefined, 'x"y'], []), 'a=1,5,,"x""y"');
});

test('commands show a hostile message, and arguments that they refuse, without a control character', async (t) => {
  const scene = await commandScene(t, { accounts: ['anna', 'bert'] });
  const client = await SmtpClient.open(scene.gateway.target('submission'), loginOf('anna'));
  const [anna, bert] = [addressOf('anna'), addressOf('bert')];
  const evil = EVIL.replace(/[\r\u2028\u0085]/g, '');
  const id = `id${evil}@x.test`;
  const part = `Content-Type: application/octet-stream; name="${evil}.txt"\r\nContent-Transfer-Encoding: base64\r\n\r\nAAAA\r\n`;
  const message = `From: <${anna}>\r\nTo: <${bert}>\r\nX-Mailer: ${evil}\r\nMessage-ID: <${id}>\r\nMIME-Version: 1.0\r\n${part}`;
  await client.submit(anna, [bert], Buffer.from(message));
  await client.quit();
  const shown = await scene.json<{ id: string; messageId: string }[]>('trace', '--sender', anna);
  const message1 = shown[0]?.id ?? '';
  for (const args of [
    ['trace', message1],
    ['trace', message1, '--json'],
    ['trace', id],
    ['trace', '--sender', anna],
    ['account', 'show', 'anna'],
    ['audit', 'list', '--limit', '20'],
    ['audit', 'list', '--limit', '20', '--json'],
    ['trace', `nobody${EVIL}`],
    ['account', 'show', EVIL],
    ['account', 'list', `--${EVIL}`],
    [EVIL],
    ['address', 'add', EVIL, 'anna'],
    ['organisation', 'change', EVIL, '--title', EVIL],
  ]) {
    const ran = await scene.run(...args);
    harmless(ran.stdout, args.join(' '));
    harmless(ran.stderr, args.join(' '));
    assert.notEqual(ran.stdout + ran.stderr, '', args.join(' '));
  }
  const traced = JSON.parse((await scene.run('trace', message1, '--json')).stdout) as { messageId: string };
  assert.ok(traced.messageId.includes('\u001b[31m'), 'JSON holds what was sent');
});

test('no command writes to the process beside Terminal', () => {
  const folder = fileURLToPath(new URL('../../src', import.meta.url));
  const beside: string[] = [];
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    if (!name.endsWith('.ts')) continue;
    const text = readFileSync(join(folder, name), 'utf8');
    if (
      /process\.std(?:out|err)\b|\bconsole\.(?:log|error|warn|info|debug|dir|table|trace)\b|std(?:out|err)[,\s}].*= process/.test(
        text,
      )
    )
      beside.push(name);
  }
  assert.deepEqual(beside.sort(), ['cli/progress.ts', 'cli/terminal.ts', 'main.ts', 'platform/log.ts']);
});
