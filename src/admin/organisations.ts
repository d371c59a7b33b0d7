/** Operations on organisations. */
import { tryToPublish } from '../ca/revocation-lists.ts';
import type { ContactProblem } from '../delivery/place.ts';
import { defined } from '../domain/defined.ts';
import type { Organisation } from '../domain/registry.ts';
import { iso } from '../domain/units.ts';
import { type ContactChange, contactChangedLetters } from '../letters/contact.ts';
import type { PreparedNotice } from '../store/store.ts';
import { MAX_IDENTITIES } from '../store/edi-identities.ts';
import type { OrganisationDetails } from '../store/registry.ts';
import { type AdminContext, AdminError } from './context.ts';
import { endOf, endingBy, endingInput } from './ending.ts';
import { type Input, flag, oneOf, optionalText, organisationName, page, text } from './input.ts';
import { fileNotice } from './notice.ts';
import { change, listing } from './operation.ts';
import { unknownOrganisation } from './organisation-of.ts';
import { type OrganisationView, viewOrganisation } from './views.ts';

const register = (input: Input, name: 'agb' | 'ura'): string | undefined => {
  const value = optionalText(input, name);
  if (value === undefined || /^\d{8}$/.test(value)) return value;
  throw new AdminError('invalid', `Cannot use "${value}" as ${name}: expected 8 digits`);
};

/** Drops what was not given: an absent field and a field that is undefined are two things to the registry's types. */
const given = <K extends string>(fields: Readonly<Record<K, string | undefined>>): Partial<Record<K, string>> => {
  const kept: Partial<Record<K, string>> = {};
  for (const key of Object.keys(fields) as K[]) {
    const value = fields[key];
    if (value !== undefined) kept[key] = value;
  }
  return kept;
};

/** Lines of a postal address that a window envelope shows. */
const MOST_LINES = 6;

function postOf(input: Input): { readonly post?: readonly string[] } {
  const { post } = input;
  if (post === undefined || post === null) return {};
  if (!Array.isArray(post) || post.length > MOST_LINES)
    throw new AdminError('invalid', `Cannot use that as post: expected at most ${MOST_LINES} lines`);
  return { post: post.map((line: unknown) => optionalText({ post: line }, 'post', 60) ?? '').filter((l) => l !== '') };
}

/** An empty text takes a field away; the title cannot go. */
function detailsOf(input: Input): OrganisationDetails {
  const title = optionalText(input, 'title');
  if (title === '') throw new AdminError('invalid', 'Cannot take the title away: expected a text');
  return {
    ...given({ title, contact: optionalText(input, 'contact'), telephone: optionalText(input, 'telephone', 40) }),
    ...postOf(input),
  };
}

/** Where a code for a password goes, and what the operator calls back on: of these, what will be another one. */
function reachedElsewhere(before: Organisation, changes: OrganisationDetails): ContactChange['now'] {
  const { contact, telephone, post } = changes;
  return {
    ...(contact === undefined || contact === (before.contact ?? '') ? {} : { contact }),
    ...(telephone === undefined || telephone === (before.telephone ?? '') ? {} : { telephone }),
    ...(post === undefined || post.join('\n') === (before.post ?? []).join('\n') ? {} : { post }),
  };
}

interface Told {
  readonly notice: PreparedNotice | undefined;
  /** Undefined: nobody of the organisation could be told. */
  readonly told: string | undefined;
}

/** For whoever was reached before; written before the change, so that none is made of which he does not hear. Undefined: nothing to tell. */
async function tellBefore(
  { desk, clock }: AdminContext,
  before: Organisation,
  changes: OrganisationDetails,
): Promise<Told | undefined> {
  const now = reachedElsewhere(before, changes);
  if (Object.keys(now).length === 0) return undefined;
  const place = await desk.places.ofContact(before);
  if (place === undefined) return { notice: undefined, told: undefined };
  const letters = contactChangedLetters({ organisation: before.title, at: clock.now(), now });
  return { notice: await desk.letter(place, { kind: 'contact-changed', letters }), told: place.address };
}

const problemOf = async (
  { desk, clock }: AdminContext,
  contact: string | undefined,
): Promise<ContactProblem | undefined> =>
  contact === undefined || contact === '' ? undefined : await desk.places.contactProblem(contact, clock.now());

const shownProblem = (
  contact: string | undefined,
  problem: ContactProblem | undefined,
): { readonly contactProblem?: string } =>
  problem === undefined ? {} : { contactProblem: `${contact ?? ''} ${problem.text}` };

/** What is refused when it is set, as which error, and what helps. Of the rest the operator is warned (decision 1422). */
const REFUSED: Readonly<
  Partial<Record<ContactProblem['kind'], readonly ['invalid' | 'unknown' | 'ended' | 'conflict', string]>>
> = {
  malformed: ['invalid', 'expected an address such as desk@practice.example'],
  unregistered: [
    'unknown',
    'see "sluis address list" for a slip of the pen, or register it first; people that have no mailbox here are reached by --telephone',
  ],
  ended: ['ended', 'name an address of people that has a mailbox here'],
  program: [
    'conflict',
    'nobody would read the letters; name an address of people, or set notices=mailbox on that account where people read it',
  ],
};

/**
 * A contact is judged when it is set, not on the day on which a code or a warning has to reach somebody. Throws AdminError for one that cannot
 * serve. `isNew`: its organisation is only being registered, so that an account of its own cannot be there yet.
 */
async function judgedContact(
  context: AdminContext,
  contact: string | undefined,
  { isNew }: { readonly isNew: boolean },
): Promise<{ readonly contactProblem?: string }> {
  const problem = await problemOf(context, contact);
  const refused =
    problem === undefined || (isNew && problem.kind === 'unregistered') ? undefined : REFUSED[problem.kind];
  if (problem !== undefined && refused !== undefined)
    throw new AdminError(
      refused[0],
      `Cannot use ${JSON.stringify(contact)} as contact: it ${problem.text}; ${refused[1]}`,
    );
  return shownProblem(contact, problem);
}

export interface OrganisationDetailsChanged {
  readonly name: string;
  readonly changed: readonly string[];
  /** Who reads that it is reached elsewhere now; null: nobody could be told; absent: it is not. */
  readonly told?: string | null;
  /** Why letters and codes do not reach people at the new contact. */
  readonly contactProblem?: string;
}

/** What a change of an organisation's state concerns. */
export interface OrganisationChanged {
  readonly name: string;
  readonly state: string;
  readonly successor?: string;
  /** Those that have not ended; their addresses that have not; messages in their mailboxes. */
  readonly accounts: number;
  readonly addresses: number;
  readonly waiting: number;
  /** Client certificates that are valid, and identities in EDI. */
  readonly certificates: number;
  readonly identities: number;
  /** Until then it can be resumed; only for `end`. */
  readonly closes?: string;
  /** True where `resume` took an end back. One that was suspended as well is ending still: that was taken back first. */
  readonly takenBack?: true;
  /** Accounts that stay suspended, since they are so themselves; only for `resume`. */
  readonly suspended?: number;
  /** The revocation list could not be written: why; only for `end`. */
  readonly problem?: string;
}

/** Accounts read at a time: each comes with its addresses and credentials. */
const PAGE = 200;

async function affected(
  { store: { registry } }: AdminContext,
  name: string,
): Promise<Omit<OrganisationChanged, 'state'> & { readonly suspended: number }> {
  if ((await registry.findOrganisation(name)) === undefined) throw unknownOrganisation(name);
  const sum = { name, accounts: 0, addresses: 0, waiting: 0, suspended: 0, certificates: 0, identities: 0 };
  sum.identities = (await registry.listIdentities({ organisation: name, limit: MAX_IDENTITIES })).length;
  for (let after: string | undefined; ;) {
    const found = await registry.listAccounts({ limit: PAGE, organisation: name, ...defined({ after }) });
    for (const { account, addresses, messages, certificates } of found) {
      sum.waiting += messages;
      if (account.state === 'ended') continue;
      sum.accounts += 1;
      sum.certificates += certificates.filter(({ revokedAt }) => revokedAt === undefined).length;
      if (account.state === 'suspended') sum.suspended += 1;
      sum.addresses += addresses.filter(({ state }) => state !== 'ended').length;
    }
    after = found.at(-1)?.account.login;
    if (found.length < PAGE) return sum;
  }
}

const changed = (input: Input): { readonly name: string; readonly dryRun: boolean } => ({
  name: organisationName(input, 'name'),
  dryRun: flag(input, 'dry-run'),
});

const stateChange = (state: 'active' | 'suspended') =>
  change(changed, async (context, { name, dryRun }, { actor }): Promise<OrganisationChanged> => {
    const { registry } = context.store;
    const before = await registry.findOrganisation(name);
    const ends = state === 'active' && before?.endsAt !== undefined;
    const isTakenBack = ends && before.state === undefined;
    if (!dryRun) await registry.setOrganisationState(name, state, actor);
    const { suspended, ...now } = await affected(context, name);
    return {
      ...now,
      state: ends && !isTakenBack ? 'ending' : state,
      ...(isTakenBack ? { takenBack: true } : {}),
      ...(state === 'active' && !dryRun ? { suspended } : {}),
    };
  });

export const organisationOperations = {
  'organisation.add': change(
    (input) => ({
      name: organisationName(input, 'name'),
      title: text(input, 'title'),
      language: oneOf(input, 'language', ['nl', 'en'], 'nl'),
      ...given({
        contact: optionalText(input, 'contact'),
        telephone: optionalText(input, 'telephone', 40),
        agb: register(input, 'agb'),
        ura: register(input, 'ura'),
      }),
      ...postOf(input),
    }),
    async (context, organisation, { actor }): Promise<{ name: string; contactProblem?: string }> => {
      const judged = await judgedContact(context, organisation.contact, { isNew: true });
      await context.store.registry.addOrganisation(organisation, actor);
      return { name: organisation.name, ...judged };
    },
  ),
  'organisation.change': change(
    (input) => ({ name: organisationName(input, 'name'), changes: detailsOf(input) }),
    async (context, { name, changes }, { actor }): Promise<OrganisationDetailsChanged> => {
      const { store } = context;
      const changed = Object.keys(changes);
      if (changed.length === 0)
        throw new AdminError(
          'invalid',
          `Cannot change organisation "${name}": nothing was given; give --title, --contact, --telephone or --post`,
        );
      const before = await store.registry.findOrganisation(name);
      const isOther = before !== undefined && changes.contact !== before.contact;
      const judged = isOther ? await judgedContact(context, changes.contact, { isNew: false }) : {};
      const told = before === undefined ? undefined : await tellBefore(context, before, changes);
      try {
        await store.registry.changeOrganisation(name, changes, actor);
      } catch (error) {
        await told?.notice?.discard();
        throw error;
      }
      await fileNotice(store, told?.notice);
      return { name, changed, ...defined({ told: told && (told.told ?? null) }), ...judged };
    },
  ),
  'organisation.suspend': stateChange('suspended'),
  'organisation.resume': stateChange('active'),
  'organisation.end': endingBy(
    change(
      (input) => ({ name: organisationName(input, 'name'), ...endingInput(input) }),
      async (context, { name, grace, dryRun, successor }, call): Promise<OrganisationChanged> => {
        const { registry } = context.store;
        const before = await affected(context, name);
        const endsAt = endOf(context, grace);
        const ending = defined({ endsAt, successor });
        if (!dryRun)
          await registry.endOrganisation(name, ending, call.actor, (done) => call.progress(done, before.accounts));
        // What its accounts had of our own authorities is revoked with them.
        const problem = dryRun || endsAt !== undefined ? undefined : await tryToPublish(context.ca);
        return {
          ...before,
          state: endsAt === undefined ? 'ended' : 'ending',
          ...defined({ closes: iso(endsAt), successor, problem }),
        };
      },
    ),
  ),
  'organisation.list': listing(page, async ({ store }, at): Promise<OrganisationView[]> =>
    (await store.registry.listOrganisations(at)).map(viewOrganisation),
  ),
  'organisation.show': listing(
    (input) => organisationName(input, 'name'),
    async (context, name): Promise<OrganisationView & { readonly contactProblem?: string }> => {
      const found = await context.store.registry.findOrganisation(name);
      if (found === undefined) throw unknownOrganisation(name);
      // What was fit when it was set may have ended since.
      const problem = found.state === 'ended' ? undefined : await problemOf(context, found.contact);
      return { ...viewOrganisation(found), ...shownProblem(found.contact, problem) };
    },
  ),
};

export { unknownOrganisation };
