/**
 * Whom the gateway runs as: what the units say, as systemd reads them, else the owner of the data
 * folder.
 */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { gatewayUser } from '../../src/cli/gateway-user.ts';
import { root } from '../peers/shell.ts';

let folder = '';
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluis-units-'));
});
after(() => rmSync(folder, { recursive: true }));

let made = 0;
/** Folders with these files, and whom they say that the gateway of the configuration runs as. */
function saidBy(files: Readonly<Record<string, string>>, file = '/etc/sluis/sluis.toml', data = '/nonexistent') {
  const place = join(folder, String((made += 1)));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(place, name)), { recursive: true });
    writeFileSync(join(place, name), text);
  }
  const found = gatewayUser({ file, data: { folder: data } }, [join(place, 'etc'), join(place, 'lib')]);
  return found === undefined ? undefined : { ...found, by: found.by.replace(`${place}/`, '') };
}
const shipped = (name: string): string => readFileSync(join(root, 'docs', 'systemd', name), 'utf8');

test('the unit that comes along: its user, and a master key that the service manager hands over', () => {
  const found = saidBy({ 'lib/sluis.service': shipped('sluis.service') });
  assert.deepEqual(found, {
    user: 'sluis',
    group: 'sluis',
    groups: [],
    by: 'lib/sluis.service',
    hasMasterKey: true,
  });
});

test('each of several units has its own configuration', () => {
  const files = { 'lib/sluis@.service': shipped('sluis@.service') };
  assert.deepEqual(
    [saidBy(files, '/etc/sluis/gw1-a.toml')?.user, saidBy(files, '/srv/gw1-a.toml')?.user],
    ['sluis', undefined],
  );
});

test('a drop-in and a unit of the administrator come before that of the package; an empty line takes back', () => {
  const unit = shipped('sluis.service');
  const dropIn = '[Service]\nUser=mail\nGroup=\nGroup=post\nSupplementaryGroups=ssl-cert keys\nLoadCredential=\n';
  assert.deepEqual(saidBy({ 'lib/sluis.service': unit, 'etc/sluis.service.d/own.conf': dropIn }), {
    user: 'mail',
    group: 'post',
    groups: ['ssl-cert', 'keys'],
    by: 'lib/sluis.service',
    hasMasterKey: false,
  });
  const own = unit.replace('User=sluis', 'User=other');
  assert.equal(saidBy({ 'lib/sluis.service': unit, 'etc/sluis.service': own })?.user, 'other');
  const elsewhere = '[Service]\nExecStart=\nExecStart=/opt/node/bin/node main.js serve \\\n  --config /srv/own.toml\n';
  const moved = { 'lib/sluis.service': unit, 'etc/sluis.service.d/own.conf': elsewhere };
  assert.deepEqual([saidBy(moved)?.user, saidBy(moved, '/srv/own.toml')?.user], [undefined, 'sluis']);
});

test('without a unit of it: the owner of the data folder; nobody where that is root, or is not there', () => {
  const { uid, gid } = statSync(folder);
  const found = saidBy({}, '/srv/sluis.toml', folder);
  const wanted = { user: uid, groupOfNameless: gid, by: folder, hasMasterKey: false };
  assert.deepEqual(found, uid === 0 ? undefined : wanted);
  assert.equal(saidBy({}, '/srv/sluis.toml', '/'), undefined);
  assert.equal(saidBy({}, '/srv/sluis.toml'), undefined);
  const asRoot = '[Service]\nExecStart=/usr/bin/sluis serve --config /etc/sluis/sluis.toml\n';
  assert.equal(saidBy({ 'etc/sluis.service': asRoot }, undefined, folder), undefined);
});
