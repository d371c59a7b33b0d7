/**
 * Archives that show whether a scanner tells when it met a limit of its own.
 *
 * clamd looks at no more than its limits let it, and by default says OK all the same
 * (`AlertExceedsMax no`). Nobody can ask it for its limits, so it is given archives that are larger
 * inside than limits usually are, with the test file of EICAR behind their end. It finds the file:
 * it looked at all of it. It tells of a limit: then it does so for mail as well. OK: malware behind
 * a limit passes as clean.
 *
 * One large member and many small ones are two questions: clamd 1.4 says OK of a member of a ZIP
 * archive above `MaxFileSize`, even with `AlertExceedsMax yes`, unless `MaxFileSize` is at least
 * `MaxScanSize`.
 */
import { constants, deflateRawSync } from 'node:zlib';
import { joinSmall } from '../platform/bytes.ts';
import { type ZipMember, zip } from './zip.ts';

const KiB = 1024;
const MiB = 1024 * KiB;

/**
 * The test file that every scanner knows, in two pieces: in one, scanners on the way of this
 * program would find it here.
 */
export const EICAR = Buffer.from(
  ['X5O!P%@AP[4\\PZX54(P^)7CC)7}$', 'EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*'].join(''),
  'latin1',
);

/** MiB in one piece. */
const AT_ONCE = 64;
/**
 * 2112 MiB: above clamd's largest `MaxFileSize`, 2 GiB. It writes out no more than its limit,
 * whatever follows.
 */
const LARGE = 33 * AT_ONCE;
/**
 * Of 512 KiB each: 500 MiB in all, more than clamd's usual `MaxScanSize` (400 MiB), in an archive
 * of 640 KB.
 */
const MANY = 1000;
const SMALL = 512 * KiB;
/** Each begins with another number, or a scanner that knows it again would not count it. */
const HEAD = 4 * KiB;

/** Deflate that goes on behind it: such pieces stand one behind the other. */
const piece = (octets: Uint8Array): Buffer => deflateRawSync(octets, { finishFlush: constants.Z_FULL_FLUSH });

const nextTurn = (): Promise<void> => new Promise((turn) => setImmediate(turn));

/** POSIX.1-1988: a header of tar for a file of so many octets. */
function tarHeader(name: string, octets: number): Buffer {
  const header = Buffer.alloc(512);
  header.write(name, 0, 'latin1');
  header.write('0000644\0' + '0000000\0' + '0000000\0', 100, 'latin1');
  header.write(`${octets.toString(8).padStart(11, '0')}\0` + '00000000000\0' + ' '.repeat(8) + '0', 124, 'latin1');
  header.write('ustar\0' + '00', 257, 'latin1');
  const sum = header.reduce((all, octet) => all + octet, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return header;
}

const padded = (octets: Buffer): Buffer => joinSmall([octets, Buffer.alloc(512 - octets.length)]);

/** A ZIP archive with one member, a tar of 2 GiB of zeros with the test file behind them. 2 MB. */
export function oneLargeMember(): AsyncGenerator<Uint8Array, void, void> {
  const begin = tarHeader('zeros', LARGE * MiB);
  const end = joinSmall([tarHeader('eicar.com', EICAR.length), padded(EICAR), Buffer.alloc(KiB)]);
  const [first, last] = [piece(begin), deflateRawSync(end)];
  const middle = joinSmall(Array<Buffer>(AT_ONCE).fill(piece(Buffer.alloc(MiB))));
  const pieces = [first, ...Array<Buffer>(LARGE / AT_ONCE).fill(middle), last];
  const compressed = pieces.reduce((sum, { length }) => sum + length, 0);
  const octets = begin.length + LARGE * MiB + end.length;
  return zip([{ name: 'large.tar', compressed, octets, pieces }]);
}

/** A ZIP archive with 1,000 members of 512 KiB and the test file behind them. */
export const manySmallMembers = (): AsyncGenerator<Uint8Array, void, void> => zip(smallMembers());

async function* smallMembers(): AsyncGenerator<ZipMember, void, void> {
  const rest = deflateRawSync(Buffer.alloc(SMALL - HEAD));
  for (let n = 1; n <= MANY; n += 1) {
    const head = Buffer.alloc(HEAD);
    head.writeUInt32BE(n);
    const first = piece(head);
    const compressed = first.length + rest.length;
    yield { name: `small-${n}`, compressed, octets: SMALL, pieces: [first, rest] };
    if (n % 16 === 0) await nextTurn();
  }
  const last = deflateRawSync(EICAR);
  const { length: octets } = EICAR;
  yield { name: 'eicar.com', compressed: last.length, octets, pieces: [last] };
}

export const PROOFS = [
  { name: 'one large member', archive: oneLargeMember },
  { name: 'many small members', archive: manySmallMembers },
] as const;
