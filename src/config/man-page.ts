/** The manual page sluis.toml(5), from the schema. */
import { configReference, initialText } from './reference.ts';
import type { FieldReference, SectionReference } from './reference.ts';
import { bold, entry, heading, italic, page, roff, title } from './roff.ts';

export interface Edition {
  readonly version: string;
  /** Such as `2026-12-02`. */
  readonly date: string;
}

export const configurationManual = ({ version, date }: Edition): string =>
  page([
    ...title('SLUIS.TOML', 5, date, version, 'Configuration of Sluis'),
    heading('name'),
    'sluis.toml \\- configuration of the Sluis mail gateway',
    heading('description'),
    'One TOML file: given with',
    `${bold('--config')} ${italic('FILE')}`,
    roff('or in the environment variable SLUIS_CONFIG; the Debian package reads /etc/sluis/sluis.toml.'),
    roff('"sluis check" reports every problem at once. Unknown names are refused.'),
    roff(
      'Relative paths start at the folder of the file. Lengths of time are written as "250ms", "30s", "5m", "2h" or "14d";',
    ),
    roff('sizes as "64KiB", "50MB" or "2GiB". A change holds after a restart, except the certificate: "sluis reload".'),
    '.PP',
    roff(
      'A section in double brackets may appear more than once. What is said of one organisation, account or address',
    ),
    roff('is in the registry: "sluis account set".'),
    ...configReference().flatMap(section),
    heading('see also'),
    '.BR sluis (8)',
  ]);

function section({ name, about, repeated, fields }: SectionReference): string[] {
  const shown = name === '' ? 'Above the first section' : repeated ? `[[${name}]]` : `[${name}]`;
  return [`.SH ${name === '' ? roff(shown).toUpperCase() : `"${roff(shown)}"`}`, roff(about), ...fields.flatMap(field)];
}

function field(one: FieldReference): string[] {
  const initial = initialText(one);
  const fallback =
    initial !== undefined ? `Default: ${initial}` : one.optional === true ? 'Default: none' : 'Must be set';
  return entry(bold(one.name), [roff(one.about), '.br', roff(`Value: ${one.expects}. ${fallback}.`)]);
}
