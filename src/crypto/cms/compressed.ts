/**
 * Reads CompressedData (RFC 3274) and inflates it on the way, in slices. Nothing proves what comes
 * out: the caller stages it.
 *
 * A few octets of zlib can stand for a thousand times as many, so what comes out is limited twice:
 * in all, and by what went in.
 */
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createInflate } from 'node:zlib';
import type { Result } from '../../domain/result.ts';
import { KiB, MiB } from '../../domain/units.ts';
import { BerError, readingSlowly } from '../certificates/ber.ts';
import { oidValue, smallInteger } from '../certificates/ber-values.ts';
import { Tag, context } from '../certificates/der.ts';
import { Oid } from '../certificates/oids.ts';
import { BerStream } from './ber-stream.ts';
import { enterContentInfo, leaveContentInfo } from './content-info.ts';
import { CMS_LIMITS, type CmsLimits } from './limits.ts';
import type { CmsProblem } from './problem.ts';
import { type Sink, type Slices, paced } from './slices.ts';

/**
 * Above `FREE`, most octets that may come out for one that went in. EDI and text, which are full of
 * repetition, stay below 50.
 */
export const MAX_RATIO = 200;
/** Octets that may come out whatever went in. */
const FREE = MiB;

/**
 * `into` gets the content, id-data, before anybody knows whether all of it can be read.
 * `limits.maxContent`: octets that come out.
 */
export async function inflate(
  source: Slices,
  into: Sink,
  limits: CmsLimits = CMS_LIMITS,
): Promise<Result<undefined, CmsProblem>> {
  const stream = new BerStream(source, limits);
  try {
    return await readingSlowly('compressed message', () => read(stream, into, limits));
  } finally {
    await stream.close();
  }
}

async function read(stream: BerStream, into: Sink, limits: CmsLimits): Promise<undefined> {
  await enterContentInfo(stream, [Oid.compressedData], 'compressed data');
  smallInteger(await stream.element('version'), 'version');
  const algorithm = await stream.element('compression algorithm', Tag.sequence);
  const dotted = oidValue(algorithm.children().next('compression algorithm'), 'compression algorithm');
  if (dotted !== Oid.zlib) throw algorithm.error('unsupported', `the content is compressed with ${dotted}, not zlib`);
  await stream.enter('content info', Tag.sequence);
  oidValue(await stream.element('content type'), 'content type');
  await stream.enter('content', context(0));
  await inflated(stream, into, limits);
  await stream.leave('content');
  await stream.leave('content info');
  await leaveContentInfo(stream, 'compressed data');
  return undefined;
}

async function inflated(stream: BerStream, into: Sink, { maxContent }: CmsLimits): Promise<void> {
  let given = 0;
  let made = 0;
  const counted = async function* (): AsyncGenerator<Buffer, void, void> {
    for await (const slice of stream.octets('content', Tag.octetString)) {
      given += slice.length;
      yield slice;
    }
  };
  const take = async (slice: Buffer): Promise<void> => {
    made += slice.length;
    const most = Math.min(maxContent, Math.max(FREE, given * MAX_RATIO));
    if (made > most) throw new BerError('limit', given, `the content inflates to more than ${most} octets`);
    await into(slice);
  };
  const inflater = createInflate({ chunkSize: 64 * KiB });
  const ended: { why?: Error } = {};
  try {
    await pipeline(Readable.from(counted()), inflater, async (slices: AsyncIterable<Buffer>) => {
      for await (const slice of paced(slices))
        // A pipeline that ends early reports that it was aborted, and not why.
        await take(slice).catch((error: unknown) => {
          if (error instanceof Error) ended.why = error;
          throw error;
        });
    });
  } catch (error) {
    if (ended.why !== undefined) throw ended.why;
    const cause = inflater.errored ?? error;
    if (!String((cause as NodeJS.ErrnoException).code).startsWith('Z_')) throw error;
    throw new BerError('malformed', given, 'the content is not a zlib stream, or breaks off');
  }
}
