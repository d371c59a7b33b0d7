/** What is shown of a configuration: what the file would say, and nothing that may be secret. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { heldSettings } from '../../src/config/held.ts';
import { parseConfig } from '../../src/config/load.ts';
import { configReference } from '../../src/config/reference.ts';
import type { Config } from '../../src/config/schema.ts';

const folder = mkdtempSync(join(tmpdir(), 'sluis-held-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const file = join(folder, 'sluis.toml');
const read = (text: string): Config => parseConfig(text, file, { files: false });

const LEAST = `hostname = "mail.example.nl"
[keys]
master-key-file = "master.key"
[tls]
key = ["a.pem", "b.pem"]
certificate = ["c.pem", "d.pem"]
[[listener]]
name = "pop3s"
protocol = "pop3"
port = 995
tls = "implicit"
`;
/** One of each kind of value, and none of them the default. */
const MORE = `[connections]
total = 5000
announce = "90s"
[smtp]
max-message = "75MB"
command-line = "8KiB"
[delivery]
waits = ["30s", "90m", "1d"]
[backup]
at = "02:05"
folder = "/backups"
[probe]
sites = { noord = "noord.example.nl", zuid = "zuid.example.nl" }
[log]
level = "debug"
[[control]]
role = "support"
group = "helpdesk"
`;

test('a configuration of defaults differs in nothing but what must be set', () => {
  const held = heldSettings(read(LEAST));
  const differing = held.filter(({ differs }) => differs).map(({ name }) => name);
  assert.deepEqual(differing, [
    'hostname',
    'keys.master-key-file',
    'tls.key',
    'tls.certificate',
    ...['name', 'protocol', 'port', 'tls'].map((name) => `listener.pop3s.${name}`),
  ]);
  assert.equal(new Set(held.map(({ name }) => name)).size, held.length, 'no name stands twice');
  const [data] = held.filter(({ name }) => name === 'data.folder');
  assert.deepEqual([data?.value, data?.initial], [JSON.stringify(join(folder, 'data')), '"data"']);
});

test('each value is shown as a file would say it: read again it is the same configuration', () => {
  const config = read(LEAST + MORE);
  const held = heldSettings(config);
  const sections = new Map<string, string[]>();
  for (const { name, section, value } of held) {
    if (value === undefined) continue;
    const repeated = ['listener', 'control'].includes(section);
    const key = name.slice(name.lastIndexOf('.') + 1);
    const head = section === '' ? '' : repeated ? `[[${section}]]` : `[${section}]`;
    sections.set(head, [...(sections.get(head) ?? []), `${key} = ${value}`]);
  }
  const text = [...sections].map(([head, lines]) => [head, ...lines].join('\n')).join('\n');
  assert.deepEqual(read(text), config);
  const shown = Object.fromEntries(held.map(({ name, value }) => [name, value]));
  assert.equal(shown['connections.announce'], '"90s"');
  assert.equal(shown['smtp.max-message'], '"75MB"');
  assert.equal(shown['smtp.command-line'], '"8KiB"');
  assert.equal(shown['delivery.waits'], '["30s","90m","1d"]');
  assert.equal(shown['backup.at'], '"02:05"');
  assert.equal(shown['control.support.group'], '"helpdesk"');
  const cluster = { ...config.cluster, listen: { host: '::1', port: 7443 }, peers: [{ host: 'b.example', port: 1 }] };
  const others = heldSettings({ ...config, cluster }).filter(({ section }) => section === 'cluster');
  assert.deepEqual(
    others.flatMap(({ name, value }) => (value === undefined ? [] : [[name, value]])),
    [
      ['cluster.listen', '"[::1]:7443"'],
      ['cluster.peers', '["b.example:1"]'],
    ],
  );
  const taken = held.filter(({ by }) => by === 'reload').map(({ section }) => section);
  assert.deepEqual([...new Set(taken)], ['log', 'connections']);
});

test('the words of a program are never shown, and every setting that is about a secret is a path or a program', () => {
  const canary = 'CANARY-a7f3';
  const config = read(LEAST) as unknown as Record<string, Record<string, unknown>>;
  let programs = 0;
  for (const { name: section, fields } of configReference())
    for (const { name, expects, isPath } of fields) {
      const isProgram = expects.startsWith('a list of a program');
      if (isProgram) {
        config[section] = { ...config[section], [name]: ['/usr/bin/vault', 'read', canary] };
        programs += 1;
      }
      // What a value itself may be a secret of has no place here: a new kind of field must say how
      // it is shown.
      if (/password|secret|token|passphrase|(?:^|-)key$/.test(name)) assert(isPath ?? isProgram, `${section}.${name}`);
    }
  assert(programs >= 8, String(programs));
  const held = heldSettings(config as unknown as Config);
  assert.doesNotMatch(JSON.stringify(held), new RegExp(canary));
  const key = held.find(({ name }) => name === 'keys.master-key-command');
  assert.equal(key?.value, '["/usr/bin/vault","(not shown: 2)"]');
});
