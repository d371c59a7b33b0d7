/**
 * A value of a setting as text: what operators write on the command line, in CSV and in forms, and
 * read in every listing.
 */
import { MAX_KINDS, parseEdiKinds } from '../edi-kinds.ts';
import { formatOctets, parseOctets } from '../octets-text.ts';
import { foldLogin } from '../registry.ts';
import { type Result, fail, ok } from '../result.ts';
import { telephoneDigits } from '../telephone.ts';
import { parseClosedDays } from '../working-days.ts';
import type { SettingKind, SettingValue } from './setting.ts';

/** Signs of a telephone number with its blanks. */
const MAX_TELEPHONE = 32;

const expectation = (type: SettingKind): string => {
  switch (type.kind) {
    case 'octets':
      return `a size from ${formatOctets(type.min)} to ${formatOctets(type.max)}, such as 25MiB`;
    case 'count':
      return `a whole number from ${type.min} to ${type.max}`;
    case 'boolean':
      return 'yes or no';
    case 'choice':
      return type.of.join(' or ');
    case 'closed-days':
      return 'none, or weekdays, days and ranges separated by spaces, such as "wed 2026-12-24..2027-01-03"';
    case 'edi-kinds':
      return `any, or up to ${MAX_KINDS} names of at most 70 characters separated by spaces, such as "MEDLAB MEDVRI:1 ORU^*"`;
    case 'mailbox':
      return 'own, or the login name of an account';
    case 'day':
      return 'none, or a day such as 2026-12-31';
    case 'digits':
      return `none, or ${type.length} digits`;
    case 'telephone':
      return `none, or a telephone number of at most ${MAX_TELEPHONE} signs, such as "+31 20 1234567" or 020-1234567`;
    case 'words':
      return `none, or one line of 1 to ${type.max} characters`;
  }
};

/** Writes a value so that `parseValue` reads the same one back. */
export const formatSetting = (type: SettingKind, value: SettingValue): string =>
  typeof value === 'boolean'
    ? value
      ? 'yes'
      : 'no'
    : type.kind === 'octets' && typeof value === 'number'
      ? formatOctets(value)
      : String(value);

/** Reads the text of a value for the setting `name`. The error names both and what was expected. */
export function parseValue(name: string, type: SettingKind, text: string): Result<SettingValue, string> {
  const wrong = fail(`"${text}" is not a value for ${name}; expected ${expectation(type)}`);
  switch (type.kind) {
    case 'octets':
    case 'count': {
      const n = type.kind === 'octets' ? parseOctets(text) : /^\d{1,15}$/.test(text) ? Number(text) : undefined;
      return n === undefined || n < type.min || n > type.max ? wrong : ok(n);
    }
    case 'boolean':
      return text === 'yes' || text === 'no' ? ok(text === 'yes') : wrong;
    case 'choice':
      return type.of.includes(text) ? ok(text) : wrong;
    case 'edi-kinds': {
      const kinds = parseEdiKinds(text);
      return kinds === undefined ? wrong : ok(kinds.length === 0 ? 'any' : kinds.join(' '));
    }
    case 'mailbox': {
      const login = foldLogin(text.trim());
      return login === undefined ? wrong : ok(login);
    }
    case 'day':
      return text === 'none' || (/^\d{4}-\d\d-\d\d$/.test(text) && !Number.isNaN(Date.parse(text))) ? ok(text) : wrong;
    case 'digits':
      return text === 'none' || (text.length === type.length && /^\d+$/.test(text)) ? ok(text) : wrong;
    case 'telephone': {
      const number = text.trim();
      const reads = number.length <= MAX_TELEPHONE && !/\p{Cc}/u.test(number) && telephoneDigits(number) !== undefined;
      return number === 'none' || reads ? ok(number) : wrong;
    }
    case 'words': {
      const words = text.trim();
      return words === '' || words.length > type.max || /[\p{Cc}\p{Zl}\p{Zp}]/u.test(words) ? wrong : ok(words);
    }
    case 'closed-days': {
      const read = parseClosedDays(text);
      return read.ok ? ok(text.trim()) : fail(`"${text}" is not a value for ${name}: ${read.error}`);
    }
  }
}
