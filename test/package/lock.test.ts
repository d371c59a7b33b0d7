/**
 * What package-lock.json promises of the packages of others, without asking anybody: each is named
 * by its octets, none comes from elsewhere than a registry, and what a release gives away stands
 * under a licence that was looked at. Whether one has known faults only `npm run release` asks
 * (scripts/package/audit.mjs).
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

const root = join(import.meta.dirname, '..', '..');

interface Locked {
  readonly version?: string;
  readonly integrity?: string;
  readonly resolved?: string;
  readonly link?: boolean;
  readonly inBundle?: boolean;
  readonly dev?: boolean;
  readonly license?: string;
}

const packagesIn = (...path: string[]): Readonly<Record<string, Locked>> =>
  (JSON.parse(readFileSync(join(root, ...path), 'utf8')) as { readonly packages: Readonly<Record<string, Locked>> })
    .packages;
/** The gateway itself, and the folder that brings Node into a checkout. */
const OURS = new Set(['', 'scripts/node', 'node_modules/sluis-node']);
const locked = Object.entries(packagesIn('package-lock.json'));
const others = locked.filter(([place]) => !OURS.has(place));

test('each package of others is locked at one version by the SHA-512 of its octets, and comes from no place of its own', () => {
  assert(others.length > 300);
  for (const [place, { version = '', integrity = '', resolved, link, inBundle }] of others) {
    // Elsewhere, such as in a repository of git or a folder, nobody can compare the octets.
    assert.deepEqual([resolved, link, inBundle], [undefined, undefined, undefined], place);
    assert.match(version, /^\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?$/, place);
    assert.match(integrity, /^sha512-[A-Za-z0-9+/]{86}==$/, place);
    assert.match(place, /^(?:node_modules\/(?:@[^/]+\/)?[^/]+\/?)+$/, place);
  }
  assert.deepEqual(
    locked.filter(([, { resolved, link }]) => resolved !== undefined || link === true).map(([place]) => place),
    ['node_modules/sluis-node'],
  );
});

/** Of packages that a release has: those that ask for their text alone. */
const PERMISSIVE = ['0BSD', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', 'ISC', 'MIT', 'MIT-0'];
/**
 * A package of its own, unchanged and exchangeable, as the LGPL wants; of two licences the first is
 * taken.
 */
const LOOKED_AT: Readonly<Record<string, string>> = {
  'node_modules/openpgp': 'LGPL-3.0+',
  'node_modules/@zone-eu/mailsplit': '(MIT OR EUPL-1.1+)',
};

test('what a release gives away stands under a licence that was looked at', () => {
  const unknown = others.flatMap(([place, { dev, license = 'none' }]) =>
    dev === true || PERMISSIVE.includes(license) || LOOKED_AT[place] === license ? [] : [`${place}: ${license}`],
  );
  assert.deepEqual(unknown, []);
});

test('what is installed is what the lock names', () => {
  const lock = new Map(locked);
  const installed = Object.entries(packagesIn('node_modules', '.package-lock.json'));
  assert(installed.length > 200);
  const differ = installed.filter(([place, { version, integrity }]) => {
    const its = lock.get(place);
    return its === undefined || its.version !== version || its.integrity !== integrity;
  });
  assert.deepEqual(
    differ.map(([place]) => place),
    [],
  );
});
