/** Where results are kept, for the decisions that rest on them: bench/results/NAME.json. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { round } from './stats.ts';

/** Facts about the machine, for the result. */
export const machine = () => ({
  ...{ cpu: cpus()[0]?.model ?? 'unknown', cores: cpus().length, node: process.version },
  load: round(loadavg()[0] ?? 0),
});

export function keep(name: string, result: object): void {
  const folder = fileURLToPath(new URL('../bench/results/', import.meta.url));
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `${name}.json`), `${JSON.stringify(result, undefined, 1)}\n`);
}
