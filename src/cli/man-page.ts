/**
 * The manual page sluis(8), from the command table: every command with its arguments and options.
 * docs/commands.md also has examples and answers.
 */
import type { Edition } from '../config/man-page.ts';
import { bold, entry, heading, italic, page, roff, sentence, title } from '../config/roff.ts';
import { type ArgumentFacts, type CommandFacts, type OptionFacts, leavesOf } from './command-tree.ts';
import { exitCodes, exitMeanings } from './exit-codes.ts';

export const commandManual = (program: CommandFacts, { version, date }: Edition): string =>
  page([
    ...title('SLUIS', 8, date, version, 'Sluis mail gateway'),
    heading('name'),
    'sluis \\- secure mail gateway for a closed user group',
    heading('synopsis'),
    `${bold('sluis')} ${italic('COMMAND')} [${italic('ARGUMENT')}...] [${italic('OPTION')}...]`,
    heading('description'),
    roff(
      'Sluis accepts mail over SMTP from registered senders, keeps it sealed, and hands it out over POP3 or pushes it to',
    ),
    roff(
      'registered partners. "sluis serve" is the gateway; all other commands manage it, and reach a running one over its',
    ),
    roff('control socket. Each command explains itself with --help.'),
    heading('commands'),
    ...program.commands.flatMap(leavesOf).flatMap(command),
    heading('options of many commands'),
    ...shared(program),
    heading('exit status'),
    ...Object.entries(exitMeanings).flatMap(([name, meaning]) =>
      entry(bold(String(exitCodes[name as keyof typeof exitCodes])), [roff(`${name}. ${meaning.replaceAll('`', '')}`)]),
    ),
    heading('environment'),
    ...entry(bold('SLUIS_CONFIG'), [roff('The configuration, if --config is not given.')]),
    heading('files'),
    ...PLACES.flatMap(([path, about]) => entry(italic(path), [about])),
    heading('see also'),
    '.BR sluis.toml (5),',
    '.BR systemctl (1),',
    '.BR journalctl (1)',
    '.PP',
    roff('/usr/share/doc/sluis has the pages for operators: run.md, when-something-breaks.md, commands.md.'),
  ]);

/** Files and folders of the Debian package. */
const PLACES = [
  ['/etc/sluis/sluis.toml', 'The configuration.'],
  ['/etc/sluis/master.key', 'The master key. Without a copy of it nobody can read the mail.'],
  ['/var/lib/sluis', 'Data.'],
  ['/var/lib/sluis-keys', 'Keys of days. They belong into no backup of the data.'],
] as const;

/** Options that are described once, below all commands. */
const SHARED = ['--config', '--json', '--reason', '--yes', '--approval', '--operator-key', '--help'];

function command({ words, about, arguments: taken, options }: CommandFacts): string[] {
  const own = options.filter(({ name }) => !SHARED.includes(name));
  return [
    `.SS ${roff(words.join(' '))}`,
    [
      bold(['sluis', ...words].join(' ')),
      ...taken.map(argument),
      ...own.filter(({ mandatory }) => mandatory).map(option),
    ].join(' '),
    '.br',
    roff(sentence(about)),
    ...taken.flatMap((one) => entry(argument(one), [said(one.about, one.choices)])),
    ...own.flatMap((one) => entry(option(one), [said(one.about, one.choices)])),
  ];
}

/** Describes each of these options with the words of the first command that has it. */
function shared(program: CommandFacts): string[] {
  const all = program.commands.flatMap(leavesOf).flatMap(({ options }) => options);
  return SHARED.flatMap((name) => {
    const found = all.find((one) => one.name === name);
    return found === undefined ? [] : entry(option(found), [said(found.about, found.choices)]);
  });
}

const argument = ({ name, required, variadic }: ArgumentFacts): string => {
  const word = `${italic(name.toUpperCase())}${variadic ? '...' : ''}`;
  return required ? word : `[${word}]`;
};

const option = ({ name, value }: OptionFacts): string =>
  value === undefined ? bold(name) : `${bold(name)} ${italic(value.toUpperCase())}`;

const said = (about: string, choices: readonly string[]): string =>
  roff(sentence(choices.length === 0 ? about : `${about}${about === '' ? '' : '; '}one of ${choices.join(', ')}`)) ||
  '\\&';
