/** What docs/try.md promises to whoever tries the gateway. */
import { type PageClaims, claim } from './claim.ts';

export const TRY: PageClaims = {
  page: 'docs/try.md',
  claims: [
    claim('`sluis init` writes a commented configuration, a master key and an empty store, and overwrites nothing.', [
      'cli/init: init overwrites nothing',
    ]),
    claim('Passwords come from a prompt, a file, standard input or the generator, never from the command line', [
      'claims/told: no command takes a password or a secret as a word',
      'cli/prompt: a password is asked for twice and never shown',
    ]),
    claim('Thousands of accounts at once come from a CSV file: `sluis account import`.', [
      'admin/import: thousands of accounts: at most two hashes at once, progress in each phase, the order of the file kept',
    ]),
    claim('The commands work while it runs, and a change holds at once.', [
      'gateway: a change over the control socket holds at the next command of an open session',
    ]),
  ],
  none: [],
};
