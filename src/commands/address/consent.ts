/** `sluis address consent`: who agreed to be a substitute, and for whom. */
import { z } from '../../config/zod.ts';
import { recipientOf } from '../../admin/addresses.ts';
import { readableTime } from '../../cli/output.ts';
import { many } from '../../domain/counted.ts';
import { iso } from '../../domain/units.ts';
import { address } from '../core/kinds.ts';
import { arg, flag, need } from '../core/params.ts';
import { changes, lists } from '../core/row.ts';
import { subject } from '../core/subject.ts';

const consentView = z.object({ substitute: z.string(), address: z.string(), given: z.string() });
export type ConsentView = z.infer<typeof consentView>;

export const consents = subject(
  'consent',
  'who agreed to stand in for whom',
  {
    add: changes({
      api: {
        method: 'POST',
        path: '/accounts/{accountId}/addresses/{addressId}/consents',
        fills: { addressId: 'for' },
      },
      about: 'note that somebody agreed to get the mail of an address while its owner is away',
      was: ['give'],
      in: {
        substitute: arg(address, 'who agreed'),
        for: need(address, 'whose mail'),
        takeBack: flag('end the consent, and the absences that rest on it'),
      },
      out: z.object({
        substitute: z.string(),
        address: z.string(),
        ended: z.number().meta({ description: 'Absences that ended with it.' }),
      }),
      right: 'registry',
      trail: ['registry.substitute-consent'],
      undo: 'the same with or without --take-back',
      examples: [
        'assistent@huisarts.example --for huisarts@huisarts.example',
        'assistent@huisarts.example --for huisarts@huisarts.example --take-back',
      ],
      run: async ({ store: { registry } }, { substitute, for: of, takeBack }, { actor }) => {
        await recipientOf(registry, substitute);
        await recipientOf(registry, of);
        return { substitute, address: of, ended: await registry.setConsent(substitute, of, !takeBack, actor) };
      },
      say: (done, { takeBack }) =>
        takeBack
          ? `${done.substitute} no longer stands in for ${done.address}; ${many(done.ended, 'absence')} ended with it.`
          : `${done.substitute} may stand in for ${done.address}.`,
    }),

    list: lists({
      api: { method: 'GET', path: '/accounts/{accountId}/addresses/{addressId}/consents', id: 'listConsents' },
      about: 'list consents given for an address, or by it',
      in: { address: arg(address, 'the address') },
      out: consentView,
      right: 'read',
      examples: ['huisarts@huisarts.example'],
      run: async ({ store }, { address: of, after }) => {
        await recipientOf(store.registry, of);
        // One page holds all consents of an address, so there is no second page.
        const all = after === undefined ? await store.registry.listConsents(of) : [];
        return all.map(({ substitute, address: whose, givenAt }) => ({
          substitute,
          address: whose,
          given: iso(givenAt),
        }));
      },
      header: ['SUBSTITUTE', 'FOR', 'GIVEN'],
      cells: (c) => [c.substitute, c.address, readableTime(c.given)],
      after: (c) => `${c.substitute} ${c.address}`,
    }),
  },
  { initial: 'add' },
);
