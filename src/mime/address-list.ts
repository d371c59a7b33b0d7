/**
 * Reads the mailboxes of an address field (From, Sender, Reply-To).
 *
 * RFC 5322 section 3.4, with the obsolete source route of section 4.4. Only what the policy needs:
 * which addresses stand there, and whether the field is one that two programs would read
 * differently.
 */
import { withoutQuotes } from '../domain/address.ts';
import { type Result, fail, ok } from '../domain/result.ts';

/** Deeper nesting than this in a comment is an attack on the reader. */
const MAX_COMMENT_DEPTH = 16;
const MAX_MAILBOXES = 100;

interface Scan {
  readonly text: string;
  at: number;
}

/** Skips a quoted string that begins at `at`; false when it never ends. */
function skipQuoted(scan: Scan): boolean {
  for (scan.at += 1; scan.at < scan.text.length; scan.at += 1) {
    if (scan.text[scan.at] === '\\') scan.at += 1;
    else if (scan.text[scan.at] === '"') {
      scan.at += 1;
      return true;
    }
  }
  return false;
}

/** Skips a comment that begins at `at`; false when it never ends or is nested too deep. */
function skipComment(scan: Scan): boolean {
  let depth = 0;
  for (; scan.at < scan.text.length; scan.at += 1) {
    const c = scan.text[scan.at];
    if (c === '\\') scan.at += 1;
    else if (c === '(') {
      depth += 1;
      if (depth > MAX_COMMENT_DEPTH) return false;
    } else if (c === ')') {
      depth -= 1;
      if (depth === 0) {
        scan.at += 1;
        return true;
      }
    }
  }
  return false;
}

/**
 * One list element: what stands before the angle brackets (quoted strings left out of `plain`), and
 * what stands in them.
 */
interface Element {
  readonly text: string;
  readonly plain: string;
  readonly angle: string | undefined;
}

/** Reads one element; stops before `,` `;` `:` or at the end. Comments are skipped. */
function element(scan: Scan): Result<Element, string> {
  let text = '';
  let plain = '';
  let angle: string | undefined;
  let inAngle = false;
  while (scan.at < scan.text.length) {
    const c = scan.text[scan.at] ?? '';
    if (c === '(') {
      if (!skipComment(scan)) return fail('a comment does not end');
      if (!inAngle) text += ' ';
      continue;
    }
    const from = scan.at;
    if (c === '"' && !skipQuoted(scan)) return fail('a quoted string does not end');
    if (!inAngle && (c === ',' || c === ';' || c === ':')) break;
    if (c !== '"') scan.at += 1;
    const read = scan.text.slice(from, scan.at);
    if (c === '<') {
      if (angle !== undefined) return fail('two addresses stand without a comma between them');
      inAngle = true;
      angle = '';
    } else if (c === '>') {
      if (!inAngle) return fail('a ">" has no "<"');
      inAngle = false;
    } else if (inAngle) angle = (angle ?? '') + read;
    else if (angle !== undefined) {
      if (read.trim() !== '') return fail('text stands behind an address');
    } else {
      text += read;
      if (c !== '"') plain += read;
    }
  }
  return inAngle ? fail('a "<" has no ">"') : ok({ text, plain, angle });
}

/** `Name <local@domain>` or `local@domain` -> `local@domain`. */
function addressOf({ text, plain, angle }: Element): Result<string, string> {
  if (angle === undefined) {
    const bare = withoutQuotes(text.trim());
    return /[\s"]/.test(bare) ? fail('an address has a name without angle brackets') : ok(bare);
  }
  const address = withoutQuotes(angle.replace(/^\s*(?:@[^\s,:@]+(?:,@[^\s,:@]+)*:)?/, '').trim());
  // An unquoted "@" in the display name is the usual disguise: programs show the name and hide the
  // address. QUIRK: old programs write the address itself as the name (`a@b <a@b>`); that hides
  // nothing.
  if (plain.includes('@') && plain.trim().toLowerCase() !== address.toLowerCase())
    return fail('the name before an address holds an unquoted "@"');
  return ok(address);
}

/**
 * The addresses of a field's unfolded text, as written, but without quotes that they do not need.
 * Group syntax is an error: a group has a name that is not an address, and some programs show only
 * that. An error says what is wrong with the text, and does not repeat it.
 */
export function readMailboxes(text: string, most = MAX_MAILBOXES): Result<readonly string[], string> {
  const scan: Scan = { text, at: 0 };
  const addresses: string[] = [];
  while (scan.at < text.length) {
    const part = element(scan);
    if (!part.ok) return part;
    const next = text[scan.at];
    if (next === ':' || next === ';') return fail('group syntax is used');
    scan.at += 1;
    if (part.value.angle === undefined && part.value.text.trim() === '') continue; // obs-mbox-list: empty elements
    const address = addressOf(part.value);
    if (!address.ok) return address;
    addresses.push(address.value);
    if (addresses.length > most) return fail(`more than ${most} addresses are in one field`);
  }
  return ok(addresses);
}
