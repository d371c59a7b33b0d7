/**
 * Kinds of values that commands take. Each is a zod schema of what comes over the socket (and later over HTTPS), so that one line gives the type, the check, the
 * text of a refusal and what is generated; and it says how the same is written on a command line.
 */
import { z } from '../../config/zod.ts';
import { type Address, parseAddress } from '../../domain/address.ts';
import { foldLogin } from '../../domain/registry.ts';

/** `W`: what goes over, JSON. `T`: what the operation gets. */
export interface Kind<T, W = string> {
  readonly schema: z.ZodType<T, W>;
  /** As in "expected ...". */
  readonly expected: string;
  /** What stands for it in a usage line: `login` in `<login>`. */
  readonly word: string;
  /** It says whom or what a call was about: it stands in the row that the call leaves in the trail. */
  readonly names?: true;
  /** From a word of the command line. Undefined: it is not what is expected. */
  readonly fromText: (text: string) => W | undefined;
}

/** Why a value is not what is expected, where that can be said. */
class Refused {
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
  fromText: (text: string) => W | undefined,
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
// Control characters could forge a line of the log or move a terminal's cursor.
const CONTROL = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;

const ofText = <T>(word: string, expected: string, read: (text: string) => T | Refused | undefined): Kind<T> =>
  kind(
    word,
    expected,
    z.string().max(MAX_TEXT),
    (text) => (CONTROL.test(text) ? undefined : read(text)),
    (text) => text,
  );

const naming = <T>(of: Kind<T>): Kind<T> => ({ ...of, names: true });

export const login = naming(
  ofText('login', 'a log-in name without spaces, colons, quotes or angle brackets', foldLogin),
);

export const address = naming(
  ofText<Address>('address', 'an address such as name@example.nl', (text) => {
    const parsed = parseAddress(text);
    return parsed.ok ? parsed.value : new Refused(parsed.error);
  }),
);

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
    (text) => (/^\d{1,15}$/.test(text) ? Number(text) : undefined),
  );
