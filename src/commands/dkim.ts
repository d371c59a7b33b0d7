/** `sluis dkim`: the keys with which mail for partners is signed, if they want that. */
import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { z } from '../config/zod.ts';
import { CommandError } from '../cli/exit.ts';
import { newFile } from '../cli/new-file.ts';
import { zoneText } from '../domain/dns-record.ts';
import { choice, ofText } from './core/kind.ts';
import { plainName } from './core/kinds.ts';
import { folder } from './core/files.ts';
import { arg, opt } from './core/params.ts';
import { changesHere } from './core/row.ts';
import { subject } from './core/subject.ts';
import { domain } from './partner/server.ts';

const work = () => import('../crypto/dkim/dkim-keys.ts');

const selector = ofText('name', plainName(63, '202612e'), (value) =>
  /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/.test(value) ? value : undefined,
);

const make = changesHere({
  about: 'make a key, and print the record that publishes it; it signs when its file is renamed',
  in: {
    domain: arg(domain, 'the domain that signs: that of senders, or the name of this gateway'),
    kind: opt(
      choice('kind', ['ed25519', 'rsa2048']),
      'kind of key; default: rsa2048, which every server knows',
      'rsa2048',
    ),
    selector: opt(
      selector,
      'what tells it from other keys of the domain; default: year, month and kind, such as 202612r',
    ),
    folder: opt(folder, 'where it goes; default: delivery.dkim-keys of the configuration'),
  },
  out: z.object({
    file: z.string(),
    name: z.string().meta({ description: 'Of the TXT record.' }),
    value: z.string().meta({ description: 'Its text, in one piece.' }),
  }),
  right: 'owner',
  trail: [],
  undo: 'the file is deleted',
  examples: ['mail.example.nl --folder dkim', 'mail.example.nl --kind ed25519 --folder dkim'],
  run: async (here, { domain: of, kind, selector: given, folder: to }) => {
    const place = to === undefined ? here.config().delivery['dkim-keys'] : resolve(to);
    if (place === undefined)
      throw new CommandError(
        'usage',
        'Cannot make a DKIM key: the folder is unknown; set delivery.dkim-keys in the configuration, or give --folder',
      );
    const { dkimFile, dkimRecord, makeDkimKey, readDkimKeys } = await work();
    const name = given ?? `${new Date().toISOString().slice(0, 7).replace('-', '')}${kind.slice(0, 1)}`;
    mkdirSync(place, { recursive: true, mode: 0o700 });
    const file = newFile(join(place, `${dkimFile(name, of)}.new`), 0o600);
    file.write(await makeDkimKey(kind));
    const made = readDkimKeys(place, 'waiting').find((key) => key.selector === name && key.domain === of);
    if (made === undefined) throw new Error(`The key in ${file.path} is not found again`);
    return { file: file.path, ...dkimRecord(made) };
  },
  say: ({ file, name, value }) =>
    [
      `Made ${file}. Publish its record:`,
      zoneText({ name: `${name}.`, type: 'TXT', value }),
      'When every server has it ("sluis doctor --records" looks), and not before:',
      `  mv ${file} ${file.replace(/\.new$/, '')}`,
      'and restart the gateway. A key of the same kind for the same domain is taken out of the folder then; its record stays published for a week.',
    ].join('\n'),
});

export const dkim = subject('dkim', 'keys that sign mail for partners who want it', { make });
