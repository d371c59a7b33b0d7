/** What works on files alone: no gateway runs, or none does yet. */
import { rmSync } from 'node:fs';
import type { SubjectScene } from './scene.ts';

export const serve: SubjectScene = {
  begin: [(scene) => scene.stop(), (scene) => (scene.kept.config = scene.config)],
  replace: { 'sluis.toml': 'config' },
  beside: { serve: 'status' },
};

export const dev: SubjectScene = { beside: { dev: 'account list --config trial/data/sluis.toml' } };

export const store: SubjectScene = { begin: [(scene) => scene.stop()] };

export const restore: SubjectScene = {
  begin: [{ run: 'backup take backups', keep: { backup: 'path' } }, (scene) => scene.stop()],
  before: { restore: [(scene) => rmSync(scene.gateway.config.data.folder, { recursive: true })] },
  replace: { 'backups/2026-11-26T020000Z': 'backup' },
};
