/**
 * A row of the trail as a collector of logs takes it: a message of RFC 5424 behind its length (RFC
 * 6587 section 3.4.1, as RFC 5425 has it), or a line of JSON.
 *
 * What the row says stands in it as JSON under the field names of NEN 7513, in ASCII, so that
 * nothing has to be told of its characters. The number of the row is `EventID`, and `sequenceId` of
 * RFC 5424: a row that comes twice is known by it.
 */
import type { Nen7513Record } from '../domain/nen7513.ts';

export type ForwardFormat = 'rfc5424' | 'json';

/** Facility 13, "log audit" (RFC 5424 section 6.2.1). */
const FACILITY = 13 * 8;
/** Severity: warning, for what failed or was refused; informational. */
const FAILED = 4;
const DONE = 6;
/**
 * What a receiver should take at least (RFC 5425 section 4.3.1): what is longer may be cut anywhere
 * by the next one on the way.
 */
export const MOST_OCTETS = 8192;
/** MSGID, and the highest `sequenceId`. */
const ID_LENGTH = 32;
const HIGHEST = 2_147_483_647;

const ascii = (value: unknown): string =>
  JSON.stringify(value).replace(
    /[\x7f-\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );

export function forwarded(record: Nen7513Record, format: ForwardFormat): string {
  if (format === 'json') return `${ascii(record)}\n`;
  const { EventID: id, EventDateTime: at, EventTypeCode: event, AuditSourceID: hostname } = record;
  const severity = record.EventOutcomeIndicator === 0 ? DONE : FAILED;
  const sequence = ((Number(id) - 1) % HIGHEST) + 1;
  const head = `<${FACILITY + severity}>1 ${String(at)} ${String(hostname)} sluis - ${String(event).slice(0, ID_LENGTH)} [meta sequenceId="${sequence}"] `;
  const whole = ascii(record);
  // A message to a thousand recipients names them all: that is the trail's business, and the
  // collector has the number of the row.
  const told =
    head.length + whole.length <= MOST_OCTETS
      ? whole
      : ascii({ ...record, ParticipantObjectDetail: { truncated: whole.length } });
  return `${head.length + told.length} ${head}${told}`;
}
