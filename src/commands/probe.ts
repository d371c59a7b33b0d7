/** `sluis probe`: the account with which the gateway measures its own availability. */
import { z } from '../config/zod.ts';
import { organisation } from './core/kinds.ts';
import { need } from './core/params.ts';
import { changes } from './core/row.ts';
import { subject } from './core/subject.ts';

export const probes = subject('probe', 'the account that measures availability', {
  add: changes({
    about: 'make the probe account: it writes to itself alone, is not a customer and is in no directory',
    in: { organisation: need(organisation, 'that of whoever runs the service') },
    out: z.object({ login: z.string(), sites: z.array(z.string()) }),
    right: 'registry',
    trail: ['registry.account-added'],
    undo: 'account end',
    examples: ['--organisation umc'],
    run: async ({ store, probe }, { organisation: whose }, { actor }) => {
      const { address, sites } = probe;
      const account = { login: address, organisation: whose, kind: 'probe', addresses: [address] } as const;
      await store.registry.addAccount({ ...account, password: await probe.newPassword() }, actor);
      return { login: address, sites: sites.map(({ site }) => site) };
    },
    say: ({ login, sites }) =>
      `Made the probe account ${login}. ${
        sites.length === 0
          ? 'Nothing is measured yet: name the sites in probe.sites, and restart.'
          : `Each minute the gateway probes ${sites.join(', ')}.`
      }`,
  }),
});
