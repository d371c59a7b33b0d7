// The files of the image: the production tree, Node, the libraries that these are linked with, and nothing else, so no shell. docs/container/Containerfile runs it
// in its first stage, on Debian: `node scripts/package/image-root.mjs ROOT`. What stands where and why: docs/decisions/1982-an-image-without-a-shell.md.
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  realpathSync,
  symlinkSync,
  rmSync,
} from 'node:fs';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { billOf, component, copyrightOf, licencesOf } from './parts.mjs';
import { COMMAND, epochOf, machine, makeTree, run } from './tree.mjs';

/** The user of the image; a number, since volumes of the machine belong to it. */
export const USER = 975;
const NODE = '/usr/lib/sluis/node/bin/node';

/** Small files that the libraries look for: whose a number is, and that names are looked up in /etc/hosts and then in the DNS. */
export const SYSTEM_FILES = {
  'etc/passwd': `root:x:0:0:root:/:/sbin/nologin\nsluis:x:${USER}:${USER}:Sluis mail gateway:/var/lib/sluis:/sbin/nologin\n`,
  'etc/group': `root:x:0:\nsluis:x:${USER}:\n`,
  'etc/nsswitch.conf': 'passwd: files\ngroup: files\nhosts: files dns\n',
};

/** A root that is read-only cannot get them later. */
const MOUNT_POINTS = ['dev', 'proc', 'sys', 'run', 'tmp', 'etc/sluis', 'var/lib/sluis', 'var/lib/sluis-keys'];

/** Paths of libraries that `ldd` tells of, of the loader too. Throws where one is missing. */
export function librariesOf(said) {
  const missing = /^\s*(\S+) => not found/m.exec(said);
  if (missing !== null)
    throw new Error(`Cannot make an image: the library ${missing[1]} is not here; build it on Debian 13`);
  return [...said.matchAll(/^\s*(?:\S+ => )?(\/\S+) \(0x[0-9a-f]+\)$/gm)].map(([, path]) => path);
}

/** The package of Debian that a library belongs to. */
function packageOf(path) {
  const name = run('dpkg-query', ['-S', realpathSync(path)]).split(':')[0];
  const its = run('dpkg-query', ['-W', '-f', '${Version}\n', name]).split('\n')[0];
  const texts = [readFileSync(`/usr/share/doc/${name}/copyright`, 'utf8')];
  return { name, version: its, licence: 'see its text', texts };
}

export function layOutImage(image) {
  const epoch = epochOf();
  const put = (path, text, mode = 0o644) => {
    mkdirSync(dirname(join(image, path)), { recursive: true });
    writeFileSync(join(image, path), text);
    chmodSync(join(image, path), mode);
  };
  const tree = join(image, 'usr', 'lib', 'sluis');
  const keep = mkdtempSync(join(tmpdir(), 'sluis-image-'));
  makeTree(tree, keep);
  rmSync(keep, { recursive: true });
  rmSync(join(tree, 'docs'), { recursive: true });
  // The kernel starts it by its first line: there is no shell for a command of two words. Why the option: docs/systemd/sluis.service.
  const command = readFileSync(join(tree, COMMAND), 'utf8');
  put(`usr/lib/sluis/${COMMAND}`, command.replace(/^#!.*/, `#!${NODE} --max-semi-space-size=8`), 0o755);
  put('usr/lib/sluis/healthy.mjs', readFileSync(fileURLToPath(new URL('healthy.mjs', import.meta.url)), 'utf8'));
  mkdirSync(join(image, 'usr', 'bin'), { recursive: true });
  symlinkSync(`../lib/sluis/${COMMAND}`, join(image, 'usr', 'bin', 'sluis'));

  const binaries = readdirSync(tree, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.node'))
    .map((path) => join(tree, path));
  const libraries = new Set([join(image, NODE), ...binaries].flatMap((path) => librariesOf(run('ldd', [path]))));
  for (const name of ['lib', 'lib64']) {
    mkdirSync(join(image, 'usr', name), { recursive: true });
    symlinkSync(`usr/${name}`, join(image, name));
  }
  const folder = `usr/lib/${machine.libraries}`;
  mkdirSync(join(image, folder), { recursive: true });
  for (const path of libraries) {
    const to = basename(path).startsWith('ld-linux')
      ? path.replace(/^(\/usr)?\//, 'usr/')
      : `${folder}/${basename(path)}`;
    copyFileSync(realpathSync(path), join(image, to));
    chmodSync(join(image, to), 0o755);
  }
  const packages = new Map([...libraries].map(packageOf).map((one) => [one.name, one]));
  const more = [...packages.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  const bill = more.map((one) =>
    component(
      one.name,
      one.version,
      one.licence,
      `pkg:deb/debian/${one.name}@${encodeURIComponent(one.version)}?arch=${machine.debian}`,
    ),
  );
  put('usr/share/doc/sluis/sbom.cdx.json', billOf(tree, epoch, bill));
  put('usr/share/doc/sluis/copyright', copyrightOf(tree, more));
  put('usr/share/doc/sluis/licences', licencesOf(tree, more));
  for (const [path, text] of Object.entries(SYSTEM_FILES)) put(path, text);
  for (const path of MOUNT_POINTS) mkdirSync(join(image, path), { recursive: true });
  chmodSync(join(image, 'tmp'), 0o1777);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  if (process.argv[2] === undefined) throw new Error('Cannot lay out the image: expected the folder for its root');
  layOutImage(process.argv[2]);
}
