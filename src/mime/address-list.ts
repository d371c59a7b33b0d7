/**
 * Reads the mailboxes of an address field (From, Sender, Reply-To).
 *
 * RFC 5322 section 3.4, with the obsolete source route of section 4.4. Only what the policy needs: which addresses stand there, and
 * whether the field is one that two programs would read differently.
 */
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

/** Text of one list element with comments removed and quoted strings kept; stops before `,` `;` `:` or at the end. */
function element(scan: Scan): Result<string, string> {
  let text = '';
  let inAngle = false;
  while (scan.at < scan.text.length) {
    const c = scan.text[scan.at] ?? '';
    if (c === '(') {
      if (!skipComment(scan)) return fail('a comment does not end');
      text += ' ';
      continue;
    }
    if (c === '"') {
      const from = scan.at;
      if (!skipQuoted(scan)) return fail('a quoted string does not end');
      text += scan.text.slice(from, scan.at);
      continue;
    }
    if (c === '<') {
      if (inAngle || text.includes('>')) return fail('two addresses stand without a comma between them');
      inAngle = true;
    } else if (c === '>') {
      if (!inAngle) return fail('a ">" has no "<"');
      inAngle = false;
    } else if (!inAngle && (c === ',' || c === ';' || c === ':')) break;
    text += c;
    scan.at += 1;
  }
  return inAngle ? fail('a "<" has no ">"') : ok(text);
}

/** `Name <local@domain>` or `local@domain` -> `local@domain`. */
function addressOf(text: string): Result<string, string> {
  const open = text.lastIndexOf('<');
  if (open < 0) {
    const bare = text.trim();
    return /[\s"<>]/.test(bare) ? fail('an address has a name without angle brackets') : ok(bare);
  }
  const close = text.indexOf('>', open);
  if (text.slice(close + 1).trim() !== '') return fail('text stands behind an address');
  const address = text
    .slice(open + 1, close)
    .replace(/^\s*(?:@[^\s,:@]+(?:,@[^\s,:@]+)*:)?/, '')
    .trim();
  // An unquoted "@" in the display name is the usual disguise: programs show the name and hide the address.
  // QUIRK: old programs write the address itself as the name (`a@b <a@b>`); that hides nothing.
  const name = text.slice(0, open).replace(/"(?:[^"\\]|\\.)*"/g, '');
  if (name.includes('@') && name.trim().toLowerCase() !== address.toLowerCase())
    return fail('the name before an address holds an unquoted "@"');
  return ok(address);
}

/**
 * The addresses of a field's unfolded text, as written. Group syntax is an error: a group has a name that is no address, and some
 * programs show only that. Errors say what stands there, without repeating it.
 */
export function readMailboxes(text: string): Result<readonly string[], string> {
  const scan: Scan = { text, at: 0 };
  const addresses: string[] = [];
  while (scan.at < text.length) {
    const part = element(scan);
    if (!part.ok) return part;
    const next = text[scan.at];
    if (next === ':' || next === ';') return fail('group syntax is used');
    scan.at += 1;
    if (part.value.trim() === '') continue; // obs-mbox-list: empty elements
    const address = addressOf(part.value);
    if (!address.ok) return address;
    addresses.push(address.value);
    if (addresses.length > MAX_MAILBOXES) return fail(`more than ${MAX_MAILBOXES} addresses stand in one field`);
  }
  return ok(addresses);
}
