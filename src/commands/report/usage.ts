/** `sluis report usage`: the figures of a month by organisation and account, for the invoice. */
import { newFile, withFiles } from '../../cli/new-file.ts';
import { file } from '../core/files.ts';
import { bare, flag, opt } from '../core/params.ts';
import { readsHere } from '../core/row.ts';
import { type Form, Totals, formOf } from './usage-forms.ts';
import { MONTH, usagePageOf, whole } from './usage-rows.ts';

const PAGE = 500;

export const usageReport = readsHere({
  about: 'the figures of a month by organisation and account, for the invoice',
  in: {
    ...MONTH,
    totals: flag('one line for each organisation'),
    csv: bare(opt(file, 'print CSV, or write it to this new file'), '-'),
  },
  // The report is printed while the rows come, since a region has tens of thousands.
  out: whole.optional(),
  right: 'read',
  examples: ['--month 2026-11', '--month 2026-11 --organisation umc --totals'],
  run: async (here, { totals, csv: path }, { totals: _, csv: __, ...asked }) => {
    const { terminal, options } = here;
    const made = path === undefined || path === '-' ? undefined : newFile(path, 0o600);
    const out = made === undefined ? terminal.out : (text: string): void => made.append(text);
    const sums = new Totals();
    await withFiles([made], async () => {
      let form: Form | undefined;
      for (let after: string | undefined; ;) {
        const page = await here.call(usagePageOf, { ...asked, limit: PAGE, ...(after !== undefined && { after }) });
        form ??= formOf({ csv: path, json: options.json, totals }, page);
        out(form.rows(sums.among(page.rows)));
        after = page.next;
        if (after === undefined) break;
      }
      out(form.rows(sums.last()) + form.end(sums.all));
      made?.end();
    });
    if (made !== undefined) terminal.out(`Wrote ${made.path}.\n`);
    return undefined;
  },
  say: () => '',
});
