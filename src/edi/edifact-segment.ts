/**
 * The service characters of EDIFACT; finds the end of a segment and cuts it into its elements (ISO
 * 9735:1988 and ISO 9735-1).
 */
import type { OctetFinder } from '../platform/octet-finder.ts';

const U = 85;
const N = 78;

export interface ServiceCharacters {
  readonly component: number;
  readonly element: number;
  /** -1: none is used. */
  readonly release: number;
  readonly terminator: number;
}

/** ISO 9735 section 7.1: what is used without UNA. */
export const LEVEL_A: ServiceCharacters = { component: 58, element: 43, release: 63, terminator: 39 };
/** ISO 9735 annex A: the information separators of level B. */
export const LEVEL_B: ServiceCharacters = { component: 0x1f, element: 0x1d, release: -1, terminator: 0x1c };

/**
 * From the six bytes behind `UNA`. A blank as release character says that none is used. The decimal
 * mark (the third) and the fifth byte do not matter here.
 */
export function serviceCharacters(advice: Buffer): ServiceCharacters {
  const release = advice[3] ?? 32;
  return {
    component: advice[0] ?? 58,
    element: advice[1] ?? 43,
    release: release === 32 ? -1 : release,
    terminator: advice[5] ?? 39,
  };
}

/**
 * Offset of the first terminator from `from` on that is not released; -1 if there is none.
 * `before`: how many release characters stand right in front of `from`.
 */
export function terminatorFrom(terminators: OctetFinder, from: number, release: number, before: number): number {
  const { data } = terminators;
  let end = terminators.from(from);
  // Most terminators have no release character in front; this test sees that without a call.
  while (end >= 0 && (end === from || data[end - 1] === release)) {
    if (releasesBefore(data, from, end, release, before) % 2 === 0) break;
    end = terminators.from(end + 1);
  }
  return end;
}

/** How many release characters stand right in front of `end`. */
export function releasesBefore(data: Buffer, from: number, end: number, release: number, before: number): number {
  let at = end;
  while (at > from && data[at - 1] === release) at -= 1;
  return end - at + (at === from ? before : 0);
}

/** True if a segment of the envelope, or something like one, begins at `at`. */
export const isServiceAt = (data: Buffer, at: number): boolean => data[at] === U && data[at + 1] === N;

/**
 * The letter behind `UN` in the tag of the segment between two offsets; a blank if nothing stands
 * there, empty for every other tag.
 */
export function serviceSign(data: Buffer, from: number, end: number): string {
  if (end < from + 2 || !isServiceAt(data, from)) return '';
  return end === from + 2 ? ' ' : String.fromCharCode(data[from + 2] ?? 0);
}

/** True for UNZ, and for the UNB of the next interchange. */
export function endsInterchange(data: Buffer, from: number, end: number): boolean {
  const sign = serviceSign(data, from, end);
  return sign === 'Z' || sign === 'B';
}

/**
 * Elements of the segment between two offsets, the tag being the first; each a list of components,
 * one character an octet, without release characters.
 */
export function elementsOf(data: Buffer, begin: number, end: number, characters: ServiceCharacters): string[][] {
  const { component, element, release } = characters;
  const signs = data.toString('latin1', begin, end);
  const elements: string[][] = [];
  let components: string[] = [];
  let text = '';
  let from = 0; // signs from here on are not in `text` yet
  for (let at = 0; at < signs.length; at += 1) {
    const octet = data[begin + at];
    if (octet === release && at + 1 < signs.length) {
      text += signs.slice(from, at);
      at += 1;
      from = at;
    } else if (octet === component || octet === element) {
      components.push(text + signs.slice(from, at));
      text = '';
      from = at + 1;
      if (octet === element) {
        elements.push(components);
        components = [];
      }
    }
  }
  components.push(text + signs.slice(from));
  elements.push(components);
  return elements;
}
