import { rmSync } from 'node:fs';
import type { SubjectScene } from './scene.ts';

/** The report is a new file, and an example is run twice. */
export const doctor: SubjectScene = { before: { doctor: [() => rmSync('tls.txt', { force: true })] } };
