/** Checks whether a password of the old server works here too. If so, nobody needs a new one. */
import { z } from '../../config/zod.ts';
import { validPasswords } from '../../auth/candidates.ts';
import { verifyPassword } from '../../crypto/passwords/password.ts';
import { foldLogin } from '../../domain/registry.ts';
import { arg } from '../core/params.ts';
import { type Here, lookPart } from '../core/row.ts';
import { login } from '../core/kinds.ts';
import { password } from '../core/secret.ts';

/** The right is that of setting a password: whoever could ask this could set one as well. */
export const opens = lookPart({
  about: 'whether an account opens with a password',
  in: { login: arg(login, 'the account'), password },
  out: z.object({ opens: z.boolean() }),
  right: 'registry',
  run: async ({ store, clock }, { login: name, password: text }) => {
    const record = await store.registry.findLogin(foldLogin(name) ?? '');
    for (const { hash } of validPasswords(record, clock.now()))
      if (await verifyPassword(hash, text)) return { opens: true };
    return { opens: false };
  },
});

export const opensWith = async (here: Here, name: string, text: string): Promise<boolean> =>
  (await here.call(opens, { login: name, password: text })).opens;
