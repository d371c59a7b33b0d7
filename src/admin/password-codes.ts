/**
 * One-time codes for passwords. A code goes to the registered contact of the organisation, or into
 * a letter. It never goes to an address that a caller gives. The operator never sees it, unless he
 * writes the letter; the trail then says so.
 */
import type { z } from '../config/zod.ts';
import { defined } from '../domain/defined.ts';
import { type CodeWish, type MadeCode, enrolPassword, makeCode, wishedPassword } from '../ca/enrol/password-codes.ts';
import { codeRefused } from '../ca/enrol.ts';
import type { ContactDestination } from '../notices/contact-destinations.ts';
import type { NoticeDestination } from '../notices/notice-destination.ts';
import type { Organisation } from '../domain/registry.ts';
import { type Instant, iso } from '../domain/units.ts';
import { codeLetter } from '../ca/enrol/letters.ts';
import { passwordCodeLetters } from '../letters/password-code.ts';
import type { AccountSummary } from '../store/registry.ts';
import { accountOf } from './accounts.ts';
import type { codesWithLetters, withLetter } from './code-views.ts';
import type { AdminContext } from './context.ts';
import { AdminError } from './error.ts';
import type { Call } from './call.ts';
import { fileNotice } from './notice.ts';
import { unfitPassword } from './new-password.ts';

type CodeView = z.infer<typeof withLetter>;

interface Planned {
  readonly summary: AccountSummary;
  readonly organisation: Organisation;
  readonly name: string;
  /** Where the code is sent; undefined for a letter. */
  readonly place: ContactDestination | undefined;
}

const letterRemedy = (name: string): string =>
  `; write a letter for the post instead, with --letter FILE, or correct the contact: "sluis organisation set ${name} --contact ADDRESS"`;

/** Who would get a code, or the reason why nobody can. */
async function plan(context: AdminContext, summary: AccountSummary, wish: CodeWish): Promise<Planned | string> {
  const wished = wishedPassword(summary, wish);
  if (!wished.ok) return wished.error;
  const organisation = await context.store.registry.findOrganisation(summary.organisation);
  if (organisation === undefined) return 'its organisation is not known';
  const planned = { summary, organisation, name: wished.value };
  if (wish.by === 'letter') return { ...planned, place: undefined };
  const place = await context.noticeWriter.places.contacts.registered(summary.account.id, context.clock.now());
  return place.ok ? { ...planned, place: place.value } : place.error + letterRemedy(organisation.name);
}

const viewOf = ({ summary, organisation, name, place }: Planned, expires: Instant): CodeView => ({
  login: summary.account.login,
  organisation: organisation.name,
  name,
  replaces: summary.passwords.some((p) => p.name === name),
  expires: new Date(expires).toISOString(),
  ...defined({ to: place?.address }),
  ...(place === undefined || place.organisation === organisation.name ? {} : { toOrganisation: place.organisation }),
  ...(place !== undefined && 'partner' in place ? { toPartner: true as const } : {}),
  ...(place === undefined && (organisation.post ?? []).length === 0 ? { noPost: true as const } : {}),
});

/**
 * Makes the codes before anybody hears of them. If a notice then cannot be filed, there is a code
 * that nobody has, which does no harm.
 */
async function issue(
  context: AdminContext,
  planned: readonly Planned[],
  wish: CodeWish,
  { actor }: Call,
): Promise<CodeView[]> {
  const { store, letters, clock, ca } = context;
  const now = clock.now();
  const all = planned.map((one) => ({
    one,
    made: makeCode(ca.random, now, one.summary.account.login, one.name, wish),
  }));
  await store.certificates.addEnrolments(
    all.map(({ made }) => made.enrolment),
    actor,
  );
  const views: CodeView[] = [];
  for (const { one, made } of all) {
    const view = viewOf(one, made.enrolment.expiresAt);
    if (one.place === undefined) views.push({ ...view, letter: codeLetter(letters, { ...one, made, now }) });
    else {
      await tell(context, one, one.place, made);
      views.push(view);
    }
  }
  return views;
}

async function tell(
  { noticeWriter, store, letters }: AdminContext,
  one: Planned,
  place: NoticeDestination,
  made: MadeCode,
): Promise<void> {
  const { summary, organisation, name } = one;
  const about = {
    login: summary.account.login,
    organisation: organisation.title,
    name,
    code: made.code,
    addresses: summary.addresses.filter(({ state }) => state === 'active').map(({ address }) => address),
    expires: made.enrolment.expiresAt,
    others: made.enrolment.others,
    ...defined({ page: letters.page }),
  };
  await fileNotice(
    store,
    await noticeWriter.letter(place, { kind: 'password-code', letters: passwordCodeLetters(about) }),
  );
}

/** A mistake in a template is found here, before a code is made. */
function checkLetters({ letters }: AdminContext): void {
  try {
    letters.template('nl');
    letters.template('en');
  } catch (error) {
    throw new AdminError('invalid', error instanceof Error ? error.message : String(error), { cause: error });
  }
}

export interface CodesWanted {
  readonly logins: readonly string[];
  readonly wish: CodeWish;
  /** Leaves out accounts with a code that can still be used. */
  readonly missing: boolean;
  readonly dryRun: boolean;
}

export async function makeCodes(
  context: AdminContext,
  { logins, wish, missing, dryRun }: CodesWanted,
  call: Call,
): Promise<z.infer<typeof codesWithLetters>> {
  const { clock, store } = context;
  if (wish.ends !== undefined && wish.ends <= clock.now())
    throw new AdminError('invalid', `Cannot make a code: the end of its password, ${iso(wish.ends)}, has passed`);
  if (wish.by === 'letter') checkLetters(context);
  const planned: Planned[] = [];
  const refused: { login: string; why: string }[] = [];
  let waiting = 0;
  for (const name of logins) {
    const summary = await accountOf(store.registry, name);
    if (missing && summary.codes.some(({ use }) => use === 'password')) {
      waiting += 1;
      continue;
    }
    const one = await plan(context, summary, wish);
    if (typeof one !== 'string') planned.push(one);
    else if (logins.length > 1) refused.push({ login: name, why: one });
    else throw new AdminError('conflict', `Cannot make a code for account "${name}": ${one}`);
  }
  const expires = (clock.now() + wish.validFor) as Instant;
  const codes = dryRun
    ? planned.map((one) => viewOf(one, expires))
    : planned.length === 0
      ? []
      : await issue(context, planned, wish, call);
  return { applied: !dryRun, codes, refused, waiting };
}

/** Uses up a code and sets the password. */
export async function enrol(
  { store, hashPassword }: AdminContext,
  given: { readonly code: string; readonly password: string },
  { actor }: Call,
): Promise<{ login: string; name: string; ends?: string }> {
  const done = await enrolPassword({ store, hash: hashPassword }, given, actor);
  if (done.kind === 'refused') throw codeRefused();
  if (done.kind === 'unusable') throw unfitPassword(done.why);
  const { login, name, ends } = done;
  return { login, name, ...defined({ ends: iso(ends) }) };
}
