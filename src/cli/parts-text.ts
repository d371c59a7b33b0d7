/** The parts and interchanges of a message, as `sluis trace` prints them. */
import type { InterchangeView, PartsView } from '../admin/part-views.ts';
import { facts, readableSize, table } from './output.ts';

/** Tables and lists; empty for a message that the gateway wrote itself. */
export const partsText = ({ parts, interchanges, limits }: PartsView): string[] => [
  ...(parts.length === 0
    ? []
    : [
        table(
          ['PART', 'TYPE', 'NAME', 'ENCODING', 'SIZE', 'SHA-256'],
          parts.map((p) => [
            p.part,
            p.type,
            p.name,
            p.encoding,
            readableSize(p.octets),
            p.exact ? p.sha256 : `${p.sha256} (damaged encoding)`,
          ]),
        ),
      ]),
  ...interchanges.map(interchangeText),
  ...(limits.length === 0
    ? []
    : [`Not everything is listed: the message is beyond the limit of ${limits.join(', ')}.`]),
];

const interchangeText = (i: InterchangeView): string =>
  facts([
    ['Interchange', `${i.format}${i.syntax === undefined ? '' : ` ${i.syntax}`} in part ${i.part}`],
    ['From', i.sender],
    ['To', i.recipient],
    ['Reference', i.reference],
    ['Prepared', i.prepared],
    ['Application', i.application],
    ['Messages', i.messages.map((m) => `${m.count} x ${m.type}${m.version === '' ? '' : ` ${m.version}`}`).join(', ')],
    ['Totals', i.controls],
    ['Asks', i.acknowledge ? 'an acknowledgement' : undefined],
    ['Test', i.test ? 'yes' : undefined],
    ['Remarks', i.remarks.length === 0 ? undefined : i.remarks.map((r) => `${r.count} x ${r.kind}`).join(', ')],
  ]);
