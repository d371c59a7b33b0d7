// What is in a package: the bill of materials (CycloneDX) and the licences of all parts. `npm sbom` reads the lock; Node and, in the image, libraries of the system
// are added. Its number and time are those of the commit, so that two builds have the same octets.
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root, run, version } from './tree.mjs';

export const nodeVersion = () =>
  JSON.parse(readFileSync(join(root, 'scripts', 'node', 'package.json'), 'utf8')).version;

/** A component of CycloneDX for what is no npm package. */
export const component = (name, its, licence, purl) => ({
  ...{ 'bom-ref': `${name}@${its}`, type: 'library', name, version: its, scope: 'required', purl },
  licenses: licence === undefined ? [] : [{ license: { name: licence } }],
});

const nodeComponent = () => ({
  ...component('node', nodeVersion(), undefined, `pkg:generic/node@${nodeVersion()}`),
  licenses: [{ license: { id: 'MIT' } }],
});

/**
 * What `npm sbom` says of the production tree. It looks at a lock without packages for development: with them `--omit dev` leaves out each package that one of those
 * needs as well, zod among them (npm 11.19).
 */
function npmBill(folder) {
  const work = mkdtempSync(join(tmpdir(), 'sluis-bill-'));
  try {
    const read = (name) => JSON.parse(readFileSync(join(folder, name), 'utf8'));
    const own = read('package.json');
    delete own.devDependencies;
    const lock = read('npm-shrinkwrap.json');
    delete lock.packages[''].devDependencies;
    for (const [path, { dev, link }] of Object.entries(lock.packages))
      if (dev === true || link === true || path === 'scripts/node') delete lock.packages[path];
    writeFileSync(join(work, 'package.json'), JSON.stringify(own));
    writeFileSync(join(work, 'package-lock.json'), JSON.stringify(lock));
    return JSON.parse(run('npm', ['sbom', '--sbom-format', 'cyclonedx', '--package-lock-only'], { cwd: work }));
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** @param folder the production tree; `more`: further components */
export function billOf(folder, epoch, more = []) {
  const bill = npmBill(folder);
  bill.metadata.component.name = 'sluis';
  bill.metadata.timestamp = new Date(epoch * 1000).toISOString();
  // What another kind of machine would install is not in the package.
  const there = new Set(packagesIn(folder).map(({ name, version: its }) => `${name}@${its}`));
  const told = new Set(bill.components.map((one) => `${one.name}@${one.version}`));
  const untold = [...there].filter((one) => !told.has(one));
  if (untold.length > 0)
    throw new Error(`Cannot list what is in the package: npm sbom leaves out ${untold.join(', ')}`);
  const own = bill.metadata.component['bom-ref'];
  bill.components = [
    ...bill.components.filter((one) => there.has(`${one.name}@${one.version}`)),
    nodeComponent(),
    ...more,
  ].sort((a, b) => (a['bom-ref'] < b['bom-ref'] ? -1 : 1));
  const kept = new Set([own, ...bill.components.map((one) => one['bom-ref'])]);
  bill.dependencies = bill.dependencies
    .filter(({ ref }) => kept.has(ref))
    .map(({ ref, dependsOn }) => ({ ref, dependsOn: dependsOn.filter((one) => kept.has(one)) }));
  bill.serialNumber = uuidOf(JSON.stringify(bill.components));
  return `${JSON.stringify(bill, null, 2)}\n`;
}

/** A UUID of version 8 (RFC 9562 section 5.8) that says what is in the bill. */
function uuidOf(text) {
  const hex = createHash('sha256').update(text).digest('hex');
  return `urn:uuid:${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

const LICENCE = /^(licen[cs]e|copying|notice)([.-].*)?$/i;

/** Every package below node_modules, also those within packages: name, version, licence, and the texts of its licence files. */
export function packagesIn(folder) {
  const found = [];
  const look = (packages) => {
    for (const entry of existsSync(packages) ? readdirSync(packages).sort() : []) {
      if (entry.startsWith('@')) look(join(packages, entry));
      else if (existsSync(join(packages, entry, 'package.json'))) {
        const place = join(packages, entry);
        const { name, version: its, license, licenses } = JSON.parse(readFileSync(join(place, 'package.json'), 'utf8'));
        const texts = readdirSync(place)
          .filter((file) => LICENCE.test(file))
          .sort()
          .map((file) => readFileSync(join(place, file), 'utf8'));
        found.push({
          name,
          version: its,
          licence: license?.type ?? license ?? licenses?.map(({ type }) => type).join(' OR '),
          texts,
        });
        look(join(place, 'node_modules'));
      }
    }
  };
  look(join(folder, 'node_modules'));
  return found;
}

/** The packages, Node, and `more` that comes along, each with its licence and the texts of it. */
function partsOf(folder, more = []) {
  const parts = [
    ...packagesIn(folder),
    ...more,
    {
      name: 'node',
      version: nodeVersion(),
      licence: 'MIT and those of its parts',
      texts: [readFileSync(join(folder, 'node', 'LICENSE'), 'utf8')],
    },
  ];
  const unsaid = parts.filter(({ licence }) => licence === undefined || licence === '');
  if (unsaid.length > 0)
    throw new Error(
      `Cannot list licences: ${unsaid.map(({ name }) => name).join(', ')} names none; look at it and decide`,
    );
  return parts;
}

const lineOf = ({ name, version: its, licence }) => `${name} ${its} (${licence})`;
const OWN = `Sluis ${version}. Its licence is the owner's to choose; until then it is not for use by others.
It comes with the following parts, each under its own licence.`;

/** What Debian wants beside every program: its own terms, and each part with the name of its licence. */
export const copyrightOf = (folder, more) => `${OWN}

${partsOf(folder, more).map(lineOf).join('\n')}

The texts of these licences, as they came with each part, stand in "licences" beside this file.
Licences that Debian keeps: /usr/share/common-licenses/Apache-2.0 and /usr/share/common-licenses/LGPL-3
`;

/** One text with the licences of all parts, the same text once. */
export function licencesOf(folder, more) {
  const byText = new Map();
  for (const part of partsOf(folder, more)) {
    const text = part.texts.map((one) => one.replaceAll('\r\n', '\n').trim()).join('\n\n');
    byText.set(text, [...(byText.get(text) ?? []), part]);
  }
  return [
    OWN,
    ...[...byText].map(
      ([text, those]) =>
        `${'-'.repeat(72)}\n${those.map(lineOf).join('\n')}\n\n${text === '' ? 'The package has no text of its licence; it is named above.' : text}`,
    ),
    '',
  ].join('\n\n');
}
