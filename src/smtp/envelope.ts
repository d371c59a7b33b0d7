/**
 * Reads the arguments of MAIL and RCPT.
 *
 * RFC 5321 section 4.1.2 (paths, parameters), RFC 1870 (SIZE), RFC 6152 (BODY), RFC 6531
 * (SMTPUTF8), RFC 3461 sections 4.1 to 4.5 (DSN, xtext), RFC 4954 section 5 (AUTH=, accepted and
 * ignored: the session's login decides).
 */
import type { Quirk } from '../domain/quirks.ts';
import { type Refusal, type RefusalRow, refusing, row } from '../domain/refusal.ts';
import { type Result, fail, ok } from '../domain/result.ts';
import { octets } from '../domain/units.ts';
import { fromXtext } from '../mime/xtext.ts';
import type { MailParameters, RecipientParameters } from '../submission/transaction.ts';

export const envelopeRows = {
  parameterSyntax: row(
    501,
    '5.5.4',
    '{what}',
    'An argument of MAIL or RCPT is wrong; the text names it: the address, SIZE, BODY, SMTPUTF8, RET, ENVID, AUTH, NOTIFY or ORCPT.',
    'The program has a fault: ask its vendor',
  ),
  unknownParameter: row(
    555,
    '5.5.4',
    'The parameter {name} is unknown; leave it out',
    'MAIL or RCPT has a parameter that EHLO does not offer.',
  ),
} as const satisfies Record<string, RefusalRow>;

const refusals = refusing(envelopeRows);
const syntax = (what: string): Result<never, Refusal> => fail(refusals.parameterSyntax({ what }));
const unknown = (name: string): Result<never, Refusal> =>
  fail(refusals.unknownParameter({ name: /^[A-Z0-9-]{1,32}$/.test(name) ? name : 'given' }));

interface Arguments {
  /** The address without angle brackets and source route; empty for `<>`. */
  readonly path: string;
  readonly parameters: ReadonlyMap<string, string | undefined>;
  /** Deviations from RFC 5321 in this line. */
  readonly quirks: readonly Quirk[];
}

const MAX_PARAMETERS = 16;

/**
 * `MAIL FROM:<a@b> SIZE=1` -> path and parameters. Spaces and missing brackets are accepted and
 * noted as quirks, since old clients send them.
 */
function readArguments(line: string, keyword: 'FROM' | 'TO'): Result<Arguments, Refusal> {
  const match = /^[A-Za-z]{4}\s+([A-Za-z]+)\s*:\s*(<[^<>]*>|[^<>\s]+)(?:\s+(.*))?$/.exec(line);
  const path = match?.[2] ?? '';
  if (match?.[1]?.toUpperCase() !== keyword || path === '')
    return syntax(`Syntax: ${keyword === 'FROM' ? 'MAIL FROM' : 'RCPT TO'}:<address> [parameters]`);
  const parameters = new Map<string, string | undefined>();
  for (const word of (match[3] ?? '').split(/\s+/)) {
    if (word === '') continue;
    const [name = '', ...value] = word.split('=');
    const key = name.toUpperCase();
    if (parameters.has(key)) return syntax('A parameter is given twice');
    parameters.set(key, value.length === 0 ? undefined : value.join('='));
    if (parameters.size > MAX_PARAMETERS) return syntax('Too many parameters');
  }
  const bracketed = path.startsWith('<');
  const inner = bracketed ? path.slice(1, -1).trim() : path;
  const quirks: Quirk[] = [];
  if (!/^[A-Za-z]{4} [A-Za-z]+:\S/.test(line) || (bracketed && inner.length !== path.length - 2))
    quirks.push('path-blanks');
  if (!bracketed) quirks.push('no-brackets');
  // RFC 5321 section 4.1.1.3: a source route is accepted and ignored.
  return ok({ path: inner.replace(/^@[^\s,:@]+(?:,@[^\s,:@]+)*:/, ''), parameters, quirks });
}

export function readMail(
  line: string,
): Result<{ readonly path: string; readonly parameters: MailParameters }, Refusal> {
  const read = readArguments(line, 'FROM');
  if (!read.ok) return read;
  let size = 0;
  let body: MailParameters['body'] = '7BIT';
  let smtpUtf8 = false;
  let ret: MailParameters['ret'];
  let envid: string | undefined;
  for (const [name, value] of read.value.parameters) {
    switch (name) {
      case 'SIZE':
        if (value === undefined || !/^\d{1,15}$/.test(value)) return syntax('SIZE must be a number of octets');
        size = Number(value);
        break;
      case 'BODY': {
        const kind = value?.toUpperCase();
        if (kind !== '7BIT' && kind !== '8BITMIME') return syntax('BODY must be 7BIT or 8BITMIME');
        body = kind;
        break;
      }
      case 'SMTPUTF8':
        if (value !== undefined) return syntax('SMTPUTF8 takes no value');
        smtpUtf8 = true;
        break;
      case 'RET': {
        const kind = value?.toUpperCase();
        if (kind !== 'FULL' && kind !== 'HDRS') return syntax('RET must be FULL or HDRS');
        ret = kind;
        break;
      }
      case 'ENVID': {
        envid = value === undefined || value.length > 100 ? undefined : fromXtext(value);
        if (envid === undefined || envid === '') return syntax('ENVID must be xtext of at most 100 characters');
        break;
      }
      case 'AUTH':
        if (value === undefined || fromXtext(value) === undefined) return syntax('AUTH must be xtext or <>');
        break;
      default:
        return unknown(name);
    }
  }
  return ok({
    path: read.value.path,
    parameters: {
      size: octets(size),
      body,
      smtpUtf8,
      ...(ret === undefined ? {} : { ret }),
      ...(envid === undefined ? {} : { envid }),
      quirks: read.value.quirks,
    },
  });
}

const NOTIFY = new Set(['NEVER', 'SUCCESS', 'FAILURE', 'DELAY']);

export function readRecipient(
  line: string,
): Result<{ readonly path: string; readonly parameters: RecipientParameters }, Refusal> {
  const read = readArguments(line, 'TO');
  if (!read.ok) return read;
  let notify: readonly string[] | undefined;
  let originalRecipient: string | undefined;
  for (const [name, value] of read.value.parameters) {
    switch (name) {
      case 'NOTIFY': {
        notify = value?.toUpperCase().split(',');
        if (
          notify?.every((v) => NOTIFY.has(v)) !== true ||
          new Set(notify).size !== notify.length ||
          (notify.includes('NEVER') && notify.length > 1)
        )
          return syntax('NOTIFY must be NEVER, or a list of SUCCESS, FAILURE and DELAY');
        break;
      }
      case 'ORCPT': {
        originalRecipient = value === undefined || value.length > 500 ? undefined : fromXtext(value);
        if (originalRecipient === undefined || !/^[A-Za-z0-9-]+;./.test(originalRecipient))
          return syntax('ORCPT must be type;address in xtext');
        break;
      }
      default:
        return unknown(name);
    }
  }
  return ok({
    path: read.value.path,
    parameters: {
      ...(notify === undefined ? {} : { notify }),
      ...(originalRecipient === undefined ? {} : { originalRecipient }),
      quirks: read.value.quirks,
    },
  });
}
