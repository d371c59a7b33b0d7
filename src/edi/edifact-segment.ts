/** Service characters of EDIFACT, and a segment cut into its elements (ISO 9735:1988 and ISO 9735-1). */

export interface ServiceCharacters {
  readonly component: number;
  readonly element: number;
  /** -1: none is used. */
  readonly release: number;
  readonly terminator: number;
}

/** ISO 9735 section 7.1, what holds without UNA. */
export const LEVEL_A: ServiceCharacters = { component: 58, element: 43, release: 63, terminator: 39 };
/** ISO 9735 annex A: the information separators of level B. */
export const LEVEL_B: ServiceCharacters = { component: 0x1f, element: 0x1d, release: -1, terminator: 0x1c };

/** From the six octets behind `UNA`. A blank as release character says that none is used. The decimal mark and the fifth do not matter here. */
export function serviceCharacters(advice: Buffer): ServiceCharacters {
  const release = advice[3] ?? 32;
  return {
    component: advice[0] ?? 58,
    element: advice[1] ?? 43,
    release: release === 32 ? -1 : release,
    terminator: advice[5] ?? 39,
  };
}

/** Elements of a segment, the tag being the first; each a list of components, one character an octet, release characters undone. */
export function elementsOf(segment: Buffer, characters: ServiceCharacters): string[][] {
  const { component, element, release } = characters;
  const elements: string[][] = [];
  let components: string[] = [];
  let text = '';
  for (let at = 0; at < segment.length; at += 1) {
    const octet = segment[at] ?? 0;
    if (octet === release && at + 1 < segment.length) {
      at += 1;
      text += String.fromCharCode(segment[at] ?? 0);
    } else if (octet === component || octet === element) {
      components.push(text);
      text = '';
      if (octet === element) {
        elements.push(components);
        components = [];
      }
    } else text += String.fromCharCode(octet);
  }
  components.push(text);
  elements.push(components);
  return elements;
}
