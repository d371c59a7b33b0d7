/**
 * What the Debian package is made of, without making it: test/long/debian-package.test.ts does
 * that, and installs it.
 */
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { type CommandFacts, factsOf, leavesOf } from '../../src/cli/command-tree.ts';
import { buildProgram } from '../../src/cli/program.ts';
import { commandManual } from '../../src/cli/man-page.ts';
import { parseConfig } from '../../src/config/load.ts';
import { configurationManual } from '../../src/config/man-page.ts';
import { configReference } from '../../src/config/reference.ts';
import { roff } from '../../src/config/roff.ts';

const root = join(import.meta.dirname, '..', '..');
const own = (name: string): string => readFileSync(join(root, 'scripts', 'package', 'debian', name), 'utf8');
const { unitOf } = (await import(pathToFileURL(join(root, 'scripts', 'package', 'deb.mjs')).href)) as {
  readonly unitOf: (text: string) => string;
};
const unit = unitOf(readFileSync(join(root, 'docs', 'systemd', 'sluis.service'), 'utf8'));
const edition = { version: '9.9.9', date: '2026-12-02' };

const program: CommandFacts = factsOf(await buildProgram({ out: () => undefined, err: () => undefined, code: 0 }));
const linesOf = (text: string): Set<string> => new Set(text.split('\n'));

test('sluis(8) has every command, with each of its options', () => {
  const lines = linesOf(commandManual(program, edition));
  const leaves = leavesOf(program);
  assert(leaves.length > 150);
  for (const { words, options } of leaves) {
    assert(lines.has(`.SS ${roff(words.join(' '))}`), words.join(' '));
    for (const { name, value } of options) {
      const bold = `\\fB${roff(name)}\\fR`;
      assert(lines.has(value === undefined ? bold : `${bold} \\fI${roff(value.toUpperCase())}\\fR`), name);
    }
  }
});

test('sluis.toml(5) has every section and name of the schema, with its default', () => {
  const text = configurationManual(edition);
  const lines = linesOf(text);
  for (const { name, repeated, fields } of configReference()) {
    if (name !== '') assert(lines.has(`.SH "${roff(repeated ? `[[${name}]]` : `[${name}]`)}"`), name);
    for (const field of fields) assert(lines.has(`\\fB${roff(field.name)}\\fR`), `${name}.${field.name}`);
  }
  assert.match(text, /^Value: .*Default: \\\(dq30s\\\(dq\.$/m);
});

test('no line of a manual page is taken for a macro that none meant', () => {
  for (const page of [commandManual(program, edition), configurationManual(edition)])
    for (const line of page.split('\n')) {
      if (/^[.']/.test(line)) assert.match(line, /^\.(TH|SH|SS|TP|PP|BR|br|nh|ad)\b/, line);
      assert.match(line, /^[\x20-\x7e]*$/, 'a page of plain letters reads the same everywhere');
    }
  assert.equal(roff(".so /etc/shadow\n'x \\n"), "\\&.so /etc/shadow\n\\&'x \\en");
});

test('its configuration needs a name, and is whole with one; places are those of the unit', () => {
  const text = own('sluis.toml');
  assert.throws(() => parseConfig(text, '/etc/sluis/sluis.toml', { files: false }), /1 problem\n +hostname: /);
  const config = parseConfig(text.replace(/^# hostname/m, 'hostname'), '/etc/sluis/sluis.toml', { files: false });
  const states = /^StateDirectory=(.*)$/m
    .exec(unit)?.[1]
    ?.split(' ')
    .map((name) => `/var/lib/${name}`);
  assert.deepEqual([config.data.folder, config.keys.folder], states);
  assert(unit.includes(`\nLoadCredential=sluis.master-key:${config.keys['master-key-file'] ?? ''}\n`));
  assert.deepEqual(
    config.listener.map(({ port }) => port),
    [587, 465, 110, 995],
  );
  assert(own('tmpfiles.conf').includes(`z ${config.tls.key[0] ?? ''} 0600 sluis sluis\n`));
});

test('its units run the program and the Node of the package, as the user that it makes', () => {
  for (const name of readdirSync(join(root, 'docs', 'systemd'))) {
    const text = unitOf(readFileSync(join(root, 'docs', 'systemd', name), 'utf8'));
    assert.doesNotMatch(text, /\/opt\/|\/usr\/bin\/node|Copy it/, name);
    if (!name.endsWith('.service')) continue;
    assert.match(
      text,
      /^ExecStart=\/usr\/lib\/sluis\/node\/bin\/node --max-semi-space-size=8 \/usr\/lib\/sluis\/scripts\/sluis\.mjs serve /m,
    );
    assert.match(text, /^User=sluis$/m);
  }
  assert.match(own('sysusers.conf'), /^u sluis /m);
});

test('no script of the package can remove mail, keys or configuration', () => {
  for (const name of ['postinst', 'prerm', 'postrm'])
    for (const line of own(name)
      .split('\n')
      .filter((one) => /\brm\b|\bmv\b|find\b|unlink|shred|userdel|deluser/.test(one)))
      assert.match(line, /^ +rm -f \/etc\/systemd\/system\/multi-user\.target\.wants\/sluis\.service$/, line);
});

test('each exception for lintian says why', () => {
  const lines = own('lintian-overrides').trim().split('\n');
  assert.match(lines[0] ?? '', /^# /);
  for (const line of lines) assert.match(line, /^# .{20}|^sluis: [a-z-]+( |$)/, line);
});
