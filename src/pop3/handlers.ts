/**
 * What each command does: a typed table with a row a command, and the state that each belongs to.
 *
 * RFC 1939 sections 4 to 7, RFC 2449 (CAPA), RFC 2595 (STLS), RFC 6856 section 2.1 (UTF8).
 */
import { type Listing, type Maildrop, type Selection, faultOf } from '../pickup/maildrop.ts';
import type { Command, Verb } from './command.ts';
import { enterByCertificate, onAuth, onPass, onUser, withMechanisms } from './login.ts';
import { troubles } from './replies.ts';
import { capabilities, errReply, listingPieces, okReply } from './response.ts';
import { sendContent } from './send.ts';
import type { Answer, Reply, Session } from './session.ts';
import { TopCutter } from './top.ts';

type Handler<V extends Verb> = (session: Session, command: Extract<Command, { readonly verb: V }>) => Answer;
type DropHandler<V extends Verb> = (
  session: Session,
  command: Extract<Command, { readonly verb: V }>,
  drop: Maildrop,
) => Answer;

const OK = '+OK\r\n';

/** Wraps a command that is allowed only before the login. */
const beforeLogin =
  <V extends Verb>(handler: Handler<V>): Handler<V> =>
  (session, command) =>
    session.drop === undefined ? handler(session, command) : session.bad(troubles.loggedIn);

/** Wraps a command that is allowed only with an open maildrop. */
const withDrop =
  <V extends Verb>(handler: DropHandler<V>): Handler<V> =>
  (session, command) => {
    if (session.drop !== undefined) return handler(session, command, session.drop);
    if (!session.wire.secure) return session.bad(troubles.needTlsFirst);
    if (session.triedLogin || session.peer.certificate === undefined) return session.bad(troubles.needLogin);
    return enterByCertificate(session).then((refused) =>
      refused === undefined && session.drop !== undefined ? handler(session, command, session.drop) : (refused ?? ''),
    );
  };

const handlers: { readonly [V in Verb]: Handler<V> } = {
  CAPA: (session) =>
    withMechanisms(session, (mechanisms) =>
      capabilities({ secure: session.wire.secure, loggedIn: session.drop !== undefined, mechanisms }),
    ),
  STLS: beforeLogin((session) => {
    if (session.wire.secure) return session.bad(troubles.tlsActive);
    session.next = { kind: 'tls' };
    return okReply('begin TLS now');
  }),
  // Messages are handed out as they were filed, UTF-8 or not, so the command only has to be
  // accepted.
  UTF8: beforeLogin(() => okReply('UTF-8 it is')),
  USER: beforeLogin(onUser),
  PASS: beforeLogin(onPass),
  AUTH: beforeLogin(onAuth),
  QUIT: (session) => (session.drop === undefined ? session.close(okReply('bye'), 'quit') : quit(session, session.drop)),
  NOOP: withDrop(() => OK),
  STAT: withDrop((_session, _command, drop) => `+OK ${drop.remaining.messages} ${drop.remaining.octets}\r\n`),
  RSET: withDrop((_session, _command, drop) => {
    drop.reset();
    return okReply(`no message is marked deleted, ${drop.remaining.messages} messages`);
  }),
  LIST: withDrop((session, command, drop) => listed(session, drop, command.number, sizes)),
  UIDL: withDrop((session, command, drop) => {
    session.knowsUidls = true;
    return listed(session, drop, command.number, uidls);
  }),
  // QUIRK last: RFC 1725 removed the command; programs older than UIDL find new messages by it.
  LAST: withDrop((session, _command, drop) => {
    const strict = session.quirks.meet('last');
    return strict === undefined ? withListing(drop, () => `+OK ${drop.last}\r\n`) : session.bad(strict);
  }),
  DELE: withDrop((_session, command, drop) =>
    selected(drop, command.number, (index) => {
      drop.delete(index);
      return OK;
    }),
  ),
  RETR: withDrop((session, command, drop) =>
    selected(drop, command.number, (index) => {
      const strict = session.knowsUidls ? undefined : session.quirks.meet('no-uidl');
      return strict === undefined ? retrieve(session, drop, index) : errReply({ ...strict, code: 'SYS/PERM' });
    }),
  ),
  TOP: withDrop((session, command, drop) =>
    selected(drop, command.number, (index) => top(session, drop, index, command.lines)),
  ),
};

export function dispatch(session: Session, command: Command): Answer {
  // The one cast of the table: a command goes to the handler of its own verb.
  return (handlers[command.verb] as Handler<Verb>)(session, command);
}

interface Column {
  readonly status: (drop: Maildrop) => string;
  readonly of: (listing: Listing, index: number) => string | number;
}

const sizes: Column = {
  status: (drop) => okReply(`${drop.remaining.messages} messages (${drop.remaining.octets} octets)`),
  of: (listing, index) => listing.sizeOf(index),
};

const uidls: Column = {
  status: () => okReply('unique-ids follow'),
  of: (listing, index) => listing.uidlOf(index),
};

/**
 * Runs `then` with the listing, at once if it was read already, so that a DELE costs no promise.
 */
function withListing(drop: Maildrop, then: (listing: Listing) => Answer): Answer {
  const listing = drop.listing();
  return listing instanceof Promise ? listing.then(then) : then(listing);
}

function selected(drop: Maildrop, number: number, then: (index: number) => Answer): Answer {
  return withListing(drop, () => {
    const selection = drop.select(number);
    return selection.kind === 'message' ? then(selection.index) : noSuch(selection);
  });
}

const noSuch = (selection: Exclude<Selection, { readonly kind: 'message' }>): string =>
  selection.kind === 'deleted'
    ? errReply(troubles.deleted)
    : errReply(selection.count === 0 ? troubles.emptyMaildrop : troubles.noSuchMessage({ count: selection.count }));

function listed(session: Session, drop: Maildrop, number: number | undefined, column: Column): Answer {
  if (number !== undefined)
    return withListing(drop, (listing) => {
      const selection = drop.select(number);
      return selection.kind === 'message'
        ? `+OK ${number} ${column.of(listing, selection.index)}\r\n`
        : noSuch(selection);
    });
  return withListing(drop, (listing) => {
    const lines = { count: listing.count, isDeleted: (index: number) => drop.isDeleted(index) };
    return inPieces(
      session,
      column.status(drop),
      listingPieces(lines, (index) => column.of(listing, index)),
    );
  });
}

/**
 * Sends a listing. One piece leaves in one write; a longer listing waits after each piece until the
 * peer has received it.
 */
function inPieces(session: Session, status: string, pieces: Generator<string, undefined, undefined>): Answer {
  const first = pieces.next().value ?? '';
  const second = pieces.next().value;
  if (second === undefined) return `${status}${first}.\r\n`;
  return (async () => {
    await session.wire.send(status + first);
    let held = second;
    for (const piece of pieces) {
      await session.wire.send(held);
      session.drop?.progress();
      held = piece;
    }
    return `${held}.\r\n`;
  })();
}

async function retrieve(session: Session, drop: Maildrop, index: number): Promise<Reply> {
  session.fetching(index);
  drop.noteFetching(index);
  const content = await drop.open(index);
  const sent = await sendContent(session.wire, content, okReply(`${content.octets} octets`), () => drop.progress());
  if (sent.kind === 'broken') return broken(session, index, sent);
  drop.noteRetrieved(index, content);
  session.parts.sent.messages += 1;
  session.parts.sent.octets += content.octets;
  return sent.rest;
}

/**
 * QUIRK: fetchmail fetches by `TOP n 99999999`, which marks nothing as read at the servers that it
 * was written for.
 */
const WHOLE_BY_TOP = 1_000_000;

async function top(session: Session, drop: Maildrop, index: number, lines: number): Promise<Reply> {
  if (lines >= WHOLE_BY_TOP) {
    session.fetching(index);
    drop.noteFetching(index);
  }
  const content = await drop.open(index);
  const cutter = new TopCutter(lines);
  const sent = await sendContent(session.wire, content, okReply('top of the message'), () => drop.progress(), cutter);
  if (sent.kind === 'broken') return broken(session, index, sent);
  drop.notePreviewed(index);
  return sent.rest;
}

/**
 * Once a part of a message has gone out, an error drops the line without a final dot, and the
 * message does not count as retrieved: nobody may take half a message for a whole one.
 */
function broken(session: Session, index: number, sent: { readonly begun: boolean; readonly error: unknown }): string {
  if (faultOf(sent.error) !== 'damaged') {
    const reply = session.failed(sent.error);
    return sent.begun ? session.cut('failed') : reply;
  }
  session.parts.log.error('pop3.damaged', {
    session: session.peer.session,
    account: session.account?.login,
    number: index + 1,
    error: sent.error instanceof Error ? sent.error.message : '',
  });
  return sent.begun ? session.cut('damaged') : errReply(troubles.damaged);
}

/**
 * RFC 1939 section 6: marked messages are removed before the answer, or the answer says that none
 * was.
 */
async function quit(session: Session, drop: Maildrop): Promise<string> {
  await drop.commit(session.collector);
  return session.close(okReply('bye'), 'quit');
}
