/**
 * Runs `sluis serve` with a walk over submitted messages that sees no octet and finds nothing, for
 * comparison.
 */
import { runCommandLine } from '../src/cli/program.ts';
import { MimeWalk } from '../src/mime/walk.ts';

MimeWalk.prototype.write = () => undefined;
MimeWalk.prototype.end = () => ({ leaves: [], limits: [] });
process.exitCode = await runCommandLine(['serve', ...process.argv.slice(2)]);
