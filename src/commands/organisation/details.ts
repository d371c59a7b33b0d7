/**
 * What the gateway knows about an organisation besides its settings, such as how people reach it.
 */
import { z } from '../../config/zod.ts';
import { AdminError } from '../../admin/error.ts';
import { defined } from '../../domain/defined.ts';
import { type Expected, anyText, ofText } from '../core/kind.ts';
import { many, opt } from '../core/params.ts';
import type { Fields } from '../settings.ts';

/** One line of text. An empty one removes the value. */
const line = (word: string, max = 512) => anyText(word, max);

/** Eight digits. An empty text removes the value. `nl`, `en`: what they are. */
const digits = ({ nl, en }: Expected) =>
  ofText(
    'digits',
    { en: `8 digits, the ${en}, or nothing`, nl: `8 cijfers, ${nl}, of niets` },
    (text) => (/^(?:\d{8})?$/.test(text) ? text : undefined),
    8,
  );

/** Most lines of a postal address: a window envelope shows no more. */
const MOST_LINES = 6;

export const details = {
  title: opt(line('text'), 'full name'),
  contact: opt(line('address'), 'where people reach it, for notices and for codes of passwords; empty: none'),
  telephone: opt(line('number', 40), 'where people reach it; empty: none'),
  agb: opt(digits({ en: 'AGB code', nl: 'de AGB-code' }), 'AGB code, 8 digits; empty: none'),
  ura: opt(digits({ en: 'URA number', nl: 'het URA-nummer' }), 'URA number, 8 digits; empty: none'),
  post: many(line('line', 60), 'its postal address, a line each, for letters; takes the place of all lines before'),
};

/** The postal address; undefined if no line was given. */
export function postOf(lines: readonly string[]): readonly string[] | undefined {
  if (lines.length > MOST_LINES)
    throw new AdminError('invalid', `Cannot use that as post: expected at most ${MOST_LINES} lines`);
  return lines.length === 0 ? undefined : lines.filter((one) => one !== '');
}

export const contactView = z.object({
  contactProblem: z.string().optional().meta({
    description: 'Why letters and codes do not reach people at the contact.',
  }),
});
const detailsView = contactView.extend({
  name: z.string(),
  changed: z.array(z.string()),
  told: z.string().nullable().optional().meta({
    description: 'Who reads that it is reached elsewhere now; null: nobody could be told; absent: it is not.',
  }),
});
type Details = z.infer<typeof detailsView>;

export const contactText = ({ contactProblem }: z.infer<typeof contactView>): string[] =>
  contactProblem === undefined
    ? []
    : [
        `Warning: the contact ${contactProblem}. Codes for passwords cannot be sent to it, and notices go to somebody else: name an address of people, with a mailbox here, as soon as there is one.`,
      ];

const toldBefore = (told: string | null): string =>
  told === null
    ? 'Nobody could be told, since neither a former contact nor anybody else of it has a mailbox here: call a number that you knew before.'
    : `Told ${told}, where it was reached before.`;

/** The fields that `set` changes besides settings. */
export const detailFields: Fields<typeof details, Details> = {
  in: details,
  out: detailsView,
  trail: ['registry.organisation-changed'],
  was: ['change'],
  examples: ['praktijk-jansen --telephone "020 1234567"'],
  change: async (context, name, { title, contact, telephone, post, agb, ura }, { actor }) => {
    const { fileNotice } = await import('../../admin/notice.ts');
    const { judgedContact, tellBefore } = await import('../../admin/organisation-contact.ts');
    const { store } = context;
    if (title === '') throw new AdminError('invalid', 'Cannot take the title away: expected a text');
    const changes = defined({ title, contact, telephone, agb, ura, post: postOf(post) });
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
    return { name, changed: Object.keys(changes), ...defined({ told: told && (told.told ?? null) }), ...judged };
  },
  say: (done) =>
    [
      `Changed ${done.changed.join(', ')} of organisation ${done.name}.`,
      ...(done.told === undefined ? [] : [toldBefore(done.told)]),
      ...contactText(done),
    ].join('\n'),
};
