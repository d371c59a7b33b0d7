/**
 * `sluis serve` in which the walk over submitted messages sees no octet and finds nothing. For
 * comparison alone.
 */
import { runCommandLine } from '../src/cli/program.ts';
import { MimeWalk } from '../src/mime/walk.ts';

MimeWalk.prototype.write = () => undefined;
MimeWalk.prototype.end = () => ({ leaves: [], limits: [] });
process.exitCode = await runCommandLine(['serve', ...process.argv.slice(2)]);
