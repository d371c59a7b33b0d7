/** Records of the DNS as an operator publishes them, and how they stand there. */
export const PUBLISHED_TYPES = ['TLSA', 'TXT', 'SRV', 'CNAME'] as const;

export interface PublishedRecord {
  /** With a dot at its end. */
  readonly name: string;
  readonly type: (typeof PUBLISHED_TYPES)[number];
  /** Value as in a zone file; for TXT the text in one piece. */
  readonly value: string;
}

export const RECORD_KINDS = ['tlsa', 'mta-sts', 'spf', 'dkim', 'dmarc', 'setup'] as const;
export const RECORD_STATES = ['published', 'missing', 'differs', 'unknown'] as const;

/** SRV record that says that there is no such service (RFC 6186 section 3.4). */
export const NO_SERVICE = '0 0 0 .';

export interface WantedRecord extends PublishedRecord {
  readonly kind: (typeof RECORD_KINDS)[number];
}

export interface CheckedRecord extends WantedRecord {
  /** `unknown`: the DNS gave no answer. */
  readonly state: (typeof RECORD_STATES)[number];
  /** What stands there, if it is something else. */
  readonly found?: string;
  readonly remedy?: string;
}

/**
 * A line of a zone file. A text is cut into strings of at most 255 octets (RFC 1035 section
 * 3.3.14).
 */
export const zoneText = ({ name, type, value }: PublishedRecord): string =>
  `${name} IN ${type} ${type === 'TXT' ? (value.match(/.{1,250}/g) ?? ['']).map((part) => `"${part}"`).join(' ') : value}`;
