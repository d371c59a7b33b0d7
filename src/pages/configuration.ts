/**
 * docs/configuration.md: the sections of the configuration file, and the settings of organisations,
 * accounts and addresses.
 */
import { configReference, initialText } from '../config/reference.ts';
import { SECTION_NOTES } from '../config/section-notes.ts';
import { SETTING_NOTES } from '../config/section-notes/settings.ts';
import { settingsTable } from '../domain/settings.ts';
import type { Setting } from '../domain/settings/setting.ts';
import { formatSetting } from '../domain/settings/value.ts';
import { cell } from './cell.ts';

export function writeReference(): string {
  const lines = [
    '# Configuration',
    '',
    'One TOML file, given with `--config FILE` or `SLUIS_CONFIG`, else `sluis.toml` in the current folder. `sluis init` writes one with every name',
    'and its meaning; `sluis check` reads it and reports every problem at once. Unknown names are refused. Relative paths start at the folder of',
    'the file. Lengths of time are written `"250ms"`, `"30s"`, `"5m"`, `"2h"`, `"14d"`; sizes `"64KiB"`, `"50MB"`, `"2GiB"` (KB, MB, GB are',
    'powers of 1000, KiB, MiB, GiB of 1024). A change holds after a restart. `sluis reload` or SIGHUP takes over',
    'certificates, authorities, the section `connections` and `log.level` at once.',
    '',
    'Policy about one organisation, account or address is not in this file: [settings](#settings-of-organisations-accounts-and-addresses) are below.',
    '',
    'This page is written from `src/config/schema.ts` and the notes beside it by `npm run docs`; a test holds the two together.',
    '',
    '<!-- contents: written by "npm run docs" -->',
    '<!-- end of contents -->',
  ];
  for (const section of configReference()) {
    lines.push(
      '',
      section.name === ''
        ? '## Above the first section'
        : `## ${section.repeated ? `[[${section.name}]]` : `[${section.name}]`}`,
      '',
    );
    if (section.about !== '') lines.push(section.about, '');
    lines.push('| name | meaning | value | default |', '| --- | --- | --- | --- |');
    for (const field of section.fields) {
      const initial = initialText(field);
      const fallback = initial !== undefined ? `\`${initial}\`` : field.optional === true ? 'none' : 'must be set';
      lines.push(`| \`${field.name}\` | ${cell(field.about)} | ${cell(field.expects)} | ${cell(fallback)} |`);
    }
    const notes = SECTION_NOTES[section.name] ?? [];
    if (notes.length > 0) lines.push('', ...notes);
  }
  lines.push(...settingLines());
  return `${lines.join('\n')}\n`;
}

const settingLines = (): string[] => [
  '',
  '## Settings of organisations, accounts and addresses',
  '',
  '`sluis organisation set`, `sluis account set` and `sluis address set` change them, `show --all` says what holds and where it was decided. A setting of an address wins',
  'over one of its account, that over one of the organisation, that over the default. `KEY=default` takes one back.',
  '',
  '| setting | of | default | meaning |',
  '| --- | --- | --- | --- |',
  ...Object.entries<Setting>(settingsTable).map(
    ([name, { scopes, type, default: initial, about }]) =>
      `| \`${name}\` | ${scopes.join(', ')} | \`${formatSetting(type, initial)}\` | ${cell(about)} |`,
  ),
  '',
  ...SETTING_NOTES,
];
