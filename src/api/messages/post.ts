/** `POST /messages`: sends a message as it is, or as JSON from which the gateway writes one. */
import { defined } from '../../domain/defined.ts';
import { quirkRefusal, tolerates } from '../../domain/quirks.ts';
import type { Refusal } from '../../domain/refusal.ts';
import { type Result, fail, ok } from '../../domain/result.ts';
import { octets } from '../../domain/units.ts';
import { z } from '../../config/zod.ts';
import type { LineEndCounts } from '../../mime/line-ends.ts';
import { refusals } from '../../submission/refusals.ts';
import { jsonPointer } from '../../platform/strict-json.ts';
import { storageRefusal } from '../../submission/size-limits.ts';
import { StoreFailed, StoreFull, StoreUnavailable } from '../../store/store.ts';
import type { Submitter } from '../../submission/submitter.ts';
import type { Standing } from '../../submission/transaction.ts';
import { type Streamed, eitherBody, streamBody, streamedJson } from '../core/body.ts';
import type { AccountCaller } from '../core/callers.ts';
import { malformed, problem, refused } from '../core/problem.ts';
import { parseJson } from '../core/request-body.ts';
import { type Asked, route } from '../core/route.ts';
import type { ApiServices } from '../core/services.ts';
import { contentLines, withHeader } from './content.ts';
import { envelopeOf } from './envelope.ts';
import { JsonUnreadable } from './json-attachments.ts';
import { NewMessageReader, newMessageSent } from './new-message.ts';
import { type Outgoing, type RecipientResult, type Sent, sendMessage } from './send.ts';

const result = z
  .object({
    address: z.string().meta({ description: 'As you gave it.' }),
    accepted: z.boolean(),
    reply: z.int().optional().meta({ description: 'Of a refusal: the code that SMTP would answer, such as 550.' }),
    code: z.string().optional().meta({ description: 'Of a refusal: its enhanced code (RFC 3463), such as 5.1.1.' }),
    detail: z.string().optional().meta({ description: 'Why it was refused, or where the message goes instead.' }),
  })
  .meta({ id: 'RecipientResult' });

const sentMessage = z
  .object({
    id: z.string().meta({ description: 'Id of the message: for the trace, and for GET /messages/{messageId}.' }),
    again: z.boolean().meta({
      description:
        'True: nothing was sent now. This request, or an equal message that still waits, was accepted before, under this id.',
    }),
    detail: z.string().optional().meta({ description: 'Which recipients do not get it, and why.' }),
    recipients: z.array(result),
  })
  .meta({ id: 'SentMessage' });

const path = (about: string, longest: number): z.ZodType<string | undefined, string | undefined> =>
  z
    .string()
    .regex(/^[\x20-\x7e\x80-\xff]+$/)
    .max(longest)
    .optional()
    .meta({ description: about });

const headers = {
  'sluis-sender': path(
    'With message/rfc822: the address of the sender for replies and reports; left out: the one in From.',
    320,
  ),
  'sluis-recipients': path(
    'With message/rfc822: addresses with a comma between them; left out: those in To, Cc and Bcc. Bcc is taken out of the message in any case.',
    12_000,
  ),
  'sluis-notify': z
    .string()
    .regex(/^(?:never|(?:success|failure|delay)(?:, ?(?:success|failure|delay)){0,2})$/)
    .optional()
    .meta({
      description:
        'With message/rfc822: which events cause a notice: never, or some of success, failure, delay; without it only failure.',
    }),
};

type PostAsked = Asked<
  unknown,
  unknown,
  { readonly [K in keyof typeof headers]: string | undefined },
  { readonly stream?: Streamed | undefined },
  AccountCaller
>;
type Used = Pick<ApiServices, 'store' | 'submission' | 'hostname' | 'random' | 'clock' | 'limits'>;

export const sendMessageRoute = route({
  id: 'sendMessage',
  method: 'POST',
  path: '/messages',
  tag: 'messages',
  summary: 'Send a message',
  description:
    'By the same rules as over SMTP. If some recipients are refused, the others get the message; the answer comes when it is stored for them. The same request under the same Idempotency-Key within 24 hours gets the same answer and sends nothing.',
  access: { kind: 'account', scope: 'send' },
  headers,
  body: eitherBody(
    streamedJson(newMessageSent, { about: 'A text and files, from which the gateway writes the message.' }),
    streamBody('message/rfc822', 'The message as it is, header and content, octet for octet (RFC 5322).'),
  ),
  idempotent: 'own',
  answers: {
    201: {
      about: 'The message is stored for its recipients',
      json: sentMessage,
      headers: { location: 'Path of the message' },
    },
    403: 'The account may not send, or not as this sender',
    413: 'The message is larger than the sender, the gateway or a recipient may have',
    422: 'The message or all its recipients are refused, or the key was used for another request',
    429: 'The limits of an hour are reached',
    503: 'Not accepted now; send the same again later, under the same key',
    507: 'There is no space now; send the same again later, under the same key',
  },
  run: async (asked, services: ApiServices) => {
    const { stream } = asked.body;
    if (stream === undefined) throw malformed('There is no body');
    const sent = await (stream.type === 'application/json' ? sendJson : sendAsIs)(asked, stream, services);
    const { id, again, note, recipients } = accepted(sent);
    return {
      status: 201,
      json: { id, again, ...defined({ detail: note }), recipients: recipients.map(resultOf) },
      headers: { location: `/v1/messages/${id}` },
    };
  },
});

const resultOf = ({ address, refused: said, note }: RecipientResult): z.output<typeof result> => ({
  address,
  accepted: said === undefined,
  ...(said === undefined ? defined({ detail: note }) : { reply: said.reply, code: said.status, detail: said.text }),
});

/** Throws Problem for what was refused. */
function accepted(sent: Sent): Extract<Sent, { kind: 'sent' }> {
  switch (sent.kind) {
    case 'sent':
      return sent;
    case 'another':
      throw problem(
        422,
        'idempotency-key',
        'The key was used for another request',
        'An Idempotency-Key belongs to one request; send this one under a new key',
      );
    case 'refused': {
      const { refusal, recipients } = sent;
      throw refused(refusal, recipients.length === 0 ? {} : { recipients: recipients.map(resultOf) });
    }
  }
}

/** What the trace line and the audit trail say of the sender's end. */
export function submitterOf(
  { account, organisation, certificate, by }: AccountCaller,
  { session, address, tls, cipher }: Asked['remote'],
): Submitter {
  return {
    account,
    organisation,
    session,
    protocol: 'https',
    address,
    helo: address.includes(':') ? `[IPv6:${address}]` : `[${address}]`,
    extended: true,
    tls,
    mechanism: by === 'certificate' ? 'EXTERNAL' : 'PLAIN',
    ...defined({ cipher, certificate }),
  };
}

async function send(asked: PostAsked, services: Used, out: Omit<Outgoing, 'key' | 'signal'>): Promise<Sent> {
  const { caller, remote, signal, stands, idempotencyKey = '' } = asked;
  const standing = async (): Promise<Result<Standing, Refusal>> =>
    (await stands()) ? ok(await services.store.registry.findLogin(caller.account.login)) : fail(refusals.loginEnded);
  return await sendMessage(services.submission, submitterOf(caller, remote), standing, {
    ...out,
    signal,
    key: idempotencyKey,
  });
}

async function sendAsIs(asked: PostAsked, stream: Streamed, services: Used): Promise<Sent> {
  const { caller, headers: said } = asked;
  const met: LineEndCounts = { bareCr: 0, bareLf: 0, nul: 0 };
  const normalise = tolerates(caller.account, caller.organisation, 'line-ends');
  const content = await withHeader(contentLines(stream.octets, met, normalise));
  const envelope = envelopeOf({ sender: said['sluis-sender'], recipients: said['sluis-recipients'] }, content.header);
  // With bare line ends it is not clear where the header ends.
  if (!envelope.ok && !normalise && met.bareCr + met.bareLf > 0) throw refused(quirkRefusal('line-ends'));
  if (!envelope.ok)
    throw problem(422, 'envelope', 'It is not clear who sends the message, or who gets it', capital(envelope.error));
  return await send(asked, services, {
    ...envelope.value,
    ...defined({ notify: said['sluis-notify']?.toUpperCase().split(/, ?/) }),
    size: octets(stream.length ?? 0),
    octets: content.octets,
    met,
  });
}

async function sendJson(asked: PostAsked, stream: Streamed, services: Used): Promise<Sent> {
  for (const name of Object.keys(headers) as (keyof typeof headers)[])
    if (asked.headers[name] !== undefined)
      throw malformed(`The header ${name} is for message/rfc822; JSON says it in its members`);
  const reader = new NewMessageReader(services, asked.caller.account.id);
  try {
    const fingerprint = services.store.fingerprint();
    for await (const slice of stream.octets) {
      fingerprint.update(slice);
      await reader.write(slice);
    }
    const written = reader.written(parsed(reader.rest()), services.clock.now());
    if (!written.ok) throw malformed(capital(written.error));
    const { message, ...envelope } = written.value;
    return await send(asked, services, {
      ...envelope,
      smtpUtf8: [envelope.sender, ...envelope.recipients].some((address) => !/^[\x20-\x7e]*$/.test(address)),
      size: octets(message.length),
      octets: message.octets(),
      met: { bareCr: 0, bareLf: 0, nul: 0 },
      digest: fingerprint.digest(),
    });
  } catch (error) {
    throw problemOfJson(error);
  } finally {
    await reader.discard();
  }
}

function parsed(octets: Buffer): unknown {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(octets);
  } catch (error) {
    throw new JsonUnreadable('it is not UTF-8', { cause: error });
  }
  return parseJson(text);
}

function problemOfJson(error: unknown): unknown {
  if (error instanceof StoreFull || error instanceof StoreFailed || error instanceof StoreUnavailable)
    return refused(storageRefusal(error));
  if (error instanceof JsonUnreadable)
    return error.tooLarge
      ? problem(413, 'too-large', 'The body is too large', capital(error.message))
      : malformed(`The body cannot be read: ${error.message}`);
  if (error instanceof z.ZodError)
    return malformed('The body does not fit the schema', {
      errors: error.issues.slice(0, 20).map(({ path, message }) => ({ at: jsonPointer(path), detail: message })),
    });
  return error;
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
