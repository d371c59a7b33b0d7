/** `sluis organisation`: customers. */
import { type Command, Option } from 'commander';
import type { OrganisationView } from '../admin/views.ts';
import { withAdmin } from './connect.ts';
import { pages } from './pages.ts';
import { stateText } from './ending-text.ts';
import { printPages } from './listing.ts';
import { addEraseCommand } from './erase.ts';
import { addStateCommands } from './organisation-state.ts';
import { type ChangeOptions, type CommonOptions, changing, collect, reading } from './options.ts';
import { facts, print, readableTime } from './output.ts';
import { addMergeCommand } from './organisation-merge.ts';
import { addExportCommand } from './organisation-export.ts';
import { organisations } from '../commands/organisation.ts';
import { settingsPart } from '../commands/settings.ts';
import { shownSettings } from './settings.ts';
import { addRows } from './subject.ts';
import type { Terminal } from './terminal.ts';

interface AddOptions extends ChangeOptions {
  readonly title?: string;
  readonly contact?: string;
  readonly telephone?: string;
  readonly post?: readonly string[];
  readonly language: string;
  readonly agb?: string;
  readonly ura?: string;
}

/** `ended: part of b since 2026-11-26 11:00 CET`. */
const stateOf = ({ state = 'active', ends, mergedInto, mergedAt }: OrganisationView): string =>
  mergedInto === undefined
    ? stateText(state, ends)
    : state === 'ended'
      ? `ended: part of ${mergedInto} since ${readableTime(mergedAt)}`
      : `${state}, on its way into ${mergedInto}`;

const contactText = ({ contactProblem }: { readonly contactProblem?: string }): string[] =>
  contactProblem === undefined
    ? []
    : [
        `Warning: the contact ${contactProblem}. Codes for passwords cannot be sent to it, and notices go to somebody else: name an address of people, with a mailbox here, as soon as there is one.`,
      ];

const toldBefore = (told: string | null): string =>
  told === null
    ? 'Nobody could be told, since neither a contact of before nor anybody else of it has a mailbox here: call a number that you knew before.'
    : `Told ${told}, where it was reached before.`;

export function addOrganisationCommands(terminal: Terminal, program: Command): void {
  const group = program.command('organisation').description(organisations.about);

  changing(group.command('add'))
    .description('register an organisation')
    .argument('<name>', 'short unique name: a-z, 0-9 and -')
    .option('--title <text>', 'full name; the short one when left out')
    .option('--contact <address>', 'where people reach it, for notices')
    .option('--telephone <number>', 'where people reach it')
    .option('--post <line>', 'a line of its postal address, for letters; may be given several times', collect)
    .addOption(new Option('--language <code>', 'language of notices').choices(['nl', 'en']).default('nl'))
    .option('--agb <digits>', 'AGB code, 8 digits')
    .option('--ura <digits>', 'URA number, 8 digits')
    .action(async (name: string, options: AddOptions) => {
      const { title = name, contact, telephone, post, language, agb, ura } = options;
      const added = await withAdmin(options, (client) =>
        client.call('organisation.add', { name, title, contact, telephone, post, language, agb, ura }),
      );
      print(terminal, options, added, () =>
        [`Registered organisation ${added.name}.`, ...contactText(added)].join('\n'),
      );
    });

  reading(group.command('list'))
    .description('list organisations')
    .action(async (options: CommonOptions) => {
      await withAdmin(options, async (client) => {
        const all = pages(
          (page) => client.call('organisation.list', page),
          (o) => o.name,
        );
        await printPages(terminal, options, all, {
          header: ['NAME', 'STATE', 'TITLE', 'LANGUAGE', 'AGB', 'URA', 'CONTACT', 'TELEPHONE'],
          row: (o) => [o.name, stateOf(o), o.title, o.language, o.agb, o.ura, o.contact, o.telephone],
        });
      });
    });

  reading(group.command('show'))
    .description('show one organisation and its settings')
    .argument('<name>', 'the organisation')
    .option('--all', 'show every setting, also those that are default')
    .action(async (name: string, options: CommonOptions & { readonly all?: boolean }) => {
      const [o, settings] = await withAdmin(options, async (client) => [
        await client.call('organisation.show', { name }),
        await shownSettings(client, 'organisation', name, options.all),
      ]);
      print(terminal, options, { ...o, ...settings }, () =>
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
          settingsPart(settings, options.all === true),
        ].join('\n'),
      );
    });

  changing(group.command('change'))
    .description('change where people reach an organisation; what is not given stays')
    .argument('<name>', 'the organisation')
    .option('--title <text>', 'full name')
    .option('--contact <address>', 'for notices, and for codes of passwords; empty: none')
    .option('--telephone <number>', 'where people reach it; empty: none')
    .option('--post <line>', 'its postal address, a line each; takes the place of all lines before', collect)
    .action(async (name: string, options: ChangeOptions & Partial<AddOptions>) => {
      const { title, contact, telephone, post } = options;
      const done = await withAdmin(options, (client) =>
        client.call('organisation.change', { name, title, contact, telephone, post }),
      );
      print(terminal, options, done, () =>
        [
          `Changed ${done.changed.join(', ')} of organisation ${done.name}.`,
          ...(done.told === undefined ? [] : [toldBefore(done.told)]),
          ...contactText(done),
        ].join('\n'),
      );
    });

  addExportCommand(terminal, group);
  addEraseCommand(terminal, group);
  addStateCommands(terminal, group);
  addMergeCommand(terminal, group);
  addRows(terminal, group, organisations);
}
