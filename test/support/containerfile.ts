/** The instructions of docs/container/Containerfile, in their order. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../peers/shell.ts';

export const FOLDER = join(root, 'docs', 'container');
export const text = readFileSync(join(FOLDER, 'Containerfile'), 'utf8');
export const steps = text
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'))
  .map((line) => {
    const [, word = '', rest = ''] = /^([A-Z]+) (.*)$/.exec(line) ?? [];
    return { word, rest };
  });
/** The arguments of each instruction with that name. */
export const argumentsOf = (word: string): readonly string[] =>
  steps.filter((step) => step.word === word).map(({ rest }) => rest);
/** Where the second stage begins. */
export const second = steps.findLastIndex(({ word }) => word === 'FROM');
