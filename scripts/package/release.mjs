// `npm run release -- --key FILE [--out FOLDER] [--base IMAGE] [--without-image] [--despite-audit]`: all that a release consists of, from the commit that is checked out:
// Debian package, tarball, bill of materials, image with its compose files, and SHA256SUMS with its signature. The key (Ed25519, PEM) is given and never made here: it belongs to who answers for the release.
import { createPrivateKey, createPublicKey, createHash, sign } from 'node:crypto';
import { copyFileSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { audit } from './audit.mjs';
import { hashOf, makeDeb } from './deb.mjs';
import { epochOf, machine, root, run, version } from './tree.mjs';

const LIST = 'SHA256SUMS';
const COMPOSE = ['compose.yaml', 'compose.site.yaml'];

/** @throws where it is no Ed25519 key, or others may read it */
export function signingKey(path) {
  const wrong = (problem) => new Error(`Cannot sign with "${path}": ${problem}`);
  const mode = statSync(path, { throwIfNoEntry: false })?.mode;
  if (mode === undefined) throw wrong('it does not exist; give the key of the release with --key');
  if ((mode & 0o077) !== 0) throw wrong('others may read it; run "chmod 600" on it, and think about who has');
  let key;
  try {
    key = createPrivateKey(readFileSync(path));
  } catch {
    throw wrong('it is not a private key in PEM, or has a passphrase; expected Ed25519');
  }
  if (key.asymmetricKeyType !== 'ed25519') throw wrong(`it is a key of ${key.asymmetricKeyType}; expected Ed25519`);
  return key;
}

/** The list of all files of a folder as sha256sum reads it, and its signature beside it; answers the fingerprint of the public key (SHA-256 of SubjectPublicKeyInfo, in hex). */
export function signFolder(folder, key) {
  const names = readdirSync(folder)
    .filter((name) => !name.startsWith(LIST))
    .sort();
  const list = names.map((name) => `${hashOf('sha256', join(folder, name))}  ${name}\n`).join('');
  writeFileSync(join(folder, LIST), list);
  writeFileSync(join(folder, `${LIST}.sig`), sign(null, Buffer.from(list), key));
  const spki = createPublicKey(key).export({ type: 'spki', format: 'der' });
  return createHash('sha256').update(spki).digest('hex');
}

/** By the command of docs/install.md. `base`: another image for the first stage. */
function makeImage(out, base) {
  const words = ['build', '-f', 'docs/container/Containerfile', '--layers=false', '--no-cache'];
  const commit = run('git', ['log', '-1', '--format=%H %ct']).trim();
  const given = [`COMMIT=${commit}`, ...(base === undefined ? [] : [`BUILD=${base}`])];
  const name = `sluis:${version}`;
  run('podman', [
    ...words,
    ...['--timestamp', String(epochOf()), ...given.flatMap((one) => ['--build-arg', one]), '-t', name, '.'],
  ]);
  run('podman', [
    'save',
    '-q',
    '--format',
    'docker-archive',
    '-o',
    join(out, `sluis_${version}_${machine.debian}.image.tar`),
    name,
  ]);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({
    options: {
      out: { type: 'string', default: join(root, 'packages') },
      key: { type: 'string' },
      base: { type: 'string' },
      'without-image': { type: 'boolean', default: false },
      'despite-audit': { type: 'boolean', default: false },
    },
  });
  if (values.key === undefined) throw new Error('Cannot make a release: expected --key FILE, an Ed25519 key in PEM');
  const key = signingKey(values.key);
  if (run('git', ['status', '--porcelain']).trim() !== '')
    throw new Error('Cannot make a release: the checkout has changes that are in no commit; commit or remove them');
  mkdirSync(values.out, { recursive: true });
  if (readdirSync(values.out).length > 0)
    throw new Error(
      `Cannot make a release in "${values.out}": it holds files already; give an empty folder with --out`,
    );
  const { faults = [], text } = audit();
  if (faults.length > 0 && !values['despite-audit'])
    throw new Error(
      `Cannot make a release: ${text}; take newer versions, or give --despite-audit where none of them concerns the gateway`,
    );
  await makeDeb({ out: values.out });
  if (!values['without-image']) {
    makeImage(values.out, values.base);
    // Whoever has the image alone needs them beside it.
    for (const name of COMPOSE) copyFileSync(join(root, 'docs', 'container', name), join(values.out, name));
  }
  const fingerprint = signFolder(values.out, key);
  console.log(`${readFileSync(join(values.out, LIST), 'utf8')}signed by the key with SHA-256 ${fingerprint}\n${text}`);
}
