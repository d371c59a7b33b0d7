/**
 * Kinds of values that commands take. Each is a zod schema of what comes over the socket (and later over HTTPS), so that one line gives the type, the check, the
 * text of a refusal and what is generated; and it says how the same is written on a command line.
 */
import { NetworkSet } from '../../platform/network.ts';
import { z } from '../../config/zod.ts';
import { parseDuration } from '../../config/units.ts';
import { type Address, parseAddress } from '../../domain/address.ts';
import { type EdiIdentity, parseIdentity } from '../../domain/edi-identity.ts';
import type { DeliveryId } from '../../domain/ids.ts';
import { foldLogin, isOrganisationName } from '../../domain/registry.ts';
import { type Instant, instant } from '../../domain/units.ts';
import { type Day, dayOf, instantOf, isoDay, readDay } from '../../domain/working-days.ts';

/** What a value names. The row that a call leaves in the trail tells it, and it belongs to an organisation. */
export type Of =
  | 'account'
  | 'address'
  | 'organisation'
  | 'partner'
  | 'message'
  | 'delivery'
  | 'certificate'
  | 'key'
  | 'operator'
  | 'webhook'
  | 'other';

/** Where a command runs. */
export interface Outside {
  /** Text of a file; `-` is standard input. Throws where it cannot be read. */
  readonly textOf: (file: string) => string;
  /** The first line of standard input; what is left of it is there for whoever reads it next. */
  readonly lineOf: () => string;
  readonly now: () => Instant;
}

/** `W`: what goes over, JSON. `T`: what the operation gets. */
export interface Kind<T, W = string> {
  readonly schema: z.ZodType<T, W>;
  /** As in "expected ...". */
  readonly expected: string;
  /** Word for the value in a usage line: `login` in `<login>`. */
  readonly word: string;
  /** Set where it says whom or what a call was about. */
  readonly of?: Of;
  /** Never shown, not in a refusal either. */
  readonly secret?: true;
  /** All values that it can have. */
  readonly choices?: readonly string[];
  /** From a word of the command line. Undefined: it is not what is expected. */
  readonly fromText: (text: string, outside: Outside) => W | undefined;
}

/** Why a value is not what is expected, where that can be said. */
export class Refused {
  readonly why: string;
  constructor(why: string) {
    this.why = why;
  }
}

/** `read` answers undefined, or why, for a value that is not what is expected. */
export function kind<T, W = string>(
  word: string,
  expected: string,
  wire: z.ZodType<W>,
  read: (value: W) => T | Refused | undefined,
  fromText: Kind<T, W>['fromText'],
): Kind<T, W> {
  const schema = wire.transform((value, context): T => {
    const found = read(value);
    if (found !== undefined && !(found instanceof Refused)) return found;
    const message = found instanceof Refused ? `${expected} (${found.why})` : expected;
    context.issues.push({ code: 'custom', message, input: value });
    return z.NEVER;
  }) as unknown as z.ZodType<T, W>;
  return { schema, expected, word, fromText };
}

const MAX_TEXT = 512;
/** Octets of a certificate, a key or a list of them. */
const MAX_PEM = 64 * 1024;
// Control characters could forge a line of the log or move a terminal's cursor.
const CONTROL = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;

/** One line of text that `read` takes. */
export const ofText = <T>(
  word: string,
  expected: string,
  read: (text: string) => T | Refused | undefined,
  max = MAX_TEXT,
): Kind<T> =>
  kind(
    word,
    expected,
    z.string().max(max),
    (text) => (CONTROL.test(text) ? undefined : read(text)),
    (text) => text,
  );

/** `naming('account', login)`: a value of it says whom a call is about. */
export const naming = <T, W>(of: Of, given: Kind<T, W>): Kind<T, W> => ({ ...given, of });

export const login = naming(
  'account',
  ofText('login', 'a login name without spaces, colons, quotes or angle brackets', foldLogin),
);

export const address = naming(
  'address',
  ofText<Address>('address', 'an address such as name@example.nl', (text) => {
    const parsed = parseAddress(text);
    return parsed.ok ? parsed.value : new Refused(parsed.error);
  }),
);

export const ediIdentity = naming(
  'other',
  ofText<EdiIdentity>('identity', 'ID or ID:QUALIFIER, each of at most 70 characters, such as 500123456:ZZ', (text) => {
    const parsed = parseIdentity(text);
    return parsed.ok ? parsed.value : undefined;
  }),
);

export const organisation = naming(
  'organisation',
  ofText('organisation', '1 to 64 characters a-z, 0-9 and -, such as praktijk-jansen', (text) =>
    isOrganisationName(text) ? text : undefined,
  ),
);

/** One line that is not empty. */
export const text = (word: string, max = MAX_TEXT): Kind<string> =>
  ofText(word, `1 to ${max} characters in one line`, (value) => (value.trim() === '' ? undefined : value), max);

/** Our id of a message, as the 250 told it, or its Message-ID. */
export const message = naming('message', text('id', 998));

/** What `naming` a thing by its text takes: `named('certificate', 'serial')`. */
export const named = (of: Of, word: string, max = MAX_TEXT): Kind<string> => naming(of, text(word, max));

export const choice = <const C extends string>(word: string, choices: readonly C[]): Kind<C> => ({
  ...ofText(word, choices.join(' or '), (value) => choices.find((one) => one === value)),
  choices,
});

/** A whole number. */
export const count = (
  word: string,
  { min = 0, max }: { readonly min?: number; readonly max: number },
): Kind<number, number> =>
  kind(
    word,
    `a whole number from ${min} to ${max}`,
    z.number(),
    (n) => (Number.isInteger(n) && n >= min && n <= max ? n : undefined),
    (value) => (/^\d{1,15}$/.test(value) ? Number(value) : undefined),
  );

/** Addresses of machines. */
export const network = naming(
  'other',
  ofText(
    'network',
    'an address or a network, such as 192.0.2.7 or 192.0.2.0/24',
    (value) => {
      try {
        return new NetworkSet([value]);
      } catch (error) {
        return new Refused(error instanceof Error ? error.message : '');
      }
    },
    64,
  ),
);

/** Number of a delivery. */
export const delivery = naming(
  'delivery',
  kind<DeliveryId, number>(
    'number',
    'the number of a delivery; "sluis queue list" shows them',
    z.number(),
    (n) => (Number.isSafeInteger(n) && n > 0 ? (n as DeliveryId) : undefined),
    (value) => (/^[1-9]\d{0,15}$/.test(value) ? Number(value) : undefined),
  ),
);

/** A number of days: `60d` on a command line, a number over the socket. */
export const days = (max: number): Kind<number, number> =>
  kind(
    'days',
    `a number of days up to ${max}, such as ${Math.min(60, max)}d`,
    z.number(),
    (n) => (Number.isInteger(n) && n >= 1 && n <= max ? n : undefined),
    (value) => {
      const n = (parseDuration(value) ?? 0) / 86_400_000;
      return Number.isInteger(n) && n >= 1 ? n : undefined;
    },
  );

const TIMED = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,3})?)?(Z|[+-]\d\d:\d\d)$/;

function readMoment(value: string, ofDay: (day: number) => Instant): Instant | undefined {
  const day = readDay(value);
  if (day !== undefined) return ofDay(day);
  const at = TIMED.test(value) ? Date.parse(value) : Number.NaN;
  return Number.isNaN(at) ? undefined : instant(at);
}

/**
 * `yesterday`, `2h` and `14d` are counted from now, by whoever types them: what goes over the socket is a day or a moment. Days stay days, so that the
 * same words of the same day are the same input, which two operators may have signed.
 */
function fromWords(value: string, now: Instant, towards: 1 | -1): string {
  const named = { yesterday: -1, today: 0, tomorrow: 1 }[value];
  if (named !== undefined) return isoDay(dayOf(now) + named);
  const length = parseDuration(value);
  if (length === undefined) return value;
  if (value.trimEnd().endsWith('d')) return isoDay(dayOf(now) + (towards * length) / 86_400_000);
  return new Date(now + towards * length).toISOString();
}

const momentOf = (word: string, expected: string, ofDay: (day: number) => Instant, towards: 1 | -1): Kind<Instant> => ({
  ...ofText(word, expected, (value) => readMoment(value, ofDay)),
  fromText: (value, { now }) => fromWords(value, now(), towards),
});
const PAST = 'a day such as 2027-12-31, yesterday, 2h or 14d ago, or a time such as 2027-12-31T12:00:00+01:00';
const FUTURE = 'a day such as 2027-12-31, tomorrow, 14d from now, or a time such as 2027-12-31T12:00:00+01:00';
const lastOf = (day: number): Instant => instant(instantOf(day + 1) - 1000);

/** From when something that was is looked at: a day is its first moment, in Amsterdam wherever an operator names it. */
export const since = momentOf('moment', PAST, instantOf, -1);
/** Until when something that was is looked at: a day with its last millisecond. */
export const until = momentOf('moment', PAST, (day) => instant(instantOf(day + 1) - 1), -1);
/** When something begins that is to be: a day is its first moment. */
export const begins = momentOf('date', FUTURE, instantOf, 1);
/** When something ends that is to be: a day is its last second. */
export const ends = momentOf('date', FUTURE, lastOf, 1);

/** A day in Amsterdam that is to be, as a whole. */
export const day: Kind<Day> = {
  ...ofText('day', 'a day such as 2027-12-31, tomorrow, or 14d from now', readDay),
  fromText: (value, { now }) => fromWords(value, now(), 1),
};

/** A file of PEM. */
export const pem = (word = 'file'): Kind<string> => pemOf(word, MAX_PEM, (value) => value);

/** The same, of at most `max` octets, as `read` takes it. */
export const pemOf = (word: string, max: number, read: (pem: string) => string | Refused): Kind<string> =>
  fileOf(word, `PEM of at most ${max / 1024}KiB`, max, read);

/** A file: its name on the command line, its text over the socket. */
export const fileOf = (
  word: string,
  expected: string,
  max: number,
  read: (text: string) => string | Refused = (text) => text,
): Kind<string> => ({
  ...kind<string>(
    word,
    expected,
    z.string().max(max),
    (value) => (value === '' ? undefined : read(value)),
    (file, { textOf }) => textOf(file),
  ),
  // A private key may be what was given by mistake.
  secret: true,
});

/** PKCS #10, as text. */
export const certificateRequest: Kind<string> = fileOf(
  'file',
  `PEM, or DER in base64, of at most ${MAX_PEM / 1024}KiB`,
  MAX_PEM,
);

/** A password, or a private key. On a command line it is never an argument: the command reads it from a file or a prompt. */
export const secret = (expected: string, max = 4096): Kind<string> => ({
  ...kind<string>(
    'secret',
    expected,
    z.string().max(max),
    (value) => value,
    (value) => value,
  ),
  secret: true,
});

/** What others must not see, of one line: `-` is the first line of standard input, since arguments are seen by every user of the machine. */
export const firstLine = (word: string, max: number): Kind<string> => ({
  ...text(word, max),
  fromText: (value, { lineOf }) => (value === '-' ? lineOf() : value),
  secret: true,
});

/** The name of a file that the command reads or writes itself. */
export const file = text('file', 4096);
export const folder = text('folder', 4096);
