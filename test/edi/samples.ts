/** Interchanges made for tests: synthetic parties and tokens, no person, no result of anybody. */

/** Dutch style of the 1990s: short versions, control references as they come. */
export const MEDLAB = [
  "UNB+UNOA:1+500000001+500000002+261124:1037+LAB0001'",
  "UNH+1+MEDLAB:1'",
  "BGM+LAB+SYN0001'",
  "NAD+PAT+TOKEN:ONE'",
  "TXT+01+QUESTION?? TERMINATOR?' PLUS?+ COLON?: '",
  "UNT+5+1'",
  "UNH+2+MEDLAB:1'",
  "UNT+2+2'",
  "UNZ+2+LAB0001'",
].join('\r\n');

/** No line breaks, service string advice with a blank decimal mark. */
export const MEDVRI =
  "UNA:+ ? 'UNB+UNOC:1+500000003:ZZ+500000004:ZZ+991124:0900+77++VRIJTEKST++1++1'UNH+77+MEDVRI:1'TXT+t\xe9kst'UNT+3+77'UNZ+1+77'";

/** UN/EDIFACT D.96A with a group and associated data. */
export const GROUPED =
  "UNA:+.? 'UNB+UNOC:3+SENDER:14:BOX+RECEIVER:14+20261124:1037+REF+PASSWORD+APP'" +
  "UNG+ORDERS+S+R+261124:1037+G1'UNH+M1+ORDERS:D:96A:UN:EAN008'BGM+220'UNT+3+M1'UNE+1+G1'UNZ+1+REF'";

export const BINARY = Buffer.from("any octets: \x00\xff ' ? UNZ+9+NO' UNT+1", 'latin1');
/** Danish style: a letter, and a binary object in a package behind it. */
export const PACKAGE = Buffer.from(
  `UNB+UNOC:3+5790000000001:14+5790000000002:14+261124:1037+DK1'UNH+L1+MEDBIN:D:01B:UN:B0131X'BGM+X'UNT+3+L1'` +
    `UNO+P1+OBJ:1+BIN+${BINARY.length}'${BINARY.toString('latin1')}UNP+${BINARY.length}+P1'UNZ+2+DK1'`,
  'latin1',
);

const SYN = 'MSH|^~\\&|LABAPP|LABFAC|GPAPP|GPFAC|20261124103700||';
export const ORU = [
  `${SYN}ORU^R01|CTRL1|P|2.4|||AL`,
  'PID|1||TOKEN1^^^SYN||TOKEN^ONE',
  'OBX|1|NM|TEST^Synthetic||1|u',
].join('\r');
export const BATCH = [
  'FHS|^~\\&|LABAPP|LABFAC|GPAPP|GPFAC|20261124103700||||FILE1',
  'BHS|^~\\&|LABAPP|LABFAC|GPAPP|GPFAC|20261124103700||||BATCH1',
  `${SYN}ADT^A08|C1|P|2.3`,
  `${SYN}ADT^A08|C2|P|2.3`,
  'BTS|2',
  'FTS|1',
  '',
].join('\r');
export const CDA =
  '\xef\xbb\xbf<?xml version="1.0"?>\r\n<!-- <ClinicalDocument> -->\r\n<ClinicalDocument xmlns="urn:hl7-org:v3"><id/></ClinicalDocument>';

/**
 * Dutch letter of a specialist, segments on lines that end in LF alone, references that differ (as
 * real ones do).
 */
export const MEDSPE = [
  "UNA:+.? '",
  "UNB+UNOA:1+500000005+500000002+261124:0800+00042'",
  "UNH+00042+MEDSPE:1'",
  "BGM+SPE+SYN0042'",
  "TXT+SYNTHETIC LETTER'",
  "UNT+4+00043'",
  "UNZ+1+00044'",
  '',
].join('\n');
