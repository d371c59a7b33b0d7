/** The report of `sluis partner test`, for people. */
import type { PartnerTest } from '../admin/partner-test.ts';
import { facts, table, readableDay } from './output.ts';

export const testText = ({ name, usable, checks, certificate, extensions }: PartnerTest): string =>
  [
    table(
      ['STEP', 'RESULT', 'WHAT'],
      checks.map(({ step, result, what }) => [step, result, what]),
    ),
    ...(certificate === undefined
      ? []
      : [
          facts([
            ['Certificate', certificate.subject],
            ['Issued by', certificate.issuer],
            ['Names', certificate.names.join(', ')],
            ['Ends', readableDay(certificate.ends)],
            ['As a pin', certificate.pins],
          ]),
        ]),
    ...(extensions.length === 0 ? [] : [`EHLO: ${extensions.join(', ')}`]),
    [
      ...checks.flatMap(({ step, remedy }) => (remedy === undefined ? [] : [`To do (${step}): ${remedy}.`])),
      usable ? `Partner ${name} can be reached; nothing was sent.` : `Partner ${name} cannot be reached in this way.`,
    ].join('\n'),
  ].join('\n\n');
