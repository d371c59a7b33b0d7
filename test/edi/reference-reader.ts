/**
 * A second reader of EDIFACT envelopes for the tests: over a whole text, one obvious step after the
 * other, no regard to memory or speed. Knows no binary objects.
 */
import { sha256 } from '../mime/composer.ts';

export interface Envelope {
  readonly sender: string;
  readonly recipient: string;
  readonly reference: string;
  readonly types: Readonly<Record<string, number>>;
  /** Of what stands between UNB and UNZ. */
  readonly digest: string;
  readonly right: boolean;
}

export function readEnvelopes(text: string): Envelope[] {
  const envelopes: Envelope[] = [];
  let signs = ":+.? '";
  let rest = text;
  let begin = '';
  let interchange: string[][][] | undefined;
  for (;;) {
    rest = rest.replace(/^[\r\n\t ]+/, '');
    if (interchange === undefined && rest.startsWith('UNA')) {
      signs = rest.slice(3, 9);
      rest = rest.slice(9);
      continue;
    }
    if (rest === '') return envelopes;
    const [component, element, , release, , terminator] = signs;
    const segment = rest;
    // A segment ends at the first terminator that no release character precedes.
    let end = 0;
    while (rest[end] !== terminator) end += rest[end] === release && release !== ' ' ? 2 : 1;
    const elements: string[][] = [['']];
    for (let at = 0; at < end; at++) {
      const last = elements.at(-1)!;
      if (rest[at] === release && release !== ' ') last.push(`${last.pop() ?? ''}${rest[++at] ?? ''}`);
      else if (rest[at] === element) elements.push(['']);
      else if (rest[at] === component) last.push('');
      else last.push(`${last.pop() ?? ''}${rest[at] ?? ''}`);
    }
    rest = rest.slice(end + 1);
    if (interchange === undefined) begin = rest;
    (interchange ??= []).push(elements);
    if (elements[0]![0] !== 'UNZ') continue;
    const between = begin.slice(0, begin.length - segment.length);
    envelopes.push({ ...envelopeOf(interchange), digest: between === '' ? '' : sha256(between).slice(0, 32) });
    interchange = undefined;
    signs = ":+.? '";
  }
}

function envelopeOf(segments: readonly string[][][]): Omit<Envelope, 'digest'> {
  const [unb] = segments;
  const unz = segments.at(-1)!;
  const types: Record<string, number> = {};
  let right = unz[2]?.[0] === unb![5]?.[0];
  let begin = 0;
  let messages = 0;
  for (const [n, segment] of segments.entries()) {
    if (segment[0]![0] === 'UNH') {
      begin = n;
      messages++;
      const [type, ...version] = segment[2]!;
      const key = `${type} ${version.join(':')}`;
      types[key] = (types[key] ?? 0) + 1;
    }
    if (segment[0]![0] === 'UNT')
      right = right && Number(segment[1]?.[0]) === n - begin + 1 && segment[2]?.[0] === segments[begin]![1]?.[0];
  }
  right = right && Number(unz[1]?.[0]) === messages;
  return { sender: unb![2]![0]!, recipient: unb![3]![0]!, reference: unb![5]![0]!, types, right };
}
