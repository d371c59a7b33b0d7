/**
 * Sends a message of the operator to the contacts of organisations, for example about maintenance.
 * It never goes into the mailbox of a system, and it goes only once into a mailbox that reads for
 * several organisations. A sending is filed only once: given again after an interruption, it
 * continues.
 */
import { createHash } from 'node:crypto';
import { z } from '../config/zod.ts';
import type { NoticeDestination } from '../notices/notice-destination.ts';
import { defined } from '../domain/defined.ts';
import type { Organisation } from '../domain/registry.ts';
import type { Letter, Letters } from '../letters/letter.ts';
import { StoreFull, StoreUnavailable } from '../store/store.ts';
import { everyOrganisation } from './every-organisation.ts';
import type { AdminContext } from './context.ts';
import { AdminError } from './error.ts';
import type { Call } from './call.ts';
import { fileNotice } from './notice.ts';
import { unknownOrganisation } from './organisation-of.ts';

const MAX_TEXT = 64 * 1024;
/**
 * Organisations that are read at the same time, and letters that are filed at the same time: the
 * store puts those into one commit.
 */
const PAGE = 200;
const AT_ONCE = 25;
/** Most organisations that are listed one by one; of more, only the number. */
const TOLD = 1000;

export const notTold = z.object({ organisation: z.string(), why: z.string(), telephone: z.string().optional() });
export const sendingView = z.object({
  applied: z.boolean().meta({ description: 'False if it was a dry run.' }),
  id: z.string().meta({ description: 'Of the sending: who has one of this id gets no second.' }),
  organisations: z.number(),
  told: z.number().meta({ description: 'Mailboxes that got it now, or would.' }),
  before: z.number().meta({ description: 'Mailboxes that had it.' }),
  shared: z.number().meta({ description: 'Organisations whose contact reads for another one as well.' }),
  notTold: z.number(),
  mailboxes: z
    .array(z.object({ organisation: z.string(), address: z.string() }))
    .readonly()
    .meta({ description: 'At most 1000 of those that were told.' }),
  missing: z.array(notTold).readonly().meta({ description: 'At most 1000 of those that were not.' }),
});
export type NotTold = z.infer<typeof notTold>;
export type SendingView = z.infer<typeof sendingView>;

export interface Wanted {
  readonly all: boolean;
  readonly organisation: readonly string[];
  readonly subject: string | undefined;
  readonly id: string | undefined;
  readonly dryRun: boolean;
  readonly text: string;
  readonly en: string | undefined;
}

function checked(what: string, text: string): string {
  if (text.trim() === '') throw new AdminError('invalid', `Cannot send ${what}: it is empty; write what is to be told`);
  if (Buffer.byteLength(text) > MAX_TEXT)
    throw new AdminError('invalid', `Cannot send ${what}: it is larger than 64KiB; write less`);
  const plain = text.replace(/\r\n?/g, '\n').replaceAll('\t', '    ');
  const line = plain.split('\n').findIndex((each) => /[\p{Cc}\u202a-\u202e\u2066-\u2069]/u.test(each));
  if (line >= 0)
    throw new AdminError(
      'invalid',
      `Cannot send ${what}: line ${line + 1} has a control character; save it as plain text`,
    );
  return plain.replace(/^\n+|\s+$/g, '');
}

const SUBJECT = { nl: 'Bericht van de helpdesk', en: 'Message from the helpdesk' } as const;

function lettersOf(
  { text, en }: { readonly text: string; readonly en?: string },
  subject: string | undefined,
): Letters {
  const letter = (body: string, title: string): Letter => ({
    subject: title,
    blocks: [{ kind: 'written', lines: body.split('\n') }],
  });
  const nl = letter(text, subject ?? SUBJECT.nl);
  return { nl, en: en === undefined ? nl : letter(en, subject ?? SUBJECT.en) };
}

/** The organisations to write to. Ended ones are left out: there is nobody to tell. */
async function* organisationsOf(
  { store: { registry } }: AdminContext,
  { all, organisation: names }: Wanted,
): AsyncGenerator<readonly Organisation[], void, void> {
  if (!all) {
    const found = await Promise.all([...new Set(names)].map((name) => registry.findOrganisation(name)));
    const missing = found.indexOf(undefined);
    if (missing >= 0) throw unknownOrganisation([...new Set(names)][missing] ?? '');
    yield found.filter((each) => each !== undefined);
    return;
  }
  for await (const page of everyOrganisation(registry, PAGE)) yield page.filter(({ state }) => state !== 'ended');
}

const keyOf = (place: NoticeDestination): string =>
  'partner' in place ? `partner-${place.partner}-${place.address.toLowerCase()}` : `mailbox-${place.mailbox}`;

const whyNot = ({ contact, state }: Organisation): string =>
  state === undefined
    ? `${contact === undefined ? 'no contact is registered' : `its contact ${contact} is not a mailbox here that people read`}, and it has no account for people`
    : `the organisation is ${state}`;

export async function sendNotice(context: AdminContext, wanted: Wanted, call: Call): Promise<SendingView> {
  const texts = {
    text: checked('the file', wanted.text),
    ...(wanted.en !== undefined && { en: checked('the English file', wanted.en) }),
  };
  const letters = lettersOf(texts, wanted.subject);
  const hash = createHash('sha256').update(JSON.stringify([wanted.subject ?? '', texts.text, texts.en ?? '']));
  const id = wanted.id ?? hash.digest('hex').slice(0, 16);
  const { audit } = context.store;
  const note = (event: string, facts: Readonly<Record<string, string | number | boolean>>): void => {
    const { name, reason } = call.actor;
    const personal = { actor: name, ...defined({ reason }) };
    if (!wanted.dryRun) audit.note({ event, outcome: 'success', facts: { id, ...facts }, personal });
  };
  const total = await countOf(context, wanted);
  note('notice.sending', { organisations: total, all: wanted.all });
  const sending = new Sending(context, letters, id, wanted.dryRun);
  try {
    for await (const page of organisationsOf(context, wanted))
      for (let at = 0; at < page.length; at += AT_ONCE) {
        await sending.tell(page.slice(at, at + AT_ONCE));
        call.progress(sending.organisations, total);
      }
  } catch (error) {
    if (!(error instanceof StoreFull || error instanceof StoreUnavailable)) throw error;
    const why = error instanceof StoreFull ? 'the disk is full' : error.message;
    const remedy = error instanceof StoreFull ? 'Free some space, and give' : 'Give';
    throw new AdminError(
      'unavailable',
      `Cannot continue: ${why}; ${sending.told} mailboxes were told. ${remedy} the same command again`,
      { cause: error },
    );
  }
  const { organisations, told, before, shared, notTold, mailboxes, missing } = sending;
  note('notice.sent', { organisations, told, before, shared, 'not-told': notTold });
  return { applied: !wanted.dryRun, id, organisations, told, before, shared, notTold, mailboxes, missing };
}

async function countOf(context: AdminContext, wanted: Wanted): Promise<number> {
  let n = 0;
  for await (const page of organisationsOf(context, wanted)) n += page.length;
  return n;
}

class Sending {
  readonly #context: AdminContext;
  readonly #letters: Letters;
  readonly #id: string;
  readonly #dryRun: boolean;
  readonly #seen = new Set<string>();
  organisations = 0;
  told = 0;
  before = 0;
  shared = 0;
  notTold = 0;
  readonly mailboxes: { organisation: string; address: string }[] = [];
  readonly missing: NotTold[] = [];

  constructor(context: AdminContext, letters: Letters, id: string, dryRun: boolean) {
    this.#context = context;
    this.#letters = letters;
    this.#id = id;
    this.#dryRun = dryRun;
  }

  async tell(part: readonly Organisation[]): Promise<void> {
    const { noticeWriter, store } = this.#context;
    const places = await Promise.all(
      part.map((each) => (each.state === undefined ? noticeWriter.places.ofContact(each) : Promise.resolve(undefined))),
    );
    const due: { readonly organisation: Organisation; readonly place: NoticeDestination; readonly once: string }[] = [];
    for (const [n, organisation] of part.entries()) {
      const place = places[n];
      this.organisations += 1;
      if (place === undefined) this.#miss(organisation);
      else if (this.#seen.has(keyOf(place))) this.shared += 1;
      else {
        this.#seen.add(keyOf(place));
        due.push({ organisation, place, once: `operator:${this.#id}:${keyOf(place)}` });
      }
    }
    const used = new Set(await store.deliveries.usedKeys(due.map(({ once }) => once)));
    this.before += used.size;
    const now = due.filter(({ once }) => !used.has(once));
    await Promise.all(
      now.map(async ({ organisation: { language }, place, once }) => {
        if (!this.#dryRun)
          await fileNotice(
            store,
            await noticeWriter.letter({ ...place, language }, { kind: 'operator', once, letters: this.#letters }),
          );
        this.told += 1;
      }),
    );
    const shown = now.slice(0, TOLD - this.mailboxes.length);
    this.mailboxes.push(
      ...shown.map(({ organisation: { name }, place }) => ({ organisation: name, address: place.address })),
    );
  }

  #miss(organisation: Organisation): void {
    const { name, telephone } = organisation;
    this.notTold += 1;
    if (this.missing.length < TOLD)
      this.missing.push({ organisation: name, why: whyNot(organisation), ...defined({ telephone }) });
  }
}
