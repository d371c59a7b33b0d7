/**
 * `sluis organisation export`: writes everything that the gateway holds about an organisation into
 * a new folder.
 */
import { z } from '../../config/zod.ts';
import { showProgress } from '../../cli/progress.ts';
import { many } from '../../domain/counted.ts';
import { organisation } from '../core/kinds.ts';
import { folder } from '../core/files.ts';
import { arg, flag, need } from '../core/params.ts';
import { changesHere, part } from '../core/row.ts';
import { exportedView as out } from './export-view.ts';

const said = {
  right: 'owner',
  reason: 'needed',
  second: 'bundle',
  trail: ['evidence.export'],
  undo: 'the folder is deleted: the gateway has what it had',
} as const;
const one = {
  name: arg(organisation, 'the organisation'),
  messages: flag('also the messages that are in its mailboxes, readable'),
};

export const exported = part({
  ...said,
  about: 'give out everything that is held of an organisation, as files of JSON lines',
  in: one,
  out,
  run: async (context, { name, messages }, call) =>
    await (await import('./export-run.ts')).exportOrganisation(context, name, messages, call),
});

export const exportFolder = changesHere({
  ...said,
  about: 'write everything that is held of an organisation into a folder; no secrets',
  in: { ...one, out: need(folder, 'a new folder') },
  out: out.extend({ folder: z.string() }),
  examples: ['lab-noord --out export-noord --reason "the contract ends"'],
  run: async (here, { name, messages, out: path }) => {
    const { ExportFolder, readme } = await import('./export-folder.ts');
    const made = new ExportFolder(path);
    const progress = showProgress('Exporting', 'rows');
    const given = { receive: made.take, progress: progress.show };
    const told = await here.call(exported, { name, messages }, given).finally(progress.end);
    made.end(readme(name, told.missing));
    return { folder: path, ...told };
  },
  say: (told) =>
    [
      `Wrote ${many(told.files, 'file')} with ${many(told.rows, 'row')} and ${many(told.messages, 'message')} to "${told.folder}"; manifest.json has their SHA-256.`,
      ...told.missing,
    ].join('\n'),
});
