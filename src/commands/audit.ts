/** `sluis audit`: the trail of everything that happened. */
import { z } from '../config/zod.ts';
import { runningGateway } from '../admin/error.ts';
import { erase } from './audit/erase.ts';
import { exportPage, exportTo } from './audit/export.ts';
import { list } from './audit/list.ts';
import { chainCheck } from './audit/proof.ts';
import { report, summaryOf } from './audit/report.ts';
import { verify } from './audit/verify.ts';
import { changes } from './core/row.ts';
import { subject } from './core/subject.ts';

const anchor = changes({
  about: 'sign the head of the trail now; the running gateway does so every minute',
  in: {},
  out: z.object({ seq: z.number().meta({ description: 'The newest row of the trail.' }) }),
  right: 'security',
  trail: [],
  undo: 'none is needed: a signature more',
  examples: [''],
  run: async ({ gateway, store }) => {
    await runningGateway(gateway, 'sign the head of the audit trail').anchor();
    return { seq: (await store.audit.head()).seq };
  },
  say: ({ seq }) => `The trail is anchored up to row ${seq} or a later one.`,
});

export const audits = subject(
  'audit',
  'the audit trail of everything that happened; it also records who reads it',
  { list, export: exportTo, verify, report, anchor, erase },
  { parts: { export: exportPage, verify: chainCheck, report: summaryOf } },
);
