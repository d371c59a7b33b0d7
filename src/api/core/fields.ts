/** Parameters that many routes have: ids are texts, pages go by cursors. */
import { z } from '../../config/zod.ts';
import type { AccountId, EntryUid, MessageId, OrganisationId } from '../../domain/ids.ts';
import { parseMessageId } from '../../domain/ids.ts';
import { type Instant, instant } from '../../domain/units.ts';

const NUMBER = /^[1-9][0-9]{0,14}$/;

/** A number of the store as a text, since callers do not compute with it. */
export const numberId = <T extends number>(about: string): z.ZodType<T, string> =>
  z
    .string()
    .regex(NUMBER)
    .meta({ description: about, examples: ['42'] })
    .transform((text) => Number(text) as T);

export const accountId = numberId<AccountId>('Id of the account.');
export const organisationId = numberId<OrganisationId>('Id of the organisation.');
export const entryId = numberId<EntryUid>('Number of the message in the mailbox.');

export const messageId: z.ZodType<MessageId, string> = z
  .string()
  .regex(/^[0-7][0-9a-hjkmnp-tv-z]{12}$/)
  .meta({ description: 'Id of the message, as the answer to its submission had it.', examples: ['06b2v0c1qz8xk'] })
  .transform((text) => parseMessageId(text) ?? (text as MessageId));

export const appPasswordId = z
  .string()
  .regex(/^[A-Z2-7]{4}-[A-Z2-7]{4}$/)
  .meta({ description: 'Id of the app password; it is not the password.', examples: ['K7QM-2XRD'] });

/** Where the next page begins, as the page before said in `next`. */
export const cursor = z
  .string()
  .regex(/^[A-Za-z0-9_-]{1,600}$/)
  .meta({
    description: 'Where the page begins: `next` of the page before. Without it the list begins at the beginning.',
  });

/** How many entries a page has at most. */
export const limit = (most: number, usual = Math.min(100, most)): z.ZodType<number, string | undefined> =>
  z
    .string()
    .regex(/^[1-9][0-9]{0,5}$/)
    .meta({
      description: `Most entries of the page: 1 to ${most}; ${usual} when left out, and more than ${most} means ${most}.`,
    })
    .transform((text) => Math.min(Number(text), most))
    .default(usual);

/** A time in a query; may be left out. */
export const moment = (about?: string): z.ZodType<Instant | undefined, string | undefined> =>
  z.iso
    .datetime({ offset: true })
    .meta(about === undefined ? {} : { description: about })
    .optional()
    .transform((text) => (text === undefined ? undefined : instant(Date.parse(text))));

/** A switch in a query. */
export const flag = (about: string): z.ZodType<boolean, 'true' | 'false' | undefined> =>
  z
    .enum(['true', 'false'])
    .meta({ description: about })
    .transform((text) => text === 'true')
    .default(false);
