/** Keys, backups and what needs no gateway: most of it on a store that the command opens itself. */
import { renameSync } from 'node:fs';
import { freeze } from './frozen.ts';
import { sends } from './mail.ts';

freeze('keys', { accounts: ['anna', 'bert'] }, [
  sends('anna', 'bert@group.test', 'one'),
  {
    run: 'init --config {here}/new/sluis.toml --hostname mail.new.test --data {here}/new/data --keys {here}/new/keys --port-base 31400 --address 127.0.0.1 --dev-certificates',
  },
  { run: 'init --config {here}/new/sluis.toml --hostname mail.new.test', code: 4 },
  { run: 'init --config {here}/other/sluis.toml --hostname nodomain', code: 5 },
  'check --config {here}/new/sluis.toml',
  { run: 'check --config {here}/none.toml', code: 5 },
  { run: 'organisation add alleen --title Alleen --config {here}/new/sluis.toml --reason why' },
  'account list --config {here}/new/sluis.toml',

  'key status',
  `key escrow --out {here}/shares --custodian Jan --custodian Piet --custodian Klaas --needed 2 --reason why`,
  { run: 'key escrow --out {here}/shares-2 --custodian Jan', code: 2 },
  'key verify {here}/shares/share-1-Jan.txt {here}/shares/share-3-Klaas.txt --reason why',
  { run: 'key verify {here}/shares/share-1-Jan.txt', code: 2 },
  'key status',
  { run: 'key recover {here}/shares/share-1-Jan.txt {here}/shares/share-2-Piet.txt --out {here}/recovered.key' },
  { run: 'key recover {here}/shares/share-1-Jan.txt --out {here}/recovered-2.key', code: 2 },
  { run: 'key rotate --yes --reason why', code: 7 },

  'backup list {here}/backups',
  { run: 'backup take {here}/backups --reason why', keep: { backup: 'path' } },
  { run: 'backup {here}/backups' },
  { run: 'backup take', code: 2 },
  'backup list {here}/backups',
  'backup check {backup}',
  { run: 'backup check {here}/none', code: 3 },
  'drill restore {backup} --all --reason why',
  { run: 'drill restore {here}/none', code: 3 },
  { run: 'store compact', code: 7 },

  (scene) => scene.stop(),
  { run: 'status', code: 7 },
  { run: 'reload', code: 7 },
  { run: 'session list', code: 7 },
  'account show anna@group.test',
  'queue list',
  { run: 'restore {backup} --reason why', code: 4 },
  { run: 'restore {backup}', code: 2 },
  (scene) => renameSync(scene.gateway.config.data.folder, `${scene.gateway.folder}/data.lost`),
  'restore {backup} --anchors {gateway}/keys/anchors --unsigned --reason why',
  (scene) => renameSync(scene.gateway.config.data.folder, `${scene.gateway.folder}/data.restored`),
  'restore {backup} --all --push --reason why',
  { run: 'key rotate', code: 2 },
  'key rotate --yes --reason why',
  'key rotate --without-copy --yes --reason why',
  'store compact',
]);
