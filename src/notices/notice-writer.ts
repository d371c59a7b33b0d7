/**
 * Where notices are written: text and fields become a sealed body and an acceptance that files it,
 * once.
 *
 * Everything that the gateway itself says by mail passes here: reports about deliveries, receipts,
 * warnings, digests. Null reverse path, no notice about a notice (RFC 3461 section 6.1:
 * NOTIFY=NEVER), no quota, `Auto-Submitted`.
 */
import { Buffer } from 'node:buffer';
import { Counts } from '../domain/counts.ts';
import { defined } from '../domain/defined.ts';
import type { Log } from '../domain/effects.ts';
import type { MessageId } from '../domain/ids.ts';
import { octets } from '../domain/units.ts';
import type { NoticeProtected, WrittenNotice } from '../store/notices.ts';
import type { AuditTrail } from '../store/port/audit.ts';
import type { Store } from '../store/port/store.ts';
import { ContentDamaged } from '../store/store.ts';
import type { PreparedNotice } from '../store/acceptance.ts';
import { type ComposedNotice, type NoticeSender, composeFile, composeLetter, composeReport } from './compose-notice.ts';
import { noticeAcceptance } from './notice-acceptance.ts';
import type { FileContent, LetterContent, NoticeFacts, ReportContent } from './notice-content.ts';
import type { DestinationRegistry, NoticeDestination } from './notice-destination.ts';
import { NoticeDestinations } from './notice-destinations.ts';
import type { OriginalReader } from './original.ts';
import { NotProtected, protectNotice } from './protect-notice.ts';

export interface NoticeWriterParts extends NoticeSender {
  readonly store: Pick<Store, 'openBody'> & {
    readonly registry: DestinationRegistry;
    readonly audit: Pick<AuditTrail, 'note'>;
    readonly deliveries: OriginalReader;
  };
  readonly log: Log;
  /** Protects a notice as any mail to its addressee; without it nothing is protected. */
  readonly protect?: (notice: WrittenNotice) => Promise<NoticeProtected>;
}

type Compose<Content> = (
  sender: NoticeSender,
  to: NoticeDestination,
  content: Content,
  id: MessageId,
) => ComposedNotice;

export class NoticeWriter {
  readonly places: NoticeDestinations;
  /** Notices that were sent to nobody: `nowhere`, `not-protected`. */
  readonly unsent = new Counts(['why'], 10);
  readonly #parts: NoticeWriterParts;

  constructor(parts: NoticeWriterParts) {
    this.#parts = parts;
    this.places = new NoticeDestinations({ registry: parts.store.registry, operator: parts.operator });
  }

  /**
   * A message in plain text. Undefined: it goes to nobody, which the log tells. Rejects with
   * StoreFull, StoreFailed or NoticeWaits.
   */
  async letter(to: NoticeDestination | undefined, letter: LetterContent): Promise<PreparedNotice | undefined> {
    return await this.#prepared(composeLetter, to, letter);
  }

  /** Files a notice with one part for a program and no text for people. Ends as `letter` does. */
  async file(to: NoticeDestination, file: FileContent): Promise<PreparedNotice | undefined> {
    return await this.#prepared(composeFile, to, file);
  }

  /** A delivery status notification. Ends as `letter` does. */
  async report(to: NoticeDestination | undefined, report: ReportContent): Promise<PreparedNotice | undefined> {
    if (to !== undefined && report.whole === true) {
      try {
        return await this.#written(composeReport, to, report);
      } catch (error) {
        // Content that cannot be read any more, or is too large once it is protected, must not keep
        // its sender from hearing of the failure.
        if (!(error instanceof ContentDamaged || error instanceof NotProtected)) throw error;
      }
    }
    return await this.#prepared(composeReport, to, { ...report, whole: false });
  }

  async #prepared<Content extends NoticeFacts>(
    compose: Compose<Content>,
    to: NoticeDestination | undefined,
    content: Content,
  ): Promise<PreparedNotice | undefined> {
    if (to === undefined) return this.#nowhere(content);
    try {
      return await this.#written(compose, to, content);
    } catch (error) {
      if (error instanceof NotProtected) return this.#notProtected(content, error);
      throw error;
    }
  }

  /** Throws NotProtected. */
  async #written<Content extends NoticeFacts>(
    compose: Compose<Content>,
    to: NoticeDestination,
    notice: Content,
  ): Promise<PreparedNotice> {
    const { store, clock, hostname, protect } = this.#parts;
    const writer = store.openBody(octets(0));
    try {
      const { head, content, tail, envelope } = compose(this.#parts, to, notice, writer.id);
      await writer.write(Buffer.from(head));
      if (content !== undefined) for await (const slice of content.slices()) await writer.write(slice);
      if (tail !== '') await writer.write(Buffer.from(tail));
      const body = await writer.seal();
      const acceptance = noticeAcceptance(to, notice, { body, envelope, receivedAt: clock.now() }, hostname);
      const prepared = { acceptance, discard: () => writer.abort() };
      return protect === undefined ? prepared : await protectNotice(protect, prepared, head);
    } catch (error) {
      await writer.abort();
      throw error;
    }
  }

  /** At least the operator is told, in the log: silence never means failure. */
  #nowhere({ kind, about }: NoticeFacts): undefined {
    this.#parts.log.error('notice.nowhere', { notice: kind, message: about?.id });
    this.#noteUnsent('nowhere', { kind, about });
  }

  /** Without protection the notice would show what its addressee wants nobody else to read. */
  #notProtected({ kind, about }: NoticeFacts, { message: why }: NotProtected): undefined {
    this.#parts.log.error('notice.not-protected', { notice: kind, message: about?.id, why });
    this.#noteUnsent('not-protected', { kind, about });
  }

  #noteUnsent(
    why: 'nowhere' | 'not-protected',
    { kind, about }: Pick<NoticeFacts, 'kind'> & { about: NoticeFacts['about'] },
  ): void {
    this.unsent.add([why]);
    this.#parts.store.audit.note({
      event: `notice.${why}`,
      outcome: 'failure',
      ...defined({ message: about?.id }),
      facts: { notice: kind },
    });
  }
}
