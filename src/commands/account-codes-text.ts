/** What `sluis account reset` says about the codes that it made. */
import type { z } from '../config/zod.ts';
import type { codesView, madeCode } from '../admin/code-views.ts';
import { readableDay, table } from '../cli/output.ts';
import { agree, many } from '../domain/counted.ts';

type Codes = z.infer<typeof codesView>;
type Code = z.infer<typeof madeCode>;

/** `path`: where the letters went; undefined if the codes went to contacts. */
export function codesText(made: Codes, path: string | undefined): string {
  const [only] = made.codes;
  const isOne = made.codes.length === 1 && made.refused.length === 0 && made.waiting === 0;
  const told = only !== undefined && isOne ? oneText(only, made.applied, path) : manyText(made, path);
  return [...told, ...(made.applied ? [] : ['Nothing was changed.'])].join('\n');
}

function oneText(code: Code, applied: boolean, path: string | undefined): string[] {
  const what = `a code for password ${code.name} of account ${code.login}`;
  const stays = code.replaces ? ['The old password works until the code is used.'] : [];
  return code.to === undefined
    ? letterText(code, what, stays, applied ? (path ?? '') : undefined)
    : contactText(code, what, stays, applied);
}

function contactText(code: Code, what: string, stays: readonly string[], applied: boolean): string[] {
  const { organisation, expires, to = '', toOrganisation, toPartner } = code;
  const again = applied ? ', and ask for the code again at once, which voids this one' : '';
  return [
    applied
      ? `Sent ${what} to ${to}, the contact of ${organisation}. It is valid until ${readableDay(expires)}.`
      : `Would send ${what} to ${to}, the contact of ${organisation}.`,
    // The caller on the telephone may have had the contact changed a minute ago, to an address of
    // his own.
    ...(toOrganisation === undefined
      ? []
      : [
          `That address belongs to ${toOrganisation}, not to ${organisation}. Is it not meant to be? Correct the contact: "sluis organisation set ${organisation} --contact ADDRESS"${again}.`,
        ]),
    ...(toPartner === true
      ? [
          'The code leaves the gateway: messages for that address are pushed to a partner over verified TLS, and this gateway does not know who reads them.',
        ]
      : []),
    ...stays,
  ];
}

/** `path`: undefined if no letter was written. */
function letterText(code: Code, what: string, stays: readonly string[], path: string | undefined): string[] {
  const { organisation, expires, noPost } = code;
  return [
    path === undefined
      ? `Would write a letter with ${what}.`
      : `Wrote a letter with ${what} to "${path}". It is valid until ${readableDay(expires)}.`,
    ...stays,
    ...(path === undefined
      ? []
      : [
          'Whoever reads it can set that password: put it into the post to the organisation, and delete the file. The audit trail records that you saw the code.',
        ]),
    ...(noPost === true
      ? [`The letter has no postal address: "sluis organisation set ${organisation} --post LINE" registers one.`]
      : []),
  ];
}

function manyText({ applied, codes, refused, waiting }: Codes, path: string | undefined): string[] {
  const elsewhere = codes.flatMap((c) =>
    c.toOrganisation === undefined ? [] : [`${c.organisation} (${c.toOrganisation})`],
  );
  const pushed = codes.filter((c) => c.toPartner === true).map((c) => c.organisation);
  const withoutPost = codes.filter((c) => c.noPost === true).map((c) => c.organisation);
  return [
    path === undefined
      ? `${applied ? 'Sent' : 'Would send'} ${many(codes.length, 'code')} to the registered contacts.`
      : applied
        ? `${lettersText(codes.length, path)}. The audit trail records that you saw ${agree(codes.length, 'this code', 'these codes')}.`
        : `Would write ${many(codes.length, 'letter')}.`,
    ...someOf('To a contact of another organisation', elsewhere),
    ...someOf('To a contact that is pushed to a partner', pushed),
    ...(waiting === 0 ? [] : [`${waiting} were left out: their code can still be used, or their letter is there.`]),
    ...someOf('Without a postal address', withoutPost),
    ...(refused.length === 0
      ? []
      : [
          `${refused.length} got none:`,
          table(
            ['ACCOUNT', 'WHY'],
            refused.map(({ login, why }) => [login, why]),
          ),
        ]),
  ];
}

export const lettersText = (n: number, path: string, what = ''): string =>
  `Wrote ${many(n, 'letter')}${what} to "${path}": put ${agree(n, 'it', 'them')} into the post, and delete the ${agree(n, 'file', 'files')}`;

function someOf(what: string, all: readonly string[]): string[] {
  const each = [...new Set(all)];
  const more = each.length > 20 ? ' and others' : '';
  return each.length === 0 ? [] : [`${what}: ${each.slice(0, 20).join(', ')}${more}.`];
}
