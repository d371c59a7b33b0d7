/** `sluis config`: the settings of the configuration file. Only the file itself can change them. */
import { z } from '../config/zod.ts';
import { sections } from '../config/schema.ts';
import type { ConfigSetting } from '../domain/config-setting.ts';
import { choice, text } from './core/kind.ts';
import { flag, maybe, opt, pageOf } from './core/params.ts';
import { lists } from './core/row.ts';
import { subject } from './core/subject.ts';

const view = z.object({
  name: z
    .string()
    .meta({ description: 'Section and name; of sections that stand several times with the name of each.' }),
  section: z.string().meta({ description: 'Empty for what stands above the first section.' }),
  subject: z.string().meta({ description: 'What the section is about.' }),
  about: z.string(),
  expected: z.string().meta({ description: 'What it may hold.' }),
  value: z.string().optional().meta({
    description:
      'As the file writes it, and as it holds now; absent: not given. Of a program its path alone, since its words may hold a secret.',
  }),
  initial: z.string().optional().meta({ description: 'The default; absent: there is none.' }),
  differs: z.boolean().meta({ description: 'It is something else than the default.' }),
  by: z.enum(['reload', 'restart']).meta({ description: 'What makes another value in the file hold.' }),
  file: z.string().meta({ description: 'The file that decides.' }),
});

const fits = (wanted: string, { name, about }: ConfigSetting): boolean =>
  `${name}\n${about}`.toLowerCase().includes(wanted.toLowerCase());

export const configuration = subject('config', 'settings of the configuration file, with their values in use', {
  list: lists({
    api: { method: 'GET', path: '/gateway/settings', id: 'listGatewaySettings' },
    about: 'list the settings of the configuration file: value in use, default, and what each does',
    in: {
      like: maybe(text('word', 100), 'part of a name, or of what it does'),
      section: opt(choice('section', Object.keys(sections)), 'settings of this section'),
      changed: flag('only those that differ from the default'),
    },
    out: view,
    right: 'read',
    examples: ['', '--changed', 'message --section smtp'],
    run: async ({ configuration: { file, settings } }, { like, section, changed, ...page }) => {
      const fitting = (await settings()).filter(
        (one) =>
          (section === undefined || one.section === section) &&
          (!changed || one.differs) &&
          (like === undefined || fits(like, one)),
      );
      return pageOf(fitting, page, ({ name }) => name).map((one) => ({ ...one, file }));
    },
    header: ['SETTING', 'VALUE', 'DEFAULT', 'HOLDS AFTER', 'WHAT'],
    cells: ({ name, value, initial, by, about }) => [name, value ?? '', initial ?? '', by, about],
    after: ({ name }) => name,
    none: 'No setting matches.',
  }),
});
