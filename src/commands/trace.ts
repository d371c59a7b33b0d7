/**
 * `sluis trace`: finds messages, and shows every step of one. It never shows a subject or content.
 */
import { z } from '../config/zod.ts';
import { type FoundView, foundView, traceView, viewMessage } from '../admin/delivery-views.ts';
import { Names } from '../admin/names.ts';
import type { Input } from '../admin/input.ts';
import { viewParts } from '../admin/part-views.ts';
import {
  SEARCHED,
  copiesOf,
  endOf,
  eventViews,
  eventsOf,
  messageOf,
  protectedCopies,
  withoutBrackets,
} from '../admin/trace.ts';
import { findRefused, viewRefused } from '../admin/trace-refused.ts';
import { CommandError } from '../cli/exit.ts';
import { readableTime } from '../cli/output.ts';
import { defined } from '../domain/defined.ts';
import { parseMessageId } from '../domain/ids.ts';
import { instant, iso } from '../domain/units.ts';
import { address, message } from './core/kinds.ts';
import { count, text } from './core/kind.ts';
import { file } from './core/files.ts';
import { since, until } from './core/moments.ts';
import { arg, many, maybe, old, opt } from './core/params.ts';
import { type Here, type OutputOf, reads, readsHere } from './core/row.ts';
import { subject } from './core/subject.ts';
import { bundle as bundleRow, bundleText, bundleView, writeBundle } from './trace/bundle.ts';
import { checkEvidence, checkProblem, checkedText, checkedView } from './trace/check.ts';
import { foundText, traceText } from './trace/text.ts';

const MOST_FOUND = 1000;
const FOUND = 100;

const SEARCH = {
  sender: old(opt(address, 'messages of this sender'), 'from'),
  recipient: old(opt(address, 'messages for this addressee'), 'to'),
  since: opt(since, 'accepted or refused since then, such as yesterday, 2h or 2026-11-25T08:00:00+01:00'),
  until: opt(until, 'accepted or refused until then'),
  reference: opt(
    text('reference', 70),
    'with an interchange of this reference (UNB 0020, BHS-11 or MSH-10), to the letter',
  ),
};

const search = reads({
  api: { method: 'POST', path: '/trace-searches', id: 'searchTraces' },
  about: 'messages of a sender, an addressee or a time, with the attempts that were refused',
  in: {
    ...SEARCH,
    limit: opt(count('number', { min: 1, max: MOST_FOUND }), 'most messages to list, newest first', MOST_FOUND),
    after: opt(message, 'those before this one'),
    messageId: opt(text('id', 998), 'messages with this Message-ID'),
  },
  out: z.object({
    found: z.array(foundView).readonly().meta({ description: 'Newest first.' }),
    refusedFrom: z.string().optional().meta({
      description: 'Refusals before this moment were not looked at: there are too many.',
    }),
    next: z.string().optional().meta({
      description:
        'With a reference: messages before this one were not looked at, there are too many; give it as `after`.',
    }),
  }),
  right: 'support',
  examples: ['--sender huisarts@huisarts.example'],
  run: async ({ store, clock, gateway }, { after, messageId, reference, ...asked }) => {
    const names = new Names(store.registry);
    const before = after === undefined ? undefined : parseMessageId(after);
    const query = {
      ...defined({ ...asked, before }),
      limit: asked.limit,
      since: asked.since ?? instant(clock.now() - SEARCHED),
      ...(messageId === undefined ? {} : { messageIdField: withoutBrackets(messageId) }),
    };
    const messages: FoundView[] = [];
    const { messages: accepted, next } =
      reference === undefined
        ? { messages: await store.deliveries.findMessages(query), next: undefined }
        : await store.deliveries.findByReference({ ...query, reference });
    for (const one of accepted)
      messages.push({ kind: 'accepted', ...viewMessage(one, await names.account(one.submitter)) });
    // Message-ID and reference of a refused message were not kept, so it cannot be found by them.
    if (messageId !== undefined || reference !== undefined) return { found: messages, ...defined({ next }) };
    gateway?.writeCounted();
    const refused = await findRefused(store.audit, { ...query, ...endOf(query) });
    for (const row of refused.rows) messages.push(await viewRefused(row, names));
    messages.sort((a, b) => (a.received < b.received ? 1 : a.received > b.received ? -1 : 0));
    return { found: messages.slice(0, query.limit), ...defined({ refusedFrom: iso(refused.from) }) };
  },
  say: ({ found }) => foundText(found),
});

export const show = reads({
  api: { method: 'GET', path: '/traces/{messageId}' },
  about: 'every step of one message',
  in: { message: arg(message, 'its id, as the 250 told it, or its Message-ID') },
  out: traceView,
  right: 'support',
  examples: ['5d0q3v9kz2m4x'],
  run: async (context, { message: name }) => {
    const { store } = context;
    const named = await messageOf(context, name);
    // A copy that protection made has no steps of its own, and the sender knows the message by
    // another id.
    const found = (named.copyOf === undefined ? undefined : await store.deliveries.findMessage(named.copyOf)) ?? named;
    const names = new Names(store.registry);
    const { rows, more } = await eventsOf(store, found.id);
    return {
      ...viewMessage(found, await names.account(found.submitter)),
      sha256: found.sha256,
      envelope: found.envelope,
      ...viewParts(await store.messageParts(found.id)),
      copies: protectedCopies(await copiesOf(store, found, names), found, rows),
      events: await eventViews(rows, names),
      more,
    };
  },
  say: traceText,
});

/** The operations. The command itself is of the top level. */
export const traces = subject(
  'trace',
  'messages and what became of them',
  {},
  { parts: { search, show, bundle: bundleRow } },
);

/**
 * Searches to the end. Without an index by reference, each call goes through only some of the
 * messages; the command line calls again until it has seen them all.
 */
async function searchAll(here: Here, asked: Input & { readonly limit: number }): Promise<OutputOf<typeof search>> {
  const found: FoundView[] = [];
  for (let after: string | undefined; ;) {
    const page: OutputOf<typeof search> = await here.call(search, {
      ...asked,
      limit: asked.limit - found.length,
      ...defined({ after }),
    });
    found.push(...page.found);
    if (page.next === undefined || found.length >= asked.limit) return { ...page, found };
    after = page.next;
  }
}

export const trace = readsHere({
  about:
    'every step of one message; or the messages of a sender, an addressee or a time, with the attempts that were refused',
  in: {
    message: maybe(message, 'its id, as the 250 told it, or its Message-ID'),
    ...SEARCH,
    limit: opt(count('number', { min: 1, max: MOST_FOUND }), 'most messages to list, newest first', FOUND),
    bundle: opt(file, 'write all evidence about the message into one signed file; needs --reason'),
    verify: opt(file, 'check such a file, or a statement of deletion; needs no gateway'),
    certificate: many(file, "with --verify: the gateway's evidence certificate; may be given several times"),
    timestampAuthority: many(
      file,
      'with --verify: certificate of the authority whose time stamps are in it; may be given several times',
    ),
  },
  check: ({ message: name, sender, recipient, since: from, reference, bundle, verify }) =>
    verify !== undefined || name !== undefined
      ? undefined
      : bundle !== undefined
        ? 'Cannot write evidence without a message: name its id, or its Message-ID'
        : [sender, recipient, from, reference].every((one) => one === undefined)
          ? 'Cannot search without a message, --sender, --recipient, --since or --reference'
          : undefined,
  out: z.union([z.array(foundView).readonly(), traceView, bundleView, checkedView]),
  right: 'support',
  reason: 'optional',
  second: 'bundle',
  examples: [
    '5d0q3v9kz2m4x',
    '--sender huisarts@huisarts.example --since yesterday',
    '5d0q3v9kz2m4x --bundle evidence.zip --reason "the addressee says it never came"',
  ],
  run: async (here, { message: name, bundle, verify, certificate, timestampAuthority, ...asked }) => {
    if (verify !== undefined)
      return await checkEvidence(verify, { config: here.options.config, certificate, timestampAuthority });
    if (name === undefined) {
      const { found, refusedFrom } = await searchAll(here, {
        ...asked,
        ...defined({ since: iso(asked.since), until: iso(asked.until) }),
      });
      if (refusedFrom !== undefined)
        here.terminal.err(
          `Refused attempts before ${readableTime(refusedFrom)} were not looked at, there are too many; search a shorter time with --since and --until\n`,
        );
      return found;
    }
    if (bundle === undefined) return await here.call(show, { message: name });
    if (here.options.reason === undefined)
      throw new CommandError(
        'usage',
        'Cannot write evidence without --reason TEXT: the file and the audit trail record it',
      );
    return await writeBundle(here, name, bundle);
  },
  say: (told) =>
    'events' in told
      ? traceText(told)
      : 'signer' in told
        ? checkedText(told)
        : 'submissions' in told
          ? bundleText(told)
          : foundText(told),
  fails: (told, { verify }) => (verify !== undefined && 'signer' in told ? checkProblem(told, verify) : undefined),
});
