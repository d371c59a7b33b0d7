/** What works on files alone: no gateway runs, or none does yet. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { SubjectScene } from './scene.ts';

export const serve: SubjectScene = {
  begin: [(scene) => scene.stop(), (scene) => (scene.kept.config = scene.config)],
  replace: { 'sluis.toml': 'config' },
  beside: { serve: 'status' },
};

export const dev: SubjectScene = { beside: { dev: 'account list --config trial/data/sluis.toml' } };

/**
 * No PostgreSQL is there: the move ends where nobody would acknowledge.
 * test/peers/store-move.test.ts has a whole one.
 */
export const store: SubjectScene = {
  begin: [
    (scene) => scene.stop(),
    (scene) => {
      const beside = (name: string): string => join(dirname(scene.config), name);
      writeFileSync(beside('owner.password'), 'any\n', { mode: 0o600 });
      const text = readFileSync(scene.config, 'utf8')
        .replace(
          /^\[store\]$/m,
          '[store]\nengine = "postgres"\nhosts = ["127.0.0.1:1"]\npassword-file = "owner.password"',
        )
        .replace(/^\[cluster\]$/m, '[cluster]\nnode = "gw1"\nsite = "noord"');
      writeFileSync(beside('sluis-postgres.toml'), text);
      scene.kept.postgres = beside('sluis-postgres.toml');
      scene.kept.owner = beside('owner.password');
    },
  ],
  replace: { 'sluis-postgres.toml': 'postgres', 'owner.password': 'owner' },
  code: {
    'store move --config sluis-postgres.toml --owner-password-file owner.password --yes --reason "a second site"': 7,
  },
};

/**
 * Where a gateway is already none joins: it says so before it asks a database.
 * test/postgres/keys.test.ts has a whole one.
 */
export const init: SubjectScene = {
  code: {
    'init --from-config': 4,
    'init --postgres --join --node gw2 --site zuid --host db1.example.nl:5432 --ca db-ca.pem --password-file db-password --master-key-file master.key --cluster-listen 10.2.0.11:7443 --peer gw1.noord.example.nl:7443 --cluster-ca cluster-ca.pem --cluster-certificate cluster.pem --cluster-key cluster.key --hostname mail.example.nl': 4,
  },
};

export const restore: SubjectScene = {
  begin: [{ run: 'backup take backups', keep: { backup: 'path' } }, (scene) => scene.stop()],
  before: { restore: [(scene) => rmSync(scene.gateway.config.data.folder, { recursive: true })] },
  replace: { 'backups/2026-11-26T020000Z': 'backup' },
};
