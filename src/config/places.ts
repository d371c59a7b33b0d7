/**
 * Where keys and their copy may lie: two things that are lost or found together must not open each
 * other.
 */
import { join } from 'node:path';
import { isInside } from '../platform/paths.ts';
import { type ConfigProblem, shown } from './problem.ts';
import type { Config } from './schema.ts';

/**
 * The folder of the anchors, which are signed heads of the trail. Like the keys it is outside the
 * data folder, so that somebody who can write only the database cannot write here.
 */
export const anchorFolderOf = ({ audit, keys }: Config): string => audit.anchors ?? join(keys.folder, 'anchors');

export function keyProblems(config: Config): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  const { folder, 'master-key-file': file, 'master-key-command': command } = config.keys;
  if ((file === undefined) === (command === undefined))
    problems.push({
      path: 'keys',
      expected: 'exactly one of master-key-file and master-key-command',
      remedy: file === undefined ? 'neither is set; set one' : 'both are set; remove one',
    });
  for (const [name, path] of [
    ['folder', folder],
    ['master-key-file', file],
  ] as const)
    if (path !== undefined && isInside(path, config.data.folder))
      problems.push({
        path: `keys.${name}`,
        value: shown(path),
        expected: 'a place outside the data folder',
        remedy: 'move it: a copy of the data folder must not carry the keys that open it',
      });
  return problems;
}

/**
 * Problems of the copy of the keys: it must not be lost together with the keys, nor lie beside what
 * they open.
 */
export function keyCopyProblems({ keys, data, backup }: Config): ConfigProblem[] {
  const to = keys['copy-to'];
  if (to === undefined) return [];
  const others: readonly (readonly [string, string | undefined])[] = [
    ['keys.folder', keys.folder],
    ['data.folder', data.folder],
    ['backup.folder', backup.folder],
    ['backup.copy-to', backup['copy-to']],
  ];
  const near = others.find(([, place]) => place !== undefined && (isInside(to, place) || isInside(place, to)));
  if (near === undefined) return [];
  return [
    {
      path: 'keys.copy-to',
      value: shown(to),
      expected: `a place apart from ${near[0]}`,
      remedy:
        'name a folder on another machine, neither around nor within that one: keys must not be with what they open',
    },
  ];
}
