/**
 * A message as JSON, from which the gateway writes MIME: its schema, and how its octets are read.
 */
import { z } from '../../config/zod.ts';
import type { AccountId } from '../../domain/ids.ts';
import { type Result, fail, ok } from '../../domain/result.ts';
import { type Instant, octets as octetsOf } from '../../domain/units.ts';
import { readMailboxes } from '../../mime/address-list.ts';
import { type ComposedMessage, type Mailbox, composed } from '../../mime/compose.ts';
import type { Store } from '../../store/port/store.ts';
import type { BodyWriter, SealedBody } from '../../store/body.ts';
import { MOST_RECIPIENTS } from './envelope.ts';
import { AttachmentReader, type ContentSink, JsonUnreadable } from './json-attachments.ts';

const MOST_FILES = 100;
const LONGEST_TEXT = 262_144;

const mailbox = z
  .string()
  .regex(/^[ -~\u00a0-\uffff]{3,500}$/)
  .meta({
    description: 'An address, or a name with the address in angle brackets.',
    examples: ['Praktijk Jansen <jansen@group.example>', 'lab@group.example'],
  });
export const notifyWord = z.enum(['never', 'success', 'failure', 'delay']);
const notify = z.array(notifyWord).min(1).max(3).meta({
  description:
    'Which events cause a notice in the mailbox of the sender; without it only failure. "never" excludes the others.',
});

/** Fields as read: `content` is the number of an attachment's octets. */
const fields = {
  from: mailbox,
  to: z.array(mailbox).min(1).max(MOST_RECIPIENTS),
  cc: z.array(mailbox).max(MOST_RECIPIENTS).optional(),
  bcc: z
    .array(mailbox)
    .max(MOST_RECIPIENTS)
    .optional()
    .meta({ description: 'They get the message, and no header names them.' }),
  subject: z.string().max(998).optional(),
  text: z.string().max(LONGEST_TEXT).optional().meta({ description: 'Plain text; lines end in \\n.' }),
  receipt: z.enum(['collected']).optional().meta({
    description: '"collected": the sender gets a receipt in the mailbox when a recipient has collected the message.',
  }),
  notify: notify.optional(),
};
const file = {
  name: z
    .string()
    .regex(/^[ !#-.0-[\]-~\u00a0-\uffff]{1,200}$/)
    .meta({ examples: ['uitslag.edi'] }),
  type: z
    .string()
    .regex(
      /^(?:application|audio|font|image|model|text|video)\/[A-Za-z0-9][A-Za-z0-9.+_-]{0,100}(?:; ?charset=[A-Za-z0-9_-]{1,40})?$/,
    )
    .meta({ description: 'Media type, perhaps with a charset.', examples: ['application/edifact'] }),
};
const newMessage = z.strictObject({
  ...fields,
  attachments: z
    .array(z.strictObject({ ...file, content: z.string().regex(/^[0-9]{1,3}$/) }))
    .max(MOST_FILES)
    .optional(),
});
type Read = z.output<typeof newMessage>;

/** The message as sent, for the document. */
export const newMessageSent = z
  .strictObject({
    ...fields,
    attachments: z
      .array(
        z.strictObject({
          ...file,
          content: z
            .string()
            .regex(/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/)
            .meta({ description: 'Base64 with padding (RFC 4648 section 4).' }),
        }),
      )
      .max(MOST_FILES)
      .optional(),
  })
  .meta({ id: 'NewMessage' });

export interface NewMessageParts {
  readonly store: Pick<Store, 'openBody'>;
  readonly hostname: string;
  readonly random: (n: number) => Uint8Array;
}

export interface WrittenMessage {
  readonly message: ComposedMessage;
  readonly sender: string;
  readonly recipients: readonly string[];
  readonly notify?: readonly string[];
}

/**
 * Reads the JSON of a message. Contents of attachments wait in bodies of the store, sealed as mail
 * is and never filed; only small ones stay in memory. Call `discard` when the message is filed or
 * given up.
 */
export class NewMessageReader {
  readonly #parts: NewMessageParts;
  readonly #account: AccountId;
  readonly #writers: BodyWriter[] = [];
  readonly #sealed: SealedBody[] = [];
  readonly #reader: AttachmentReader;

  constructor(parts: NewMessageParts, account: AccountId) {
    this.#parts = parts;
    this.#account = account;
    this.#reader = new AttachmentReader((place) => this.#sink(place));
  }

  /** Takes a slice. Throws JsonUnreadable, StoreFull or StoreFailed. */
  async write(slice: Buffer): Promise<void> {
    await this.#reader.write(slice);
  }

  /** The JSON without contents; throws JsonUnreadable. */
  rest(): Buffer {
    return this.#reader.end();
  }

  /** The message. Throws ZodError for a value that does not fit the schema. */
  written(value: unknown, date: Instant): Result<WrittenMessage, string> {
    const read = newMessage.parse(value);
    const from = mailboxOf(read.from);
    const [to, cc, bcc] = [read.to, read.cc ?? [], read.bcc ?? []].map((texts) => texts.map(mailboxOf));
    const all = [...(to ?? []), ...(cc ?? []), ...(bcc ?? [])];
    if (from === undefined || all.includes(undefined))
      return fail('an address is malformed; write local@domain, or a name and <local@domain>');
    const notify = notifyOf(read);
    if (!notify.ok) return notify;
    const recipients = [...new Set(all.map((each) => each?.address ?? ''))];
    if (recipients.length > MOST_RECIPIENTS) return fail(`there are more than ${MOST_RECIPIENTS} recipients`);
    const unique = Buffer.from(this.#parts.random(18)).toString('hex');
    const message = composed({
      from,
      to: known(to),
      cc: known(cc),
      subject: read.subject ?? '',
      text: read.text ?? '',
      files: (read.attachments ?? []).map(({ name, type, content }) => ({
        name,
        type,
        ...this.#file(Number(content)),
      })),
      fields: read.receipt === undefined ? [] : [`Sluis-Receipt: ${read.receipt}`],
      date,
      messageId: `${unique}@${this.#parts.hostname}`,
      boundary: `=_${unique}`,
    });
    return ok({
      message,
      sender: from.address,
      recipients,
      ...(notify.value === undefined ? {} : { notify: notify.value }),
    });
  }

  async discard(): Promise<void> {
    for (const writer of this.#writers) await writer.abort();
  }

  #sink(place: number): ContentSink {
    if (place >= MOST_FILES) throw new JsonUnreadable(`there are more than ${MOST_FILES} attachments`);
    const writer = this.#parts.store.openBody(octetsOf(0), this.#account);
    this.#writers.push(writer);
    return {
      write: (octets) => writer.write(octets),
      end: async () => {
        this.#sealed[place] = await writer.seal();
      },
    };
  }

  #file(place: number): Pick<SealedBody, 'octets' | 'slices'> {
    const sealed = this.#sealed[place];
    if (sealed === undefined) throw new JsonUnreadable('the content of an attachment is not text');
    return { octets: sealed.octets, slices: () => sealed.slices() };
  }
}

const known = (mailboxes: readonly (Mailbox | undefined)[] = []): readonly Mailbox[] =>
  mailboxes.filter((each) => each !== undefined);

function mailboxOf(text: string): Mailbox | undefined {
  const read = readMailboxes(text, 1);
  const [address, second] = read.ok ? read.value : [];
  if (address === undefined || second !== undefined || address === '') return undefined;
  const name = /^(.*)<[^<>]*>\s*$/.exec(text)?.[1]?.trim() ?? '';
  const plain = name.replace(/^"(.*)"$/, (_, inner: string) => inner.replace(/\\(.)/g, '$1'));
  return plain === '' ? { address } : { address, name: plain };
}

function notifyOf({ notify: words }: Read): Result<readonly string[] | undefined, string> {
  if (words === undefined) return ok(undefined);
  if (new Set(words).size !== words.length || (words.includes('never') && words.length > 1))
    return fail('notify is only "never", or some of "success", "failure" and "delay"');
  return ok(words.map((word) => word.toUpperCase()));
}
