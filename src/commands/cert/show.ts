/** One certificate, with its chain. */
import { z } from '../../config/zod.ts';
import { pemOf, viewCertificate } from '../../admin/cert-views.ts';
import { reads } from '../core/row.ts';
import { chainPem, named, otherNamed } from './find.ts';
import { certificateIn, judged } from './mail-keys.ts';
import { byName, judgedView } from './params.ts';
import { detail } from './text.ts';

export const showCertificate = reads({
  api: { method: 'GET', path: '/certificates/{serial}' },
  about: 'show a certificate',
  in: byName,
  out: judgedView.extend({ pem: z.string(), chain: z.array(z.string()).readonly() }),
  right: 'read',
  examples: ['5c0d9e41a7b24f6388d2f1706ab3c915'],
  run: async (context, { serial: name }) => {
    const known = (await context.store.certificates.findCertificates(name)).length > 0;
    const other = known ? undefined : await otherNamed(context, name);
    if (other !== undefined) return { ...other, chain: [] };
    const record = await named(context, name);
    return {
      ...viewCertificate(record, context.clock.now()),
      ...(record.use === 'mail' && record.der.length > 0 ? await judged(context, certificateIn(record.der)) : {}),
      pem: pemOf(record),
      chain: await chainPem(context, record),
    };
  },
  say: (shown) => `${detail(shown)}\n\n${shown.pem.trimEnd()}`,
  warnings: ({ problems = [] }) => problems,
});
