/** What a release is made of, without making one: test/long/image.test.ts does that. */
import assert from 'node:assert/strict';
import { type KeyObject, createPublicKey, generateKeyPairSync, verify } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { pathToFileURL } from 'node:url';

const root = join(import.meta.dirname, '..', '..');
const load = async (name: string): Promise<unknown> =>
  await import(pathToFileURL(join(root, 'scripts', 'package', name)).href);
const { signingKey, signFolder } = (await load('release.mjs')) as {
  readonly signingKey: (path: string) => KeyObject;
  readonly signFolder: (folder: string, key: KeyObject) => string;
};
const { auditOf } = (await load('audit.mjs')) as {
  readonly auditOf: (said: string) => { readonly faults: readonly string[] | undefined; readonly text: string };
};
const { librariesOf, SYSTEM_FILES, USER } = (await load('image-root.mjs')) as {
  readonly librariesOf: (said: string) => readonly string[];
  readonly SYSTEM_FILES: Readonly<Record<string, string>>;
  readonly USER: number;
};

const folder = mkdtempSync(join(tmpdir(), 'sluis-release-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const keyFile = (name: string, pem: string, mode = 0o600): string => {
  const path = join(folder, name);
  writeFileSync(path, pem, { mode });
  chmodSync(path, mode);
  return path;
};
const pemOf = (key: KeyObject): string => key.export({ type: 'pkcs8', format: 'pem' }).toString();
const privateKey = pemOf(generateKeyPairSync('ed25519').privateKey);

test('the list names every file with its SHA-256, and its signature is that of the key', () => {
  const files = join(folder, 'files');
  mkdirSync(files);
  writeFileSync(join(files, 'b'), 'abc');
  writeFileSync(join(files, 'a'), '');
  const key = signingKey(keyFile('release.pem', privateKey));
  assert.match(signFolder(files, key), /^[0-9a-f]{64}$/);
  const list = readFileSync(join(files, 'SHA256SUMS'));
  // FIPS 180-2 appendix B.1: the hash of "abc".
  assert.equal(
    list.toString(),
    'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855  a\nba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad  b\n',
  );
  assert(verify(null, list, createPublicKey(key), readFileSync(join(files, 'SHA256SUMS.sig'))));
  // Once more over a folder that has a list already: the list is none of the files.
  signFolder(files, key);
  assert.deepEqual(readFileSync(join(files, 'SHA256SUMS')), list);
});

test('a release says what npm audit knows, and that it could not be asked where it could not', () => {
  assert.deepEqual(auditOf('{"auditReportVersion":2,"vulnerabilities":{},"metadata":{}}'), {
    faults: [],
    text: 'npm audit knows of no fault in the packages of this release',
  });
  const known = auditOf('{"vulnerabilities":{"pg":{"name":"pg","severity":"high","via":[]}}}');
  assert.deepEqual(known, { faults: ['pg (high)'], text: 'npm audit knows of faults in pg (high)' });
  const silent = [
    ['{"message":"405 Method Not Allowed","error":{"summary":"","detail":""}}', '405 Method Not Allowed'],
    ['{"error":{"summary":"getaddrinfo EAI_AGAIN"}}', 'getaddrinfo EAI_AGAIN'],
    ['', 'it answered nothing that can be read'],
  ] as const;
  for (const [said, why] of silent) {
    const { faults, text } = auditOf(said);
    assert.equal(faults, undefined);
    assert(text.startsWith(`npm audit could not be asked (${why}): `), text);
  }
});

test('a key that is not there, of another kind, or open to others signs nothing', () => {
  assert.throws(
    () => signingKey(join(folder, 'none.pem')),
    /it does not exist; give the key of the release with --key/,
  );
  assert.throws(() => signingKey(keyFile('open.pem', privateKey, 0o644)), /others may read it; run "chmod 600"/);
  assert.throws(() => signingKey(keyFile('text.pem', 'no key')), /it is not a private key in PEM/);
  const other = pemOf(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey);
  assert.throws(() => signingKey(keyFile('ec.pem', other)), /it is a key of ec; expected Ed25519/);
});

test('libraries are those that ldd tells of, the loader too; a missing one is named', () => {
  const said =
    '\tlinux-vdso.so.1 (0x00007f8e7d976000)\n\tlibm.so.6 => /lib/x86_64-linux-gnu/libm.so.6 (0x00007f8e7d86d000)\n\t/lib64/ld-linux-x86-64.so.2 (0x00007f8e7d978000)\n';
  assert.deepEqual(librariesOf(said), ['/lib/x86_64-linux-gnu/libm.so.6', '/lib64/ld-linux-x86-64.so.2']);
  assert.throws(() => librariesOf('\tlibmusl.so.1 => not found\n'), /the library libmusl\.so\.1 is not here/);
});

test('the user of the image is that of its Containerfile, and has no shell', () => {
  const containerfile = readFileSync(join(root, 'docs', 'container', 'Containerfile'), 'utf8');
  assert(
    containerfile.includes(`\nUSER ${USER}:${USER}\n`) &&
      containerfile.includes(`--chown=${USER}:${USER} /state /var/lib\n`),
  );
  for (const line of (SYSTEM_FILES['etc/passwd'] ?? '').trim().split('\n')) assert.match(line, /:\/sbin\/nologin$/);
});
