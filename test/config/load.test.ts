import assert from 'node:assert/strict';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { userInfo } from 'node:os';
import { basename, join } from 'node:path';
import { after, before, test } from 'node:test';
import { rootCertificates } from 'node:tls';
import { absolute } from '../../src/config/absolute.ts';
import { remedyFor } from '../../src/config/files.ts';
import { loadConfig } from '../../src/config/load.ts';
import { ConfigError } from '../../src/config/problem.ts';
import { configReference } from '../../src/config/reference.ts';
import { configSchema } from '../../src/config/schema.ts';
import { readServerMaterial } from '../../src/config/store.ts';
import { writeTemplate } from '../../src/config/template.ts';

const bad = join(import.meta.dirname, 'bad');
let folder = '';

before(() => {
  // Long values are cut short: the files that refusals are compared with know how long this path
  // is.
  folder = mkdtempSync('/tmp/sluis-config-');
  for (const name of ['server-key.pem', 'server.pem', 'master.key'])
    writeFileSync(join(folder, name), 'text', { mode: 0o600 });
  for (const name of ['open-key.pem', 'open-master.key']) {
    writeFileSync(join(folder, name), 'text');
    chmodSync(join(folder, name), 0o644);
  }
});
after(() => rmSync(folder, { recursive: true, force: true }));

const errorOf = (file: string): string => {
  try {
    loadConfig(file);
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error));
    return `${error.message.replaceAll(`${folder}/`, '')}\n`;
  }
  return assert.fail(`${basename(file)} was taken`);
};

for (const name of readdirSync(bad).filter((n) => n.endsWith('.toml')))
  test(`loadConfig() refuses ${name} with every problem at once`, () => {
    copyFileSync(join(bad, name), join(folder, name));
    const got = errorOf(join(folder, name));
    const expected = join(bad, name.replace('.toml', '.txt'));
    assert.ok(existsSync(expected), `${expected} is missing; it should hold:\n${got}`);
    assert.equal(got, readFileSync(expected, 'utf8'));
  });

/** What has no default there. */
const NEEDED: Readonly<Record<string, Record<string, unknown>>> = {
  listener: { name: 'mail', protocol: 'smtp', port: 465, tls: 'implicit' },
  control: { role: 'support', group: 'helpdesk' },
  'console.oidc': { issuer: 'https://id.example.nl', 'client-id': 'sluis' },
};

test('every path of every section is absolute once it is read, and nothing else is touched', () => {
  // Each path as a relative one, in sections that stand once and in one of each that is repeated.
  const document: Record<string, Record<string, unknown>> = {};
  let paths = 0;
  for (const { name, repeated, fields } of configReference().filter((section) => section.name !== '')) {
    const values = { ...NEEDED[name] };
    for (const field of fields.filter(({ isPath }) => isPath === true)) {
      const path = `rel/${field.name}`;
      values[field.name] = field.expects.startsWith('a list of') ? [path, path] : path;
      paths += field.expects.startsWith('a list of') ? 2 : 1;
    }
    const [outer = '', inner] = name.split('.');
    if (inner === undefined) Object.assign(document, { [outer]: repeated ? [values] : values });
    else Object.assign(document[outer] ?? {}, { [inner]: values });
  }
  const read = configSchema.parse({ hostname: 'mail.example.nl', ...document });
  const text = JSON.stringify(read);
  assert.equal([...text.matchAll(/"rel\//g)].length, paths);
  assert.ok(paths >= 40, String(paths));
  assert.equal(JSON.stringify(absolute(read, '/etc/sluis')), text.replaceAll('"rel/', '"/etc/sluis/rel/'));
});

test('a file that this user may not read is given to it, and one that is not there is put there', () => {
  const { username } = userInfo();
  const remedy = (code: string): string => remedyFor(Object.assign(new Error(code), { code }), '/etc/sluis/key.pem');
  for (const code of ['EACCES', 'EPERM'])
    assert.equal(
      remedy(code),
      `the user ${username} may not read it; run "chown ${username}: /etc/sluis/key.pem", or correct the path`,
    );
  assert.equal(remedy('ENOENT'), 'it does not exist; correct the path or put it there');
});

test('loadConfig() says what to do when there is no file', () => {
  assert.match(
    errorOf(join(folder, 'none.toml')),
    /it does not exist; give it with --config, or make one with "sluis init/,
  );
});

test('loadConfig() refuses a file that is too large to be one', () => {
  writeFileSync(join(folder, 'large.toml'), '#'.repeat(1024 * 1024 + 1));
  assert.match(errorOf(join(folder, 'large.toml')), /expected a file of at most 1MiB/);
  assert.match(errorOf(folder), /expected a file; it is a folder; give the configuration file in it/);
});

const minimal = {
  values: {
    hostname: 'mail.example.nl',
    'keys.master-key-file': 'master.key',
    'tls.key': 'server-key.pem',
    'tls.certificate': 'server.pem',
  },
  listeners: [{ name: 'pop3s', protocol: 'pop3', address: '::', port: 995, tls: 'implicit' }],
};

test('the template of init is a configuration in which every commented default is the default', () => {
  const file = join(folder, 'template.toml');
  const text = writeTemplate(minimal);
  writeFileSync(file, text);
  const config = loadConfig(file);
  assert.equal(config.hostname, 'mail.example.nl');
  assert.deepEqual(config.tls.key, [join(folder, 'server-key.pem')]);
  assert.deepEqual(
    config.listener,
    minimal.listeners.map((l) => ({
      ...l,
      ...{
        profile: 'intermediate',
        proxy: [],
        scram: 'off',
        quirks: [],
        'client-certificates': 'off',
        accounts: [],
        networks: [],
      },
    })),
  );
  // With every default written out, nothing changes.
  const written = text.replace(/^#([a-z0-9-]+ = (?!\.\.\.).*)$/gm, '$1');
  assert.notEqual(written, text);
  writeFileSync(file, written);
  assert.deepEqual(loadConfig(file), config);
});

test('every name of the configuration has a meaning', () => {
  for (const section of configReference())
    for (const field of section.fields) assert.ok(field.about.length > 10, `${section.name}.${field.name}`);
});

test('loadConfig() takes a service on PostgreSQL, and its files are read where they lie', () => {
  const file = join(folder, 'on-postgres.toml');
  const [certificate = ''] = rootCertificates;
  writeFileSync(join(folder, 'db-ca.pem'), certificate);
  writeFileSync(join(folder, 'db-password'), 'a word\n', { mode: 0o600 });
  const text = readFileSync(join(bad, 'postgres-alone.toml'), 'utf8').replace(
    /\[store\][^[]*\[cluster\]\n/,
    `[store]
engine = "postgres"
hosts = ["DB1.example.nl:5432", "[2001:db8::1]:6432"]
ca = "db-ca.pem"
password-file = "db-password"
places = { db2 = "zuid" }

[cluster]
site = "noord"
`,
  );
  writeFileSync(file, text);
  const config = loadConfig(file);
  assert.deepEqual(config.store.hosts, [
    { host: 'db1.example.nl', port: 5432 },
    { host: '2001:db8::1', port: 6432 },
  ]);
  assert.deepEqual([...(config.store.places ?? [])], [['db2', 'zuid']]);
  assert.deepEqual(readServerMaterial(config), { ca: certificate, password: 'a word' });

  chmodSync(join(folder, 'db-password'), 0o644);
  assert.match(errorOf(file), /store\.password-file: "db-password"; expected a file that only its owner may read/);
  chmodSync(join(folder, 'db-password'), 0o600);
  writeFileSync(join(folder, 'db-password'), 'two\nlines\n');
  assert.throws(
    () => readServerMaterial(config),
    /store\.password-file: .* expected one line; it holds something else/,
  );
});
