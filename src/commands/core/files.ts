/**
 * Kinds of values that come from files or are secrets. The content of a file goes over the socket;
 * its name stays on the command line.
 */
import { z } from '../../config/zod.ts';
import { type Expected, type Kind, type Refused, kind, text } from './kind.ts';

/** Most octets of a certificate, a key or a list of them. */
const MAX_PEM = 64 * 1024;

/** A file of PEM. */
export const pem = (word = 'file'): Kind<string> => pemOf(word, MAX_PEM, (value) => value);

/** A PEM file of at most `max` octets, read by `read`. */
export const pemOf = (word: string, max: number, read: (pem: string) => string | Refused): Kind<string> =>
  fileOf(word, { en: `PEM of at most ${max / 1024}KiB`, nl: `PEM van hoogstens ${max / 1024}KiB` }, max, read);

/** A file: its name stands on the command line, its text goes over the socket. */
export const fileOf = (
  word: string,
  expected: Expected,
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
  // Somebody may give a private key by mistake, so the text is never shown.
  secret: true,
});

/** A certificate request (PKCS #10), as text. */
export const certificateRequest: Kind<string> = fileOf(
  'file',
  {
    en: `PEM, or DER in base64, of at most ${MAX_PEM / 1024}KiB`,
    nl: `PEM, of DER in base64, van hoogstens ${MAX_PEM / 1024}KiB`,
  },
  MAX_PEM,
);

const MAX_SECRET = 4096;

/**
 * A password or a private key. It is never an argument on the command line: the command reads it
 * from a file or a prompt.
 */
export const secret = (
  expected: Expected = {
    en: `a text of at most ${MAX_SECRET} characters`,
    nl: `een tekst van hoogstens ${MAX_SECRET} tekens`,
  },
): Kind<string> => ({
  ...kind<string>(
    'secret',
    expected,
    z.string().max(MAX_SECRET),
    (value) => value,
    (value) => value,
  ),
  secret: true,
});

/**
 * A secret of one line. `-` stands for the first line of standard input, since every user of the
 * machine can see arguments.
 */
export const firstLine = (word: string, max: number): Kind<string> => ({
  ...text(word, max),
  fromText: (value, { lineOf }) => (value === '-' ? lineOf() : value),
  secret: true,
});

/** The name of a file that the command reads or writes itself. */
export const file = text('file', 4096);
export const folder = text('folder', 4096);
