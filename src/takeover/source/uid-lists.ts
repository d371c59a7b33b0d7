/**
 * The files in which Dovecot and Courier keep the numbers of a maildir's messages. Read only; what
 * cannot be read in them is refused.
 */
import { defined } from '../../domain/defined.ts';
import { SourceError } from './source.ts';

/**
 * The name of a message's file without its flags: what stands before the colon stays the same for
 * ever.
 */
export const baseOf = (name: string): string => name.split(':')[0] ?? name;

export interface DovecotList {
  readonly uidvalidity: number;
  readonly nextUid: number;
  readonly records: ReadonlyMap<
    string,
    {
      readonly uid: number;
      /** `P`: the UIDL of an older server, which Dovecot continues to give. */
      readonly uidl?: string;
      readonly guid?: string;
      /** `W`: octets with CRLF line ends. */
      readonly octets?: number;
      /** `O`: place in POP3, before those that have none. */
      readonly order?: number;
    }
  >;
}

const bad = (file: string, line: number, expected: string): SourceError =>
  new SourceError(
    `Cannot read "${file}", line ${line}: expected ${expected}; name the rule with --rule, or give --uidl-file`,
  );

/** `dovecot-uidlist`, version 3 (keyed fields) and 1. */
export function readDovecotList(text: string, file: string): DovecotList {
  const [head = '', ...lines] = text.split('\n');
  const version = head[0];
  const three = version === '3' ? fieldsOf(head.slice(1)) : undefined;
  const one = /^1 (\d+) (\d+)/.exec(head);
  const uidvalidity = Number(three?.V ?? one?.[1]);
  const nextUid = Number(three?.N ?? one?.[2]);
  if (!Number.isInteger(uidvalidity) || !Number.isInteger(nextUid))
    throw bad(file, 1, 'a list of version 3 or 1 with UIDVALIDITY and next number, such as "3 V1764158400 N12"');
  const records = new Map<string, NonNullable<ReturnType<DovecotList['records']['get']>>>();
  for (const [i, line] of lines.entries()) {
    if (line === '') continue;
    const match = three === undefined ? /^(\d+)( )(.+)$/.exec(line) : /^(\d+)((?: [^ :][^ ]*)*) :(.+)$/.exec(line);
    if (match === null) throw bad(file, i + 2, 'a number, fields and the name of a file');
    const { P: uidl, G: guid, W: octets, O: order } = three === undefined ? {} : fieldsOf(match[2] ?? '');
    records.set(baseOf(match[3] ?? ''), {
      uid: Number(match[1]),
      ...defined({ uidl, guid }),
      ...(octets === undefined ? {} : { octets: Number(octets) }),
      ...(order === undefined ? {} : { order: Number(order) }),
    });
  }
  return { uidvalidity, nextUid, records };
}

const fieldsOf = (text: string): Partial<Record<string, string>> =>
  Object.fromEntries(text.split(' ').flatMap((field) => (field === '' ? [] : [[field[0] ?? '', field.slice(1)]])));

export interface CourierList {
  readonly uidvalidity: number;
  readonly nextUid: number;
  readonly records: ReadonlyMap<
    string,
    { readonly uid: number; readonly uidvalidity: number; readonly octets: number }
  >;
}

/** `courierpop3dsizelist`, versions 1 to 3: name, octets, number and UIDVALIDITY. */
export function readCourierList(text: string, file: string): CourierList {
  const [head = '', ...lines] = text.split('\n');
  const header = /^\/[123] (\d+)(?: (\d+))?$/.exec(head.trim());
  if (header === null) throw bad(file, 1, 'a list of version 1 to 3, such as "/2 12 1764158400"');
  const records = new Map<string, { uid: number; uidvalidity: number; octets: number }>();
  for (const [i, line] of lines.entries()) {
    if (line === '') continue;
    const match = /^(.+) (\d+) (\d+)(?::(\d+))?(?::\d+)?$/.exec(line);
    if (match === null) throw bad(file, i + 2, 'the name of a file, its octets and its number');
    const [, name = '', octets, uid, uidvalidity = 0] = match;
    records.set(baseOf(name), { uid: Number(uid), uidvalidity: Number(uidvalidity), octets: Number(octets) });
  }
  return { uidvalidity: Number(header[2] ?? 0), nextUid: Number(header[1]), records };
}

/**
 * As Courier writes them. A message without a number is known by its file, with `+XX` for what a
 * UIDL may not have.
 */
export const courierUidl = ({ uid, uidvalidity }: { uid: number; uidvalidity: number }, base: string): string =>
  uid === 0
    ? base.replace(/[^\x21-\x7e]|['"+]/g, (c) => `+${c.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`)
    : uidvalidity === 0
      ? `UID${uid}`
      : `UID${uid}-${uidvalidity}`;
