/**
 * Issuing certificates: for a request, with a new key, or by a code that fetches one. The command
 * makes private keys. The gateway gets only the request, and the key only if it is to hold it.
 */
import { readFileSync } from 'node:fs';
import { z } from '../../config/zod.ts';
import { type RenewalCursor, collect, dueForRenewal, enrol, enrolRenewals, isRenewable } from '../../ca/enrol.ts';
import { issueToAccount } from '../../ca/issue.ts';
import { accountOf } from '../../admin/accounts.ts';
import {
  type EnrolledView,
  type IssuedView,
  certificateView,
  enrolledView,
  issuedView,
  viewCertificate,
  viewEnrolled,
  viewIssued,
} from '../../admin/cert-views.ts';
import { AdminError } from '../../admin/error.ts';
import { NEW_KEY, deliver, deliveredText, keyProblem } from '../../cli/key-material.ts';
import { csv } from '../../cli/output.ts';
import { defined } from '../../domain/defined.ts';
import { days as lasting, iso } from '../../domain/units.ts';
import { login } from '../core/kinds.ts';
import { text } from '../core/kind.ts';
import { certificateRequest } from '../core/files.ts';
import { days, ends } from '../core/moments.ts';
import { arg, flag, maybe, need, opt } from '../core/params.ts';
import { changesHere, part, ruledAs } from '../core/row.ts';
import { cursorOf, named, replacing } from './find.ts';
import { keepingKey } from './mail-keys.ts';
import { certificateName, privateKey, replaces, use } from './params.ts';
import { CODE_COLUMNS, COLUMNS, cellsOf, codeCells, codesText, listText } from './text.ts';

const account = need(login, 'whose');
const request = need(certificateRequest, 'certificate request: PEM, or its DER in base64');
const key = opt(privateKey, 'the private key of the request, if the gateway is to hold it');
const lastDay = opt(ends, 'last day; two years from now when left out');
const valid = opt(days(90), 'how long a code is valid; default: 30d', 30);

export const issueParts = {
  issue: part({
    api: { method: 'POST', path: '/certificates', without: ['key'], creates: true, ids: { accountId: 'account' } },
    about: 'issue a certificate for a request',
    in: { account, use, request, ends: lastDay, replaces, key },
    out: issuedView,
    right: 'security',
    trail: ['certificate.issued'],
    undo: 'cert revoke',
    run: async (context, input, { actor }) => {
      const { account: of, ends: notAfter, use: purpose } = input;
      await accountOf(context.store.registry, of);
      const more = await replacing(context, input.replaces, of);
      const keep = keepingKey(context, input.key, input.request, purpose);
      const wanted = { login: of, use: purpose, request: input.request, ...defined({ notAfter }), ...more, ...keep };
      return viewIssued(await issueToAccount(context.ca, wanted, actor), of, purpose);
    },
  }),
  // Whoever makes a code sees it and could log in with what it fetches, so this can need a second
  // person.
  enrol: part({
    api: { method: 'POST', path: '/certificate-codes', secret: true, creates: true, ids: { accountId: 'account' } },
    about: 'make a one-time code that fetches a certificate',
    in: { account, use, valid },
    out: enrolledView,
    right: 'security',
    second: 'code',
    trail: ['certificate.enrolment-added'],
    undo: 'it ends unused, or "cert revoke" ends what it fetched',
    run: async ({ store, ca }, { account: of, use: purpose, valid: holds }, { actor }) => {
      await accountOf(store.registry, of);
      return viewEnrolled(await enrol(ca, { login: of, use: purpose, validFor: lasting(holds) }, actor));
    },
  }),
  collect: part({
    about: 'use up a code for a request',
    in: { code: need(text('code', 64), 'the code'), request, key },
    out: issuedView,
    right: 'security',
    trail: ['certificate.enrolment-collected', 'certificate.issued'],
    undo: 'cert revoke',
    run: async (context, input, { actor }) => {
      // For a certificate for login the store refuses to hold the key.
      const keep = keepingKey(context, input.key, input.request, 'mail');
      const issued = await collect(context.ca, { code: input.code, request: input.request, ...keep }, actor);
      return viewIssued(issued, issued.login, issued.use);
    },
  }),
  /**
   * One certificate, or a page of those that end within so many days. It lists them, or makes a
   * code for each with `batch`.
   */
  renew: part({
    about: 'list what is to be renewed, or make codes for it',
    in: {
      serial: opt(certificateName, 'one certificate'),
      expiring: opt(days(3660), 'all that end within so long'),
      batch: flag('make the codes'),
      valid,
      after: opt(text('place'), 'where the page before ended'),
    },
    check: ({ serial, expiring }) =>
      serial === undefined && expiring === undefined ? 'Cannot renew: give a serial number, or days' : undefined,
    out: z.object({
      due: z.array(certificateView).readonly(),
      codes: z.array(enrolledView).readonly().meta({ description: 'For one, or with `batch`.' }),
      next: z.string().optional().meta({ description: 'Where the next page begins.' }),
    }),
    right: 'security',
    second: 'code',
    isLook: ({ serial, batch }) => serial === undefined && !batch,
    trail: ['certificate.enrolment-added'],
    undo: 'codes end unused',
    run: async ({ store, ca, clock }, { serial, expiring = 0, batch, after, valid: holds }, { actor }) => {
      const now = clock.now();
      const from = after === undefined ? undefined : cursorOf(after);
      const { certificates, next } =
        serial === undefined
          ? await dueForRenewal(ca, lasting(expiring), from)
          : { certificates: [await renewable({ store }, serial)], next: undefined };
      const codes = batch || serial !== undefined ? await enrolRenewals(ca, certificates, lasting(holds), actor) : [];
      return {
        due: certificates.map((record) => viewCertificate(record, now)),
        codes: codes.map(viewEnrolled),
        ...defined({ next: next && placeText(next) }),
      };
    },
  }),
};

const placeText = ({ notAfter, fingerprint }: RenewalCursor): string => `${iso(notAfter)} ${fingerprint}`;

async function renewable(context: Parameters<typeof named>[0], serial: string) {
  const record = await named(context, serial);
  if (isRenewable(record)) return record;
  const add = record.registered === true ? `account certificate add ${record.login}` : 'cert import';
  const why =
    record.authority === undefined
      ? `another authority issued it: its owner asks there, and the new one is registered with "sluis ${add}"`
      : record.revoked === undefined
        ? 'a newer one takes its place already'
        : 'it is revoked; issue a new one';
  throw new AdminError('ended', `Cannot renew certificate ${serial}: ${why}`);
}

const isCode = (made: IssuedView | EnrolledView): made is EnrolledView => 'code' in made;

export const issueRows = {
  issue: changesHere({
    about: 'issue a certificate: for a request, with a new key, or as a code that fetches one',
    in: {
      account,
      use,
      ends: lastDay,
      replaces,
      code: flag('print a one-time code for "cert collect" instead'),
      ...NEW_KEY,
    },
    check: ({ code, ...options }) => {
      if (!code) return keyProblem(options);
      if (options.out === undefined && options.csr === undefined && !options.keepKey) return undefined;
      return 'Cannot use --code with --out, --csr or --keep-key: they belong to "cert collect"; leave them out';
    },
    out: z.union([issuedView, enrolledView]),
    right: 'security',
    second: 'code',
    trail: ['certificate.issued', 'certificate.enrolment-added'],
    undo: 'cert revoke',
    examples: [
      '--account huisarts --use login --out huisarts.p12 --password-out huisarts.txt --key-kind p256',
      '--account huisarts --use mail --keep-key --ends 365d --key-kind p256',
      '--account huisarts --use login --code',
    ],
    run: async (here, { account: of, use: purpose, ends: last, replaces: old, code, ...options }) => {
      const whose = { account: of, use: purpose };
      if (code) return await here.call(issueParts.enrol, whose);
      const more = defined({ ends: iso(last), replaces: old });
      return await deliver(here.terminal, options, (csr, pkcs8) =>
        here.call(issueParts.issue, { ...whose, ...more, request: csr, key: pkcs8 }),
      );
    },
    say: (made, options) => (isCode(made) ? codesText([made]) : deliveredText(made, options)),
  }),

  collect: changesHere({
    about: 'use up an enrolment code: hands out its certificate once',
    in: {
      code: arg(text('code', 64), 'six groups of four characters; - for the first line of standard input'),
      ...NEW_KEY,
    },
    check: (options) => keyProblem(options),
    out: issuedView,
    ...ruledAs(issueParts.collect),
    examples: ['k7vq-2m4x-9dzt-c3hw-8rjp-5nfb --out laptop.p12 --password-out laptop.txt --key-kind p256'],
    run: async (here, { code: given, ...options }) => {
      // Every user of the machine can see arguments. A code on the command line that is then
      // refused for another reason would still be valid.
      const code = given === '-' ? ((here.terminal.input ?? readFileSync(0, 'utf8')).split(/\r?\n/)[0] ?? '') : given;
      return await deliver(here.terminal, options, (csr, pkcs8) =>
        here.call(issueParts.collect, { code, request: csr, key: pkcs8 }),
      );
    },
    say: (made, options) => deliveredText(made, options),
  }),

  renew: changesHere({
    about: 'make one-time codes that fetch new certificates; the old ones stay valid until their end',
    in: {
      serial: maybe(certificateName, 'serial number or fingerprint of one'),
      expiring: opt(days(3660), 'all that end within so long, such as 60d'),
      batch: flag('with --expiring: make the codes; without it they are only listed'),
      valid,
      csv: flag('print CSV for a spreadsheet'),
    },
    check: ({ serial, expiring }) =>
      (serial === undefined) === (expiring === undefined)
        ? 'Cannot renew: give either a serial number or --expiring DAYS'
        : undefined,
    out: z.union([z.array(certificateView), z.array(enrolledView)]),
    ...ruledAs(issueParts.renew),
    isLook: ({ serial, batch }) => serial === undefined && !batch,
    examples: ['--expiring 60d', '--expiring 60d --batch', '5c0d9e41a7b24f6388d2f1706ab3c915 --valid 10d'],
    run: async (here, { serial, expiring, batch, valid: holds }) => {
      const due = [];
      const codes = [];
      let after: string | undefined;
      do {
        const found = await here.call(issueParts.renew, { serial, expiring, batch, valid: holds, after });
        due.push(...found.due);
        codes.push(...found.codes);
        after = found.next;
      } while (after !== undefined);
      return serial !== undefined || batch ? codes : due;
    },
    say: (found, { serial, batch, csv: asCsv }) => {
      if (serial !== undefined || batch) {
        const codes = found as readonly EnrolledView[];
        return asCsv ? csv(CODE_COLUMNS, codes.map(codeCells)) : codesText(codes);
      }
      const due = found as Parameters<typeof listText>[0];
      if (asCsv) return csv(COLUMNS, due.map(cellsOf));
      return `${listText(due)}${due.length === 0 ? '' : '\nNothing was made; --batch makes a code for each.'}`;
    },
  }),
};
