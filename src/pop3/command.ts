/**
 * Reads one POP3 command line. Pure: octets in, a command or a text for the peer out.
 *
 * RFC 1939 sections 3 to 7, RFC 2449 section 5 (CAPA), RFC 2595 section 4 (STLS), RFC 5034 (AUTH),
 * RFC 6856 section 2 (UTF8).
 */
import { decodeText } from '../auth/client-text.ts';
import { type Result, fail, ok } from '../domain/result.ts';
import { type Trouble, troubles } from './replies.ts';

type Plain = 'STAT' | 'NOOP' | 'LAST' | 'RSET' | 'QUIT' | 'CAPA' | 'STLS' | 'UTF8';

export type Command =
  | { readonly verb: Plain }
  | { readonly verb: 'USER'; readonly login: string }
  | { readonly verb: 'PASS'; readonly password: string }
  /** Without a mechanism, AUTH asks for a list. `initial` is base64 as sent, or empty for "=". */
  | { readonly verb: 'AUTH'; readonly mechanism?: string; readonly initial?: string }
  | { readonly verb: 'LIST'; readonly number?: number }
  | { readonly verb: 'UIDL'; readonly number?: number }
  | { readonly verb: 'RETR'; readonly number: number }
  | { readonly verb: 'DELE'; readonly number: number }
  | { readonly verb: 'TOP'; readonly number: number; readonly lines: number };

export type Verb = Command['verb'];
type Parser = (argument: string, line: Buffer) => Result<Command, Trouble>;

/** Above it a number is refused, not wrapped: clients hold message numbers in 32 bits. */
const MAX_NUMBER = 2 ** 31 - 1;
// A NUL or another control character is no part of any command; a tab may stand in a password.
// eslint-disable-next-line no-control-regex -- looking for control characters is the purpose
const CONTROL = /[\0-\x08\x0a-\x1f\x7f]/;

/**
 * `line` has no line end. The error is a sentence for the peer and repeats nothing of what was
 * sent.
 */
export function parseCommand(line: Buffer): Result<Command, Trouble> {
  const text = line.toString('latin1');
  if (CONTROL.test(text)) return fail(troubles.controlCharacter);
  const space = text.indexOf(' ');
  const verb = (space < 0 ? text : text.slice(0, space)).toUpperCase();
  const parser = parsers.get(verb);
  if (parser === undefined) return fail(troubles.unknownCommand);
  return parser(space < 0 ? '' : text.slice(space + 1), line);
}

function numberOf(text: string): Result<number, string> {
  if (!/^\d+$/.test(text)) return fail('a number is expected');
  // Number() would turn 60 digits into a float that looks like a message number.
  const digits = text.replace(/^0+(?=\d)/, '');
  const value = digits.length > 10 ? Number.POSITIVE_INFINITY : Number(digits);
  return value > MAX_NUMBER ? fail(`the number is above ${MAX_NUMBER}`) : ok(value);
}

function messageOf(text: string): Result<number, string> {
  const number = numberOf(text);
  return number.ok && number.value === 0 ? fail('message numbers start at 1') : number;
}

const plain =
  (verb: Plain): Parser =>
  (argument) =>
    argument.trim() === '' ? ok({ verb }) : fail(troubles.noArgument({ verb }));

const listing =
  (verb: 'LIST' | 'UIDL'): Parser =>
  (argument) => {
    const text = argument.trim();
    if (text === '') return ok({ verb });
    const number = messageOf(text);
    return number.ok ? ok({ verb, number: number.value }) : fail(troubles.oneNumber({ verb, why: number.error }));
  };

const message =
  (verb: 'RETR' | 'DELE'): Parser =>
  (argument) => {
    const number = messageOf(argument.trim());
    return number.ok ? ok({ verb, number: number.value }) : fail(troubles.needsNumber({ verb, why: number.error }));
  };

const top: Parser = (argument) => {
  const [first = '', second = '', ...rest] = argument.trim().split(/ +/);
  const number = messageOf(first);
  const lines = numberOf(second);
  if (rest.length > 0) return fail(troubles.topSyntax({ why: 'there are more arguments' }));
  if (!number.ok) return fail(troubles.topSyntax({ why: number.error }));
  if (!lines.ok) return fail(troubles.topSyntax({ why: lines.error }));
  return ok({ verb: 'TOP', number: number.value, lines: lines.value });
};

const user: Parser = (_, line) => {
  const login = decodeText(line.subarray('USER '.length)).trim();
  return login === '' ? fail(troubles.noLogin) : ok({ verb: 'USER', login });
};

// RFC 1939 section 7: the whole rest of the line is the password, spaces included.
const pass: Parser = (_, line) => {
  const password = decodeText(line.subarray('PASS '.length));
  return password === '' ? fail(troubles.noPassword) : ok({ verb: 'PASS', password });
};

const auth: Parser = (argument) => {
  const [mechanism = '', initial, ...rest] = argument.trim().split(/ +/);
  if (rest.length > 0) return fail(troubles.authArguments);
  if (mechanism === '') return ok({ verb: 'AUTH' });
  if (!/^[A-Za-z0-9_-]{1,20}$/.test(mechanism)) return fail(troubles.authName);
  const name = mechanism.toUpperCase();
  if (initial === undefined) return ok({ verb: 'AUTH', mechanism: name });
  return ok({ verb: 'AUTH', mechanism: name, initial: initial === '=' ? '' : initial });
};

const parsers: ReadonlyMap<string, Parser> = new Map<Verb, Parser>([
  ['USER', user],
  ['PASS', pass],
  ['AUTH', auth],
  ['LIST', listing('LIST')],
  ['UIDL', listing('UIDL')],
  ['RETR', message('RETR')],
  ['DELE', message('DELE')],
  ['TOP', top],
  ...(['STAT', 'NOOP', 'LAST', 'RSET', 'QUIT', 'CAPA', 'STLS', 'UTF8'] as const).map(
    (verb) => [verb, plain(verb)] as const,
  ),
]);
