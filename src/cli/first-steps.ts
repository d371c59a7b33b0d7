/**
 * What `sluis` prints without a command: what to do first or, if there is a configuration, what to
 * look at first.
 */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { connectControl } from '../admin/client.ts';
import { controlSocketOf, loadConfig } from '../config/load.ts';
import { callerOf } from './options.ts';

type Steps = readonly (readonly [command: string, about: string])[];

const FIRST: Steps = [
  ['sluis init --config sluis.toml --hostname mail.example.nl', 'a configuration, keys and an empty store'],
  ['sluis check', 'can all of it be used?'],
  ['sluis serve', 'run the gateway'],
  ["sluis organisation add de-brug --title 'Praktijk De Brug'", 'who takes part'],
  ['sluis account add balie@de-brug.example --organisation de-brug', 'who logs in; its name is its first address'],
];
const LATER: Steps = [
  ['sluis status', 'is mail accepted now, by which version, on which ports?'],
  ['sluis check', 'configuration, keys and certificates, and what one is reminded of'],
  ['sluis queue list', 'what waits for partners'],
  ['sluis account list', 'who takes part'],
  ['sluis doctor', 'TLS of the ports, the clock, backups'],
];

export async function firstSteps(file = process.env.SLUIS_CONFIG ?? 'sluis.toml'): Promise<string> {
  const there = existsSync(file);
  const steps = there ? LATER : FIRST;
  const width = Math.max(...steps.map(([command]) => command.length));
  return [
    'Sluis, a secure mail gateway for a closed user group.',
    there
      ? `${resolve(file)}: ${await gatewayOf(file)}. What one looks at:`
      : `There is no configuration at ${file} (--config FILE and SLUIS_CONFIG name another). What one does first:`,
    '',
    ...steps.map(([command, about]) => `  ${command.padEnd(width)}  ${about}`),
    '',
    '"sluis --help" lists all commands, "sluis account --help" those of one group.',
    '',
  ].join('\n');
}

async function gatewayOf(file: string): Promise<string> {
  let socket;
  try {
    socket = controlSocketOf(loadConfig(file));
  } catch {
    return 'it cannot be used as it is, and "sluis check" says why';
  }
  const running = await connectControl(socket, callerOf({})).catch(() => undefined);
  await running?.close();
  return running === undefined ? 'no gateway runs here; "sluis serve" starts it' : 'the gateway runs';
}
