/** `sluis organisation`: the customers. */
import { z } from '../config/zod.ts';
import { organisationOf } from '../admin/organisation-of.ts';
import { shownSettings } from '../admin/settings.ts';
import { viewOrganisation } from '../admin/views.ts';
import { stateText } from '../cli/ending-text.ts';
import { facts, readableTime } from '../cli/output.ts';
import { defined } from '../domain/defined.ts';
import { telephoneDigits } from '../domain/telephone.ts';
import { organisation } from './core/kinds.ts';
import { choice, naming, ofText, text } from './core/kind.ts';
import { arg, flag, opt } from './core/params.ts';
import { changes, inApi, lists, reads } from './core/row.ts';
import { subject } from './core/subject.ts';
import { ownSettings, settingViews } from './core/views.ts';
import { contactText, contactView, detailFields, details, postOf } from './organisation/details.ts';
import { identities } from './organisation/edi.ts';
import { erase, erasePlan, erasure } from './organisation/erase.ts';
import { exportFolder, exported } from './organisation/export.ts';
import { merge } from './organisation/merge.ts';
import { end, resume, suspend } from './organisation/states.ts';
import { settable, settingsPart } from './settings.ts';

const view = z.object({
  name: z.string(),
  title: z.string(),
  contact: z.string().optional(),
  telephone: z.string().optional(),
  post: z.array(z.string()).readonly().optional(),
  language: z.string(),
  agb: z.string().optional(),
  ura: z.string().optional(),
  state: z.string().optional().meta({
    description: '`suspended`, `ending` or `ended`, if that holds for all its accounts.',
  }),
  ends: z.string().optional().meta({ description: 'It is ending: until then it can be resumed.' }),
  mergedInto: z.string().optional().meta({ description: 'Whose its accounts became, or become.' }),
  mergedAt: z.string().optional(),
});

/** The state in words, such as `ended: part of b since 2026-11-26 11:00 CET`. */
const stateOf = ({ state = 'active', ends, mergedInto, mergedAt }: z.infer<typeof view>): string =>
  mergedInto === undefined
    ? stateText(state, ends)
    : state === 'ended'
      ? `ended: part of ${mergedInto} since ${readableTime(mergedAt) ?? ''}`
      : `${state}, on its way into ${mergedInto}`;

const telephone = naming(
  'other',
  ofText(
    'number',
    { en: 'a telephone number of at least 6 digits', nl: 'een telefoonnummer van minstens 6 cijfers' },
    telephoneDigits,
    40,
  ),
);

const one = { name: arg(organisation, 'the organisation') };

export const organisations = subject(
  'organisation',
  'customers: practices, hospitals, laboratories',
  {
    add: changes({
      api: { method: 'POST', path: '/organisations', creates: true, ids: { organisationId: 'name' } },
      about: 'register an organisation',
      in: {
        name: arg(organisation, 'short unique name: a-z, 0-9 and -'),
        ...details,
        language: opt(choice('code', ['nl', 'en']), 'language of notices', 'nl'),
      },
      out: contactView.extend({ name: z.string() }),
      right: 'registry',
      trail: ['registry.organisation-added'],
      undo: 'organisation end',
      examples: ['nieuw', 'praktijk-west --title "Praktijk West" --telephone "020 1234567"'],
      run: async (context, { name, title, post, language, ...more }, { actor }) => {
        const { judgedContact } = await import('../admin/organisation-contact.ts');
        const judged = await judgedContact(context, more.contact, { isNew: true });
        const given = { name, title: title === undefined || title === '' ? name : title, language };
        await context.store.registry.addOrganisation({ ...given, ...defined({ ...more, post: postOf(post) }) }, actor);
        return { name, ...judged };
      },
      say: (added) => [`Registered organisation ${added.name}.`, ...contactText(added)].join('\n'),
    }),

    list: lists({
      api: { method: 'GET', path: '/organisations', id: 'listOrganisations', ids: { organisationId: 'name' } },
      about: 'list organisations',
      in: {
        like: opt(text('text', 120), 'with this in the name or the full name'),
        telephone: opt(telephone, 'with this telephone number, whatever way it was written'),
      },
      out: view.extend({ settings: ownSettings }),
      right: 'read',
      examples: ['', '--telephone "020 1234567"'],
      run: async ({ store }, { limit, ...asked }) =>
        (await store.registry.listOrganisations({ limit, ...defined(asked) })).map(viewOrganisation),
      header: ['NAME', 'STATE', 'TITLE', 'LANGUAGE', 'AGB', 'URA', 'CONTACT', 'TELEPHONE'],
      cells: (o) => [o.name, stateOf(o), o.title, o.language, o.agb, o.ura, o.contact, o.telephone],
      after: (o) => o.name,
    }),

    show: reads({
      api: [
        { method: 'GET', path: '/organisations/{organisationId}', ids: { organisationId: 'name' } },
        {
          method: 'POST',
          path: '/organisation-searches',
          id: 'searchOrganisation',
          about: 'find the organisation of a name, with its id',
          without: ['all'],
          ids: { organisationId: 'name' },
        },
      ],
      about: 'show one organisation and its settings',
      in: { ...one, all: flag('show every setting, also those that are default') },
      out: view.extend({ ...contactView.shape, ...settingViews }),
      right: 'read',
      examples: ['praktijk-jansen', 'praktijk-jansen --all'],
      run: async (context, { name, all }) => {
        const { contactProblemOf, shownProblem } = await import('../admin/organisation-contact.ts');
        const found = await organisationOf(context.store.registry, name);
        // A contact that was usable when it was set may have ended since.
        const problem = found.state === 'ended' ? undefined : await contactProblemOf(context, found.contact);
        return {
          ...viewOrganisation(found),
          ...shownProblem(found.contact, problem),
          ...(await shownSettings(context, { scope: 'organisation', name }, all)),
        };
      },
      say: (o, { all }) =>
        [
          facts([
            ['Organisation', o.name],
            ['State', stateOf(o)],
            ['Title', o.title],
            ['Language', o.language],
            ['AGB', o.agb],
            ['URA', o.ura],
            ['Contact', o.contact],
            ['Telephone', o.telephone],
            ['Post', o.post?.join(', ')],
          ]),
          ...contactText(o),
          settingsPart(o, all),
        ].join('\n'),
    }),

    set: inApi(settable('organisation', 'praktijk-jansen', detailFields), {
      method: 'PATCH',
      about: 'change settings of an organisation',
      path: '/organisations/{organisationId}',
      without: ['upload', 'dryRun'],
    }),
    suspend,
    resume,
    end,
    merge,
    export: exportFolder,
    erase,

    edi: identities,
  },
  { parts: { export: exported, 'erase-plan': erasePlan, erase: erasure } },
);
