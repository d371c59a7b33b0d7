/**
 * What the envelope of an EDI interchange says: who to whom, which messages, and whether its
 * control totals are right.
 *
 * Envelope fields only, bounded, with control characters made visible. Nothing of what a message
 * says about a patient is here.
 */

export type EdiFormat = 'edifact' | 'hl7' | 'xml';

/**
 * EDIFACT: identification and its qualifier (S002, S003). HL7: facility and application (MSH-4 and
 * 3, MSH-6 and 5). Empty if absent.
 */
export interface EdiParty {
  readonly id: string;
  readonly qualifier: string;
}

export interface EdiMessageCount {
  /** `MEDLAB`, `ORU^R01`, or the root element of an XML document. */
  readonly type: string;
  /**
   * EDIFACT: version, release, agency, association code (`D:93A:UN:MEDLAB`); HL7: MSH-12; XML: the
   * namespace.
   */
  readonly version: string;
  readonly count: number;
}

/** Deviations, each by what it is about. Seen and told of, never repaired. */
export type EdiRemarkKind =
  | 'unb-unreadable'
  /**
   * A message's count of segments (0074), of a group's messages (0060), of the interchange's
   * messages, packages or groups (0036).
   */
  | 'unt-count'
  | 'une-count'
  | 'unz-count'
  /** The reference at the end is not the one at the beginning. */
  | 'unt-reference'
  | 'une-reference'
  | 'unz-reference'
  /** The end never came. */
  | 'unt-missing'
  | 'une-missing'
  | 'unz-missing'
  /** The last segment lacks its terminator. */
  | 'terminator-missing'
  /** A segment that belongs to no message. */
  | 'segment-outside'
  /** A service segment longer than is looked at. */
  | 'segment-long'
  /** The length of a binary object (UNO 0810) is absent, or not where its UNP stands. */
  | 'object-length'
  /** Octets outside ASCII under UNOA or UNOB. */
  | 'charset'
  /**
   * HL7: the count in BTS-1 or FTS-1; a batch or file without its end; messages of several parties
   * without a batch.
   */
  | 'bts-count'
  | 'fts-count'
  | 'batch-end'
  | 'parties-differ'
  /** More kinds of messages than are counted. */
  | 'types';

export interface EdiRemark {
  readonly kind: EdiRemarkKind;
  readonly count: number;
}

export interface Interchange {
  /** Path of the part that holds it. */
  readonly part: string;
  readonly format: EdiFormat;
  /** EDIFACT: syntax identifier and version, `UNOA:1`; HL7 and XML: empty. */
  readonly syntax: string;
  readonly sender: EdiParty;
  readonly recipient: EdiParty;
  /**
   * EDIFACT 0020; HL7: the batch's control id (BHS-11), without a batch the first message's
   * (MSH-10).
   */
  readonly reference: string;
  /** As written: `991124:1037`, `20261124103700+0100`. */
  readonly preparedAt: string;
  /** EDIFACT 0026. */
  readonly application: string;
  /** EDIFACT 0035; HL7: MSH-11 is not P. */
  readonly test: boolean;
  /** EDIFACT 0031: the sender asks for an acknowledgement (CONTRL). */
  readonly acknowledge: boolean;
  readonly messages: readonly EdiMessageCount[];
  /**
   * 32 hexadecimal digits of a SHA-256 over the octets of the messages, without the envelope: the
   * same messages under a new reference have the same. Empty if there are none, and for XML.
   */
  readonly digest: string;
  /** Octets outside ASCII were met, binary objects not counted. */
  readonly eightBit: boolean;
  /** `none`: the format, or this use of it, has no control totals. */
  readonly controls: 'right' | 'wrong' | 'none';
  readonly remarks: readonly EdiRemark[];
  /**
   * EDIFACT: what is inside, one by one. Absent unless the sender is to be answered about each
   * message (`edi-contrl`).
   */
  readonly inside?: EdiInside;
  /**
   * What came before it from the same sender to the same recipient: the same as it is, its messages
   * under another reference, or other messages under its reference. Told where the sender is to be
   * answered about each message.
   */
  readonly seen?: 'repeated' | 'repackaged' | 'reused';
}

/**
 * What an envelope says wrong of itself, as CONTRL names it (0085). `twice`: another one of the
 * same kind has this reference.
 */
export type EdiFault = 'end-missing' | 'reference' | 'count' | 'twice';

/** A functional group (UNG): 0048, S006 and S007. */
export interface EdiGroup {
  readonly reference: string;
  readonly sender: EdiParty;
  readonly recipient: EdiParty;
  readonly fault?: EdiFault;
}

/** A message (UNH): 0062 and S009. */
export interface EdiSingle {
  readonly reference: string;
  readonly type: string;
  readonly version: string;
  /** Place in `groups`; absent outside of groups. */
  readonly group?: number;
  readonly fault?: EdiFault;
}

/** In the order of the interchange. Bounded: what is right and does not fit is left out first. */
export interface EdiInside {
  readonly groups: readonly EdiGroup[];
  readonly messages: readonly EdiSingle[];
}
