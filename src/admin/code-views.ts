/** What operations answer about one-time codes for passwords. */
import { z } from '../config/zod.ts';

export const madeCode = z.object({
  login: z.string(),
  organisation: z.string(),
  name: z.string().meta({ description: 'Name of the password that the code sets.' }),
  replaces: z.boolean().meta({ description: 'A password of that name stands; it works until the code is used.' }),
  expires: z.string(),
  to: z.string().optional().meta({ description: 'Address of the contact that gets the code.' }),
  toOrganisation: z.string().optional().meta({
    description: 'The organisation of that address, if it is another one.',
  }),
  toPartner: z.literal(true).optional().meta({
    description: 'It is pushed to a mail server of theirs: who reads it there is not known here.',
  }),
  noPost: z.literal(true).optional().meta({ description: 'The organisation has no postal address.' }),
});
export const withLetter = madeCode.extend({
  letter: z.string().optional().meta({ description: 'The letter with the code; in a dry run without it.' }),
});
const CODES = {
  applied: z.boolean().meta({ description: 'False if it was a dry run.' }),
  refused: z.array(z.object({ login: z.string(), why: z.string() })).meta({ description: 'Those that got none.' }),
  waiting: z.number().meta({ description: 'Left out, since a code of theirs can still be used.' }),
};
/** Without the secrets, as `--json` prints it. */
export const codesView = z.object({ ...CODES, codes: z.array(madeCode) });
export const codesWithLetters = z.object({ ...CODES, codes: z.array(withLetter) });
