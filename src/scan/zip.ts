/**
 * Writes a ZIP archive (APPNOTE 6.3, sections 4.3.7, 4.3.12, 4.3.16) whose members are compressed
 * already, for the proofs of proof.ts. Its checksums are 0: clamd looks at none, and those of 2 GiB
 * would cost a second.
 */
import { joinSmall } from '../platform/bytes.ts';

/** Deflated. `pieces`: its octets, `compressed` in all. */
export interface ZipMember {
  readonly name: string;
  readonly compressed: number;
  readonly octets: number;
  readonly pieces: Iterable<Uint8Array>;
}

const VERSION = 20;
const DEFLATED = 8;
/** The first day that the format knows. */
const DAY = 0x21;

type Numbers = readonly (readonly [octets: 2 | 4, value: number])[];

function numbers(...values: Numbers): Buffer {
  const written = Buffer.alloc(values.reduce((sum, [octets]) => sum + octets, 0));
  let at = 0;
  for (const [octets, value] of values) at = written.writeUIntLE(value, at, octets);
  return written;
}

const common = ({ name, compressed, octets }: ZipMember): Numbers => [
  [2, VERSION],
  [2, 0],
  [2, DEFLATED],
  [2, 0],
  [2, DAY],
  [4, 0],
  [4, compressed],
  [4, octets],
  [2, name.length],
  [2, 0],
];

/** One member at a time is held. Names are ASCII. */
export async function* zip(
  members: AsyncIterable<ZipMember> | Iterable<ZipMember>,
): AsyncGenerator<Uint8Array, void, void> {
  const directory: Buffer[] = [];
  let at = 0;
  for await (const member of members) {
    const name = Buffer.from(member.name, 'latin1');
    const local = joinSmall([numbers([4, 0x04034b50], ...common(member)), name]);
    yield local;
    yield* member.pieces;
    directory.push(
      joinSmall([
        numbers([4, 0x02014b50], [2, VERSION], ...common(member), [2, 0], [2, 0], [2, 0], [4, 0], [4, at]),
        name,
      ]),
    );
    at += local.length + member.compressed;
  }
  const length = directory.reduce((sum, { length: octets }) => sum + octets, 0);
  yield* directory;
  const many = directory.length;
  yield numbers([4, 0x06054b50], [2, 0], [2, 0], [2, many], [2, many], [4, length], [4, at], [2, 0]);
}
