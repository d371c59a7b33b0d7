/** Preloaded into a gateway's process (`node --import`): the walk over submitted messages sees no octet and finds nothing. For comparison alone. */
import { MimeWalk } from '../src/mime/walk.ts';

MimeWalk.prototype.write = () => undefined;
MimeWalk.prototype.end = () => ({ leaves: [], limits: [] });
