/** QR codes of ours, read by zbar: each version that we draw, and text beyond ASCII. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { qrCode } from '../../src/http/qr-code.ts';
import { withoutProgram } from '../support/require.ts';

const SCALE = 4;
const QUIET = 4;

/** A plain bitmap (PBM, one character a module and scale). */
function bitmap(rows: readonly (readonly boolean[])[]): string {
  const side = (rows.length + 2 * QUIET) * SCALE;
  const lines = Array.from({ length: side }, (_, y) =>
    Array.from({ length: side }, (_, x) =>
      rows[Math.floor(y / SCALE) - QUIET]?.[Math.floor(x / SCALE) - QUIET] === true ? '1' : '0',
    ).join(''),
  );
  return `P1\n${side} ${side}\n${lines.join('\n')}\n`;
}

test('zbar reads what was written, in versions 1 to 20', { skip: withoutProgram('zbarimg', 'zbar-tools') }, (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'sluis-qr-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const texts = [
    ...[1, 14, 26, 42, 62, 84, 106, 122, 152, 180, 213, 251, 287, 331, 362, 412, 450, 504, 560, 624, 666].map((n) =>
      'POP3 mail.example 995 '.repeat(40).slice(0, n),
    ),
    'Gebruikersnaam: anna@groep.example\nVersturen (SMTP): mail.example, poort 465, SSL/TLS\nOphalen: é€',
  ];
  const files = texts.map((text, n) => {
    const file = join(folder, `${String(n).padStart(2, '0')}.pbm`);
    writeFileSync(file, bitmap(qrCode(text)));
    return file;
  });
  const sides = new Set(texts.map((text) => qrCode(text).length));
  assert.equal(sides.size, 20);
  for (const [n, file] of files.entries())
    assert.equal(
      execFileSync('zbarimg', ['--quiet', '--raw', '-Sdisable', '-Sqrcode.enable', file], { encoding: 'utf8' }),
      `${texts[n]}\n`,
      `${texts[n]?.length}`,
    );
});
