/**
 * How people of an organisation are reached: whether a contact can be used, and who is told when it
 * changes.
 */
import type { ContactProblem } from '../notices/contact-destinations.ts';
import type { Organisation } from '../domain/registry.ts';
import { type ContactChange, contactChangedLetters } from '../letters/contact.ts';
import type { OrganisationDetails } from '../store/registry.ts';
import type { PreparedNotice } from '../store/acceptance.ts';
import type { AdminContext } from './context.ts';
import { AdminError } from './error.ts';

/** The changes in where a code for a password goes and which number the operator calls back. */
function reachedElsewhere(before: Organisation, changes: OrganisationDetails): ContactChange['now'] {
  const { contact, telephone, post } = changes;
  return {
    ...(contact === undefined || contact === (before.contact ?? '') ? {} : { contact }),
    ...(telephone === undefined || telephone === (before.telephone ?? '') ? {} : { telephone }),
    ...(post === undefined || post.join('\n') === (before.post ?? []).join('\n') ? {} : { post }),
  };
}

export interface ContactNotice {
  readonly notice: PreparedNotice | undefined;
  /** Address that was told; undefined if nobody of the organisation could be told. */
  readonly told: string | undefined;
}

/**
 * Prepares a letter to the previous contact. It is written before the change, so that no change is
 * made without it. Undefined if there is nothing to tell.
 */
export async function tellBefore(
  { noticeWriter, clock }: AdminContext,
  before: Organisation,
  changes: OrganisationDetails,
): Promise<ContactNotice | undefined> {
  const now = reachedElsewhere(before, changes);
  if (Object.keys(now).length === 0) return undefined;
  const place = await noticeWriter.places.ofContact(before);
  if (place === undefined) return { notice: undefined, told: undefined };
  const letters = contactChangedLetters({ organisation: before.title, at: clock.now(), now });
  return { notice: await noticeWriter.letter(place, { kind: 'contact-changed', letters }), told: place.address };
}

export const contactProblemOf = async (
  { noticeWriter, clock }: AdminContext,
  contact: string | undefined,
): Promise<ContactProblem | undefined> =>
  contact === undefined || contact === ''
    ? undefined
    : await noticeWriter.places.contacts.problem(contact, clock.now());

export const shownProblem = (
  contact: string | undefined,
  problem: ContactProblem | undefined,
): { readonly contactProblem?: string } =>
  problem === undefined ? {} : { contactProblem: `${contact ?? ''} ${problem.text}` };

/**
 * Problems for which a contact is refused, each with the kind of error and what helps. For all
 * other problems the operator is only warned (decision 1422).
 */
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
 * Checks a contact when it is set, and not on the day on which a code or a warning must reach
 * somebody. Throws AdminError if it cannot be used. `isNew`: the organisation is only now being
 * registered, so an account of its own cannot exist yet.
 */
export async function judgedContact(
  context: AdminContext,
  contact: string | undefined,
  { isNew }: { readonly isNew: boolean },
): Promise<{ readonly contactProblem?: string }> {
  const problem = await contactProblemOf(context, contact);
  const refused =
    problem === undefined || (isNew && problem.kind === 'unregistered') ? undefined : REFUSED[problem.kind];
  if (problem !== undefined && refused !== undefined)
    throw new AdminError(
      refused[0],
      `Cannot use ${JSON.stringify(contact)} as contact: it ${problem.text}; ${refused[1]}`,
    );
  return shownProblem(contact, problem);
}
