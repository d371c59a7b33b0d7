/**
 * Messages that the sandbox puts into the mailbox of the program under test. Names of patients do
 * not stand in them: nobody is meant.
 */

/** A message before it has its marks. */
export interface Mail {
  /** Name in the report: `message A`. */
  readonly name: string;
  readonly subject: string;
  /** Header lines besides From, To, Subject, Date and Message-ID. */
  readonly header?: readonly string[];
  /** Mark of another message, for one that comes twice. */
  readonly sameAs?: string;
  /** Line ends are CRLF. May be octets that are no text. */
  readonly body: Buffer;
  /** Further octets of lines, made as they are sent. */
  readonly padding?: number;
}

/** A message that was put into the mailbox. */
export interface Placed {
  readonly name: string;
  /** Stands in its Message-ID and in its body; how it is found again in `--stored`. */
  readonly mark: string;
  /** Uid in the mailbox. */
  readonly uid: string;
  /** Octets that must be found unchanged where the program stored it. */
  readonly exact?: Buffer;
  /** Taken out by the sandbox: the program need not fetch it. */
  gone?: boolean;
}

const PADDING_LINE = Buffer.from(`${'sluis sandbox padding '.repeat(3)}0123456789\r\n`, 'latin1');
const SLICE = Buffer.alloc(PADDING_LINE.length * 800, PADDING_LINE);

/** Header and body of a message, in slices. */
export function* slicesOf(mail: Mail, mark: string, from: string, to: string, date: Date): Generator<Buffer> {
  const lines = [
    `From: <${from}>`,
    `To: <${to}>`,
    `Subject: ${mail.subject}`,
    `Date: ${date.toUTCString().replace('GMT', '+0000')}`,
    `Message-ID: <${mark}@sandbox.test>`,
    ...(mail.header ?? []),
  ];
  yield Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
  yield mail.body;
  for (let left = mail.padding ?? 0; left > 0; left -= SLICE.length)
    yield left >= SLICE.length ? SLICE : SLICE.subarray(0, left - (left % PADDING_LINE.length));
}

export const octetsOf = (mail: Mail, mark: string, from: string, to: string, date: Date): number => {
  let octets = 0;
  for (const slice of slicesOf(mail, mark, from, to, date)) octets += slice.length;
  return octets;
};

const text = (...lines: readonly string[]): Buffer => Buffer.from(`${lines.join('\r\n')}\r\n`, 'latin1');

/** A result in plain words. */
export const result = (letter: string): Mail => ({
  name: `message ${letter}`,
  subject: `Uitslag ${letter} (sandbox)`,
  body: text('Proefbericht van de sandbox, over niemand.', '', `Uitslag ${letter}: Hb 8.2 mmol/l`),
});

/**
 * An interchange with octets above 127, in Latin-1, as systems send that know no MIME. The last
 * segment is longer than 998 octets would allow a line to be wrapped at 78.
 */
export const EDI = Buffer.from(
  "UNA:+.? 'UNB+UNOC:3+500000001:ZZ+500000002:ZZ+261202:0900+SANDBOX1'\r\n" +
    "UNH+1+MEDLAB:1'NAD+PAT+++Cr\u00e9\u00e9r:Zo\u00eb++M\u00fcnsterstra\u00dfe 1'\r\n" +
    `TXT+1+${'\u00b5mol/l \u00b1 0,5 \u00b0C; '.repeat(40)}'\r\n` +
    "UNT+4+1'UNZ+1+SANDBOX1'\r\n",
  'latin1',
);

export const ediMail: Mail = { name: 'the interchange', subject: 'EDI (sandbox)', body: EDI };

/**
 * Without MIME headers 40 parts in each other, a part that never ends, a character set and an
 * encoding that nobody has.
 */
export const poison: Mail = {
  name: 'the poison message',
  subject: '=?x-unknown?Q?=FF=FE?= =?utf-8?B?////?=',
  header: [
    'MIME-Version: 1.0',
    'Content-Type: multipart/mixed; boundary="b0"; charset="x-nobody-knows"',
    'Content-Disposition: attachment; filename*=utf-8\'\'%FF%FE%00..%2F..%2Fetc%2Fx; filename="a\\"b',
  ],
  body: text(
    ...Array.from({ length: 40 }, (_, i) => [
      `--b${i}`,
      `Content-Type: multipart/mixed; boundary="b${i + 1}"`,
      '',
    ]).flat(),
    '--b40',
    'Content-Type: text/plain; charset="x-nobody-knows"',
    'Content-Transfer-Encoding: x-uuencode-2',
    '',
    'begin 644 \xff\xfe',
    '.',
    '..',
    'From here on nothing closes.',
  ),
};

export const fiftyMegabytes = (octets: number): Mail => ({
  name: 'the large message',
  subject: 'Beeldverslag, 50 MB (sandbox)',
  body: text('Groot proefbericht van de sandbox.', ''),
  padding: octets,
});
