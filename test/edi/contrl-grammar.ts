/**
 * A second opinion on what we write: reads a CONTRL by the message's own tables and names what they
 * forbid.
 *
 * By the segment table and the segment directory of CONTRL D.3 (UN/EDIFACT, for syntax versions 1
 * to 3) and of ISO 9735-4 (version 4): which segments may follow which, what each must have, which
 * action may stand where, and which error at which level (annex A of part 4). It shares no code
 * with the writer.
 */
const ACTIONS = { UCI: ['4', '7', '8'], UCF: ['4', '7'], UCM: ['4', '7'] } as const;
type Level = keyof typeof ACTIONS | 'UCS' | 'UCD';

/** 0085 by level, as annex A allows it. */
const ALLOWED: Readonly<Record<string, string>> = {
  ...{ 2: 'I', 7: 'I', 20: 'I', 23: 'I', 46: 'I', 24: 'IF', 26: 'IFM', 28: 'IFM', 29: 'IFM', 30: 'IFM', 32: 'IF' },
  ...{ 12: 'IFMSD', 13: 'IFMSD', 14: 'IFMSD', 15: 'IFMSD', 16: 'IFMSD', 18: 'IFMSD', 21: 'IFMSD', 22: 'IFMSD' },
  ...{ 17: 'IFMS', 25: 'IFMS', 33: 'IF', 35: 'MSD', 36: 'S', 37: 'IFMD', 39: 'IFMD', 40: 'IFMD', 45: 'IFMS', 47: 'FM' },
};
const SIGN: Readonly<Record<Level, string>> = { UCI: 'I', UCF: 'F', UCM: 'M', UCS: 'S', UCD: 'D' };

/** What a segment may stand behind. SG1 is UCM (UCS UCD), SG3 is UCF (UCM (UCS UCD)). */
const BEHIND: Readonly<Record<string, readonly string[]>> = {
  UNH: ['UNB'],
  UCI: ['UNH'],
  UCM: ['UCI', 'UCF', 'UCM', 'UCS', 'UCD'],
  UCS: ['UCM', 'UCS', 'UCD'],
  UCD: ['UCS', 'UCD'],
  UCF: ['UCI', 'UCF', 'UCM', 'UCS', 'UCD'],
  UNT: ['UCI', 'UCF', 'UCM', 'UCS', 'UCD'],
  UNZ: ['UNT'],
};
/** Which segment of the interchange an error may be about (0013, 0135). */
const ABOUT: Readonly<Record<string, readonly string[]>> = {
  UCI: ['UNA', 'UNB', 'UNZ'],
  UCF: ['UNG', 'UNE'],
  UCM: ['UNH', 'UNT'],
};
const PLACE = { UCI: 4, UCF: 4, UCM: 3 } as const;

/** Empty if nothing is wrong. Without line breaks between segments, or with them. */
export function contrlFaults(text: string): string[] {
  const faults: string[] = [];
  const segments = split(text.replace(/^UNA.{6}\s*/, '').replace(/'\s+/g, "'"), "'")
    .filter((segment) => segment !== '')
    .map((segment) => split(segment, '+'));
  const fault = (at: number, what: string): void => void faults.push(`${segments[at]?.join('+')}: ${what}`);
  const named = new Set<string>();
  let uci = '';
  let group = '';
  let loose = false;
  for (const [at, [tag = '', ...elements]] of segments.entries()) {
    const before = segments[at - 1]?.[0];
    if (tag !== 'UNB' && BEHIND[tag]?.includes(before ?? '') !== true) fault(at, `stands behind ${before}`);
    if (tag === 'UNH' && !/^CONTRL:(?:D:3|4:1):UN$/.test(elements[1] ?? '')) fault(at, 'another message');
    if (tag === 'UCI') {
      uci = elements[3] ?? '';
      if (!(elements[0] && elements[1] && elements[2])) fault(at, '0020, S002 and S003 are mandatory');
    }
    if (tag === 'UCF') {
      group = elements[0] ?? '';
      if (!(elements[0] && elements[1] && elements[2])) fault(at, '0048, S006 and S007 are mandatory');
      if (loose) fault(at, 'groups and single messages side by side');
    }
    if (tag === 'UCM') {
      loose ||= group === '';
      const [type = '', version = ''] = (elements[1] ?? '').split(':');
      if (elements[0] === '' || type === '' || version === '') fault(at, '0062 and S009 are mandatory');
      const name = `${group} ${elements[0]} ${elements[1]}`;
      if (named.has(name)) fault(at, 'named twice');
      named.add(name);
    }
    if (tag in ACTIONS) {
      const level = tag as keyof typeof ACTIONS;
      const [action = '', error, about] = elements.slice(PLACE[level] - 1);
      if (!(ACTIONS[level] as readonly string[]).includes(action)) fault(at, `action ${action}`);
      if (action === '4' && error === undefined && !hasLower(segments, at)) fault(at, 'rejected, and no error told');
      if (error !== undefined && ALLOWED[error]?.includes(SIGN[level]) !== true) fault(at, `error ${error} at ${tag}`);
      if (about !== undefined && ABOUT[level]?.includes(about) !== true) fault(at, `about ${about}`);
      if (tag !== 'UCI' && uci === '8') fault(at, 'below a receipt');
    }
    if (tag === 'UNT' && Number(elements[0]) !== at) fault(at, `${at} segments`);
  }
  return faults;
}

/** Something below it, which may hold the error in its place. */
const hasLower = (segments: readonly (readonly string[])[], at: number): boolean =>
  !['UNT', 'UCM', 'UCF'].includes(segments[at + 1]?.[0] ?? 'UNT') || segments[at]?.[0] === 'UCI';

/** At signs that are not released. */
function split(text: string, sign: string): string[] {
  const parts: string[] = [];
  let part = '';
  for (let at = 0; at < text.length; at += 1) {
    if (text[at] === '?') part += text.slice(at, (at += 1) + 1);
    else if (text[at] === sign) {
      parts.push(part);
      part = '';
    } else part += text.charAt(at);
  }
  return [...parts, part];
}
