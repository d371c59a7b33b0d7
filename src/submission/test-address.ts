/**
 * The test address: a message to it alone is filed for nobody and answered by a report, into the
 * mailbox of whoever sent it.
 *
 * It cannot loop: the report has a null sender and is auto-submitted (RFC 3834 section 3.1), and no
 * message with either is accepted. If somebody has registered the same address, it is a normal
 * address.
 */
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { type Address, addressKey } from '../domain/address.ts';
import { type RefusalRow, refusing, row } from '../domain/refusal.ts';
import { SAMPLE, type TestedMessage } from '../domain/tested-message.ts';
import { type Octets, octets } from '../domain/units.ts';
import type { PreparedNotice } from '../store/acceptance.ts';
import type { BodyWriter, SealedBody } from '../store/body.ts';

export interface TestReports {
  /**
   * The report, its body sealed; undefined if the sender has no mailbox for it. Rejects with
   * StoreFull or StoreFailed.
   */
  reportOn(tested: TestedMessage): Promise<PreparedNotice | undefined>;
}

export const testAddressOf = (hostname: string): Address => `test@${hostname}` as Address;
export const isTestAddress = (address: Address, hostname: string): boolean =>
  addressKey(address) === addressKey(testAddressOf(hostname));

export const testRows = {
  testNotAlone: row(
    550,
    '5.7.1',
    'The test address must be the only recipient of a message; send to it separately',
    'The message goes to the test address and to somebody else.',
  ),
  testNullSender: row(
    550,
    '5.7.1',
    'The test address answers no message without a sender; use your own address',
    'The message to the test address has an empty sender (MAIL FROM:<>).',
  ),
  testAutomatic: row(
    550,
    '5.7.1',
    'The test address answers no automatic message; send one without Auto-Submitted',
    'The message is an automatic reply, and the two would answer each other without end.',
  ),
  testTooMany: row(
    450,
    '4.7.1',
    'This account has reached its number of test reports for this hour; try again later',
    'The setting `test-reports-per-hour` is reached.',
  ),
  testOff: row(
    550,
    '5.7.1',
    'This account may not use the test address; ask the helpdesk',
    'The setting `test-reports-per-hour` is 0.',
  ),
  testNoPlace: row(
    550,
    '5.7.1',
    'There is no mailbox for the test report; ask the helpdesk',
    'The account is of a partner, and its organisation has no mailbox for notices.',
  ),
} as const satisfies Record<string, RefusalRow>;

export const testRefusals = refusing(testRows);

/** Gives back the space that was reserved for a message; its id stays. */
export function sampleInsteadOf(writer: BodyWriter): SampleWriter {
  void writer.abort();
  return new SampleWriter(writer.id);
}

/** Reads a message's octets as the store would, and keeps the first of them. */
export class SampleWriter implements BodyWriter {
  readonly id: BodyWriter['id'];
  readonly #sample = Buffer.alloc(SAMPLE);
  readonly #hash = createHash('sha256');
  #written = 0;

  constructor(id: BodyWriter['id']) {
    this.id = id;
  }

  get written(): Octets {
    return octets(this.#written);
  }

  get sample(): Buffer {
    return this.#sample.subarray(0, Math.min(this.#written, SAMPLE));
  }

  write(chunk: Uint8Array): Promise<void> {
    if (this.#written < SAMPLE) this.#sample.set(chunk.subarray(0, SAMPLE - this.#written), this.#written);
    this.#hash.update(chunk);
    this.#written += chunk.length;
    return Promise.resolve();
  }

  seal(): Promise<SealedBody> {
    const { id, written, sample } = this;
    const slices = (): AsyncIterable<Uint8Array> => Readable.from([sample]);
    return Promise.resolve({ id, octets: written, sha256: this.#hash.digest('hex'), slices });
  }

  abort(): Promise<void> {
    return Promise.resolve();
  }
}
