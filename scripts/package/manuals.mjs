// Manual pages and completion, from the command table and the schema of the compiled program.
import { factsOf } from '../../dist/src/cli/command-tree.js';
import { commandManual } from '../../dist/src/cli/man-page.js';
import { buildProgram } from '../../dist/src/cli/program.js';
import { completionScript } from '../../dist/src/commands/completion.js';
import { configurationManual } from '../../dist/src/config/man-page.js';
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
