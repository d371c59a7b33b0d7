// Manual pages and completion, from the command table and the schema .
import { factsOf } from '../../src/cli/command-tree.ts';
import { commandManual } from '../../src/cli/man-page.ts';
import { buildProgram } from '../../src/cli/program.ts';
import { completionScript } from '../../src/commands/completion.ts';
import { configurationManual } from '../../src/config/man-page.ts';
import { version } from './tree.mjs';

/** Text by its place below /usr/share. */
export async function manualsOf(epoch) {
  const program = factsOf(await buildProgram({ out: () => undefined, err: () => undefined, code: 0 }));
  const edition = { version, date: new Date(epoch * 1000).toISOString().slice(0, 10) };
  return {
    'man/man8/sluis.8': commandManual(program, edition),
    'man/man5/sluis.toml.5': configurationManual(edition),
    'bash-completion/completions/sluis': completionScript('bash', program),
    'zsh/vendor-completions/_sluis': completionScript('zsh', program),
    'fish/vendor_completions.d/sluis.fish': completionScript('fish', program),
  };
}
