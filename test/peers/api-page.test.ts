/**
 * docs/api.md, as it is printed, and the programs of docs/examples/api: each example is run by the
 * program that it is for, against a real gateway, and what it sent arrives.
 *
 * The accounts have the names of the page. Where the gateway listens and whose certificate it has
 * stands in the environment, as the page says.
 */
// @beside
import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { HOSTNAME, Instance, type Served, apiListener, freePort } from '../support/instance.ts';
import { withoutProgram } from '../support/require.ts';
import { root } from './shell.ts';
import { run } from './run.ts';

const page = readFileSync(join(root, 'docs', 'api.md'), 'utf8');
const PASSWORD = 'giraf-bloempot';
const GP = 'huisarts';
const LABORATORY = 'laboratorium';

const examples = (language: string): readonly string[] =>
  [...page.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, 'gm'))].map(([, text = '']) => text);

let instance: Instance;
let served: Served;
let env: Readonly<Record<string, string>>;

before(async () => {
  const port = await freePort();
  instance = await Instance.create({ configuration: apiListener(port) });
  const secret = join(instance.folder, 'password');
  writeFileSync(secret, `${PASSWORD}\n`, { mode: 0o600 });
  instance.sluis('organisation', 'add', 'group', '--title', 'Group');
  for (const login of [GP, LABORATORY])
    instance.sluis('account', 'add', login, '--organisation', 'group', '--password-file', secret);
  instance.sluis('address', 'add', GP, 'huisarts@huisarts.example');
  instance.sluis('address', 'add', LABORATORY, 'uitslagen@lab-noord.example');
  instance.sluis('organisation', 'set', 'group', 'directory-listing=yes');
  served = await instance.serve();
  instance.sluis('operator', 'add', 'portaal', '--role', 'registry');
  const made = instance.sluis('operator', 'token', 'add', 'portaal', '--ends', '1d', '--json');
  env = {
    SLUIS_API: `https://${HOSTNAME}:${port}/v1`,
    SLUIS_LOGIN: GP,
    SLUIS_PASSWORD: PASSWORD,
    SLUIS_TOKEN: (JSON.parse(made) as { readonly token: string }).token,
    CURL_CA_BUNDLE: instance.ca,
    SSL_CERT_FILE: instance.ca,
  };
});
after(async () => {
  assert.equal(await served.stop(), 0);
  instance.remove();
});

const sh = async (text: string, login = GP): Promise<string> => {
  const said = await run('sh', ['-ec', text], { home: instance.folder, env: { ...env, SLUIS_LOGIN: login } });
  return said.toString('utf8');
};

test('curl sends as JSON and as it is, and lists what came', { skip: withoutProgram('curl', 'curl') }, async () => {
  const [json = '', raw = '', list = ''] = examples('sh');
  const sent = JSON.parse(await sh(json)) as Record<string, unknown>;
  const [printed = ''] = examples('json');
  const shape = JSON.parse(printed) as Record<string, unknown>;
  assert.deepEqual({ ...sent, id: '' }, { ...shape, id: '' });
  assert.equal(typeof sent.id, 'string');
  assert.match(await sh(raw), /"accepted":true/);
  const { messages } = JSON.parse(await sh(list, LABORATORY)) as { messages: readonly { readonly subject: string }[] };
  assert.deepEqual(
    messages.map(({ subject }) => subject),
    ['Aanvraag', 'Proef'],
  );
});

test('the problem that the page shows is what is answered', { skip: withoutProgram('curl', 'curl') }, async () => {
  const [json = ''] = examples('sh');
  const refused = json.replace('uitslagen@lab-noord.example', 'nobody@lab-noord.example');
  assert.notEqual(refused, json);
  const said = JSON.parse(await sh(refused.replace('--fail-with-body ', ''))) as Record<string, unknown>;
  const [, printed = ''] = examples('json');
  const { recipients, ...problem } = said;
  assert(Array.isArray(recipients));
  assert.deepEqual(problem, JSON.parse(printed));
});

test('curl copies the directory, and registers an account', { skip: withoutProgram('curl', 'curl') }, async () => {
  const [directory = ''] = examples('sh').filter((text) => text.includes('/directory'));
  const [register = ''] = examples('sh').filter((text) => text.includes('/accounts"'));
  const lines = (await sh(directory)).trim().split('\n');
  const entries = lines.map((line) => JSON.parse(line) as { readonly address: string; readonly state: string });
  assert.deepEqual(entries.map(({ address, state }) => `${address} ${state}`).toSorted(), [
    'huisarts@huisarts.example listed',
    'uitslagen@lab-noord.example listed',
  ]);
  const account = JSON.parse(await sh(register)) as { readonly addresses: readonly string[] };
  assert.deepEqual(account.addresses, ['apotheek@huisarts.example']);
  assert.match(instance.sluis('audit', 'list', '--json', '--event', 'operator.changed'), /contract 2026-118/);
});

const SIGNED = `
import base64, hashlib, hmac, sys, time
sys.path.insert(0, '.')
from check import is_of_sluis
key = bytes(range(32))
secret, body, now = 'whsec_' + base64.b64encode(key).decode(), b'{}', str(int(time.time()))
mac = base64.b64encode(hmac.new(key, f'evt_1.{now}.'.encode() + body, hashlib.sha256).digest()).decode()
good = {'webhook-id': 'evt_1', 'webhook-timestamp': now, 'webhook-signature': 'v1,' + mac}
print(is_of_sluis(secret, good, body), is_of_sluis(secret, good, b'{ }'),
      is_of_sluis(secret, {**good, 'webhook-signature': 'v1,AAAA v1,' + mac}, body),
      is_of_sluis(secret, {**good, 'webhook-timestamp': '1000'}, body))
`;

test(
  'the check of a signature takes what is signed and nothing else',
  { skip: withoutProgram('python3', 'python3') },
  async () => {
    const [check = ''] = examples('py');
    writeFileSync(join(instance.folder, 'check.py'), check);
    const said = await run('python3', ['-c', SIGNED], { home: instance.folder, env });
    assert.equal(said.toString(), 'True False True False\n');
  },
);

/** A program of docs/examples/api that sends one message to itself and fetches what is there. */
async function sendsAndReceives(
  program: string,
  args: readonly string[],
  file: string,
  language: string,
): Promise<void> {
  const home = join(instance.folder, language);
  mkdirSync(home);
  assert(page.includes(`(examples/api/${file})`), 'the page leads to it');
  copyFileSync(join(root, 'docs', 'examples', 'api', file), join(home, file));
  const said = (await run(program, [...args, file], { home, env })).toString('utf8');
  assert.match(said, /^sent [0-9a-z]{13}\nreceived 1\n$/);
  const mail = readdirSync(home, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.eml'));
  assert.equal(mail.length, 1);
  const edi = Buffer.from("UNB+UNOA:1+500000001+500000002+261128:1200+1'").toString('base64');
  assert(readFileSync(join(home, mail[0] ?? ''), 'latin1').includes(edi.slice(0, 56)));
  const left = JSON.parse(await sh(examples('sh')[2] ?? '')) as { messages: readonly unknown[] };
  assert.deepEqual(left.messages, [], 'what was acknowledged is gone');
}

test('Python sends and receives', { skip: withoutProgram('python3', 'python3') }, () =>
  sendsAndReceives('python3', [], 'sluis.py', 'python'),
);

test('PHP sends and receives', { skip: withoutProgram('php', 'php-cli') }, () =>
  sendsAndReceives('php', [], 'sluis.php', 'php'),
);

test('Java sends and receives', { skip: withoutProgram('java', 'default-jdk-headless') }, async () => {
  const trust = join(instance.folder, 'trust.p12');
  const keytool = ['-importcert', '-noprompt', '-alias', 'ca', '-file', instance.ca, '-keystore', trust];
  await run('keytool', [...keytool, '-storetype', 'PKCS12', '-storepass', 'changeit'], { home: instance.folder });
  const trusted = [`-Djavax.net.ssl.trustStore=${trust}`, '-Djavax.net.ssl.trustStorePassword=changeit'];
  await sendsAndReceives('java', trusted, 'Sluis.java', 'java');
});
