// `npm run package:deb`: the Debian package, in `packages/` or the folder of --out. Needs dpkg-deb. What stands where and why: docs/decisions/1980-a-debian-package.md.
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  cpSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  utimesSync,
  lutimesSync,
  writeFileSync,
  chmodSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';
import { manualsOf } from './manuals.mjs';
import { billOf, copyrightOf, licencesOf } from './parts.mjs';
import { COMMAND, epochOf, machine, makeTree, root, run, version } from './tree.mjs';

const HERE = join(root, 'scripts', 'package', 'debian');

/** A unit with the places of the package. */
export const unitOf = (text) =>
  text
    .replace(
      /^ExecStart=\/usr\/bin\/node (.*)\/opt\/sluis\/sluis\//m,
      'ExecStart=/usr/lib/sluis/node/bin/node $1/usr/lib/sluis/',
    )
    .replace(/^Documentation=.*$/m, 'Documentation=man:sluis(8) file:/usr/share/doc/sluis/run.md')
    .replace(/ ?Copy it to \/etc\/systemd\/system, then: systemctl daemon-reload &&(\n#)? /, ' Then: ');

/** Who answers for the package: DEBFULLNAME and DEBEMAIL, as other tools of Debian take them, else whoever made the commit. */
function maintainer() {
  const { DEBFULLNAME: name, DEBEMAIL: mail } = process.env;
  return name !== undefined && mail !== undefined
    ? `${name} <${mail}>`
    : run('git', ['log', '-1', '--format=%cn <%ce>']).trim();
}

const control = (revision, installed) => `Package: sluis
Version: ${version}-${revision}
Architecture: ${machine.debian}
Maintainer: ${maintainer()}
Installed-Size: ${installed}
Depends: libc6 (>= 2.34), libgcc-s1, libstdc++6 (>= 12), systemd (>= 252)
Recommends: openssl
Suggests: clamav-daemon, postgresql
Section: mail
Priority: optional
Description: secure mail gateway for a closed user group
 Sluis takes mail over SMTP from registered senders, says yes only when it is
 durable, keeps it sealed on disk and hands it out over POP3, or pushes it to
 registered partners with verified TLS. It can sign, encrypt, verify and open
 messages (S/MIME, PGP) and shows what became of each.
 .
 The Node that it runs on comes along, since that of Debian is older than it
 needs.
`;

const changelog = (revision, epoch) => `sluis (${version}-${revision}) unstable; urgency=medium

  * Version ${version}: see changelog.gz beside this file.

 -- ${maintainer()}  ${new Date(epoch * 1000).toUTCString().replace('GMT', '+0000')}
`;

/** Lays out all files of the package below `stage`; answers the path of the packed tarball, which is made on the way. */
export async function layOut(stage, epoch, revision, keep) {
  const put = (path, text, mode = 0o644) => {
    mkdirSync(dirname(join(stage, path)), { recursive: true });
    writeFileSync(join(stage, path), text);
    chmodSync(join(stage, path), mode);
  };
  const own = (name) => readFileSync(join(HERE, name), 'utf8');
  const zipped = (text) => gzipSync(text, { level: 9 });
  const tree = join(stage, 'usr', 'lib', 'sluis');
  const packed = makeTree(tree, keep);
  put('usr/share/doc/sluis/copyright', copyrightOf(tree));
  put('usr/share/doc/sluis/licences.gz', zipped(licencesOf(tree)));
  put('usr/share/doc/sluis/sbom.cdx.json', billOf(tree, epoch));
  put('usr/share/doc/sluis/changelog.Debian.gz', zipped(changelog(revision, epoch)));
  put('usr/share/doc/sluis/changelog.gz', zipped(readFileSync(join(tree, 'CHANGELOG.md'))));
  rmSync(join(tree, 'CHANGELOG.md'));
  // Pages for operators are where users of Debian look for them. The program reads none.
  cpSync(join(tree, 'docs'), join(stage, 'usr', 'share', 'doc', 'sluis'), { recursive: true });
  for (const name of ['systemd', 'container'])
    rmSync(join(stage, 'usr', 'share', 'doc', 'sluis', name), { recursive: true });
  rmSync(join(tree, 'docs'), { recursive: true });
  // Commands and units name the Node that comes along: a file that could be run by itself would look for another one.
  const command = readFileSync(join(tree, COMMAND), 'utf8');
  put(`usr/lib/sluis/${COMMAND}`, command.replace(/^#!.*\n/, ''));
  put('usr/bin/sluis', own('sluis'), 0o755);
  put('etc/sluis/sluis.toml', own('sluis.toml'));
  put('usr/lib/sysusers.d/sluis.conf', own('sysusers.conf'));
  put('usr/lib/tmpfiles.d/sluis.conf', own('tmpfiles.conf'));
  put('usr/share/lintian/overrides/sluis', own('lintian-overrides'));
  for (const [path, text] of Object.entries(await manualsOf(epoch))) {
    const isManual = path.startsWith('man/');
    put(`usr/share/${path}${isManual ? '.gz' : ''}`, isManual ? zipped(text) : text);
  }
  const units = join(root, 'docs', 'systemd');
  for (const name of readdirSync(units))
    put(`usr/lib/systemd/system/${name}`, unitOf(readFileSync(join(units, name), 'utf8')));
  for (const name of ['postinst', 'prerm', 'postrm']) put(`DEBIAN/${name}`, own(name), 0o755);
  put('DEBIAN/conffiles', '/etc/sluis/sluis.toml\n');
  const files = filesBelow(stage).filter((path) => !path.startsWith('DEBIAN/'));
  put(
    'DEBIAN/md5sums',
    files
      .filter((path) => !lstatSync(join(stage, path)).isSymbolicLink() && !path.startsWith('etc/'))
      .map((path) => `${hashOf('md5', join(stage, path))}  ${path}\n`)
      .join(''),
  );
  const octets = files.reduce((sum, path) => sum + Math.ceil(lstatSync(join(stage, path)).size / 1024), 0);
  put('DEBIAN/control', control(revision, octets));
  sameTimes(stage, epoch);
  return packed;
}

export const hashOf = (kind, path) => createHash(kind).update(readFileSync(path)).digest('hex');

/** Files and links, sorted. */
export const filesBelow = (folder) =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => !lstatSync(join(folder, path)).isDirectory())
    .sort();

export function sameTimes(path, epoch) {
  const found = lstatSync(path);
  if (found.isDirectory()) {
    for (const name of readdirSync(path)) sameTimes(join(path, name), epoch);
    chmodSync(path, 0o755);
  }
  if (found.isSymbolicLink()) lutimesSync(path, epoch, epoch);
  else utimesSync(path, epoch, epoch);
}

/** @returns paths of the .deb and of the packed tarball */
export async function makeDeb({ out, revision = '1' }) {
  const epoch = epochOf();
  const work = mkdtempSync(join(tmpdir(), 'sluis-deb-'));
  try {
    mkdirSync(out, { recursive: true });
    const stage = join(work, 'stage');
    const packed = await layOut(stage, epoch, revision, work);
    const deb = join(out, `sluis_${version}-${revision}_${machine.debian}.deb`);
    // A level and a number of threads of its own: both change the octets. Level 2 takes a fifth of the time of the best, for a fifth more.
    run('dpkg-deb', ['--root-owner-group', '-Zxz', '-z2', '--threads-max=1', '--build', stage, deb], {
      env: { ...process.env, SOURCE_DATE_EPOCH: String(epoch) },
    });
    const tarball = join(out, `sluis-${version}.tgz`);
    copyFileSync(packed, tarball);
    const bill = join(out, `sluis-${version}.cdx.json`);
    copyFileSync(join(stage, 'usr', 'share', 'doc', 'sluis', 'sbom.cdx.json'), bill);
    return { deb, tarball, bill };
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({
    options: { out: { type: 'string', default: join(root, 'packages') }, revision: { type: 'string', default: '1' } },
  });
  const { deb } = await makeDeb(values);
  console.log(deb);
}
