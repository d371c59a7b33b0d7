/** What a trace shows of a message's parts and of the interchanges in them. Envelope fields, sizes and hashes; never content. */
import type { EdiParty, Interchange } from '../domain/interchange.ts';
import type { MessagePart, MessageParts } from '../domain/message-part.ts';

export interface PartView {
  /** As IMAP counts parts. */
  readonly part: string;
  readonly type: string;
  /** File name; absent where the sender gave none. */
  readonly name?: string;
  readonly encoding: string;
  /** Of the decoded octets, as `sha256`. */
  readonly octets: number;
  readonly sha256: string;
  /** False: the encoding is damaged, and another program may decode other octets. */
  readonly exact: boolean;
}

export interface InterchangeView {
  readonly part: string;
  readonly format: string;
  /** EDIFACT syntax, `UNOA:1`; absent for other formats. */
  readonly syntax?: string;
  /** `id`, or `id:qualifier`. */
  readonly sender: string;
  readonly recipient: string;
  readonly reference: string;
  readonly prepared?: string;
  readonly application?: string;
  readonly messages: Interchange['messages'];
  /** Control totals and references: right, wrong, or none where the format has none. */
  readonly controls: string;
  readonly test: boolean;
  /** The sender asks for an acknowledgement. */
  readonly acknowledge: boolean;
  /** Deviations by name, with how often each was met. */
  readonly remarks: Interchange['remarks'];
}

export interface PartsView {
  readonly parts: readonly PartView[];
  readonly interchanges: readonly InterchangeView[];
  /** Bounds that the message reached: what lies behind them is not listed. */
  readonly limits: readonly string[];
}

export const viewParts = (parts: MessageParts | undefined): PartsView => ({
  parts: parts?.leaves.map(viewPart) ?? [],
  interchanges: parts?.interchanges.map(viewInterchange) ?? [],
  limits: parts?.limits ?? [],
});

const viewPart = ({ path, name, ...leaf }: MessagePart): PartView => ({
  part: path,
  type: leaf.type,
  ...(name === '' ? {} : { name }),
  encoding: leaf.encoding,
  octets: leaf.octets,
  sha256: leaf.sha256,
  exact: leaf.exact,
});

export const partyText = ({ id, qualifier }: EdiParty): string => (qualifier === '' ? id : `${id}:${qualifier}`);

const viewInterchange = (found: Interchange): InterchangeView => ({
  part: found.part,
  format: found.format,
  ...(found.syntax === '' ? {} : { syntax: found.syntax }),
  sender: partyText(found.sender),
  recipient: partyText(found.recipient),
  reference: found.reference,
  ...(found.preparedAt === '' ? {} : { prepared: found.preparedAt }),
  ...(found.application === '' ? {} : { application: found.application }),
  messages: found.messages,
  controls: found.controls,
  test: found.test,
  acknowledge: found.acknowledge,
  remarks: found.remarks,
});
