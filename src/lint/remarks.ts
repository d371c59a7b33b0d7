/**
 * Judges a tested message: facts in, remarks out, the gravest first. Pure.
 *
 * `wrong`: another system may refuse or misread it. `better`: it works, and could be had safer or
 * plainer. Each names where the standard says so.
 */
import type { MessagePart } from '../domain/message-part.ts';
import { quirkFacts } from '../domain/quirks.ts';
import type { TestedMessage } from '../domain/tested-message.ts';
import type { LookedAtPart, View } from './view.ts';
import { type Words, ediWords, quirkWords } from './words.ts';

export interface Remark {
  readonly grade: 'wrong' | 'better';
  readonly words: Words;
  /** `RFC 5321 section 2.3.8`; empty if no RFC speaks of it. */
  readonly rfc: string;
}

export const MAX_REMARKS = 40;

const remark = (grade: Remark['grade'], nl: string, en: string, rfc: string): Remark => ({
  grade,
  rfc,
  words: { nl, en },
});

/** `view`: of the message's beginning; absent if it could not be read. */
export function remarksOn(tested: TestedMessage, view: View | undefined): readonly Remark[] {
  const all = [
    ...onSession(tested),
    ...onQuirks(tested),
    ...onStructure(tested, view),
    ...(view === undefined ? [] : view.parts.flatMap(onCharset)),
    ...tested.parts.leaves.flatMap((leaf) => onLeaf(leaf, tested)),
    ...onEdi(tested),
  ];
  return [...all.filter((r) => r.grade === 'wrong'), ...all.filter((r) => r.grade === 'better')].slice(0, MAX_REMARKS);
}

function onSession({ session: { tls, cipher, mechanism } }: TestedMessage): Remark[] {
  const remarks: Remark[] = [];
  if (cipher.includes('_CBC_') || cipher.startsWith('TLS_RSA_WITH_'))
    remarks.push(
      remark(
        'wrong',
        `De versleuteling ${cipher} wordt uitgefaseerd. Laat uw programma TLS 1.3 of een GCM-reeks met ECDHE gebruiken.`,
        `The suite ${cipher} is being phased out. Have your program use TLS 1.3, or a GCM suite with ECDHE.`,
        'RFC 9325 section 4.2',
      ),
    );
  else if (tls !== 'TLSv1.3')
    remarks.push(
      remark(
        'better',
        'De verbinding gebruikt TLS 1.2. TLS 1.3 is veiliger en sneller opgebouwd.',
        'The connection uses TLS 1.2. TLS 1.3 is safer and quicker to set up.',
        'RFC 9325 section 3.1.1',
      ),
    );
  if (mechanism === 'LOGIN')
    remarks.push(
      remark(
        'better',
        'AUTH LOGIN is nooit een standaard geworden. AUTH PLAIN doet hetzelfde in een stap.',
        'AUTH LOGIN never became a standard. AUTH PLAIN does the same in one step.',
        'RFC 4616',
      ),
    );
  return remarks;
}

const onQuirks = ({ quirks }: TestedMessage): Remark[] =>
  quirks.flatMap(({ quirk, count, allowed }) => {
    if (quirk === 'last' || quirk === 'no-uidl' || quirk === 'delete-on-disconnect') return [];
    const { nl, en } = quirkWords[quirk];
    const often = count > 1 ? ` (${count} x)` : '';
    const refused = allowed
      ? { nl: '', en: '' }
      : {
          nl: ` Aan een echte ontvanger zou dit nu geweigerd worden (quirk ${quirk}).`,
          en: ` To a real addressee this would be refused now (quirk ${quirk}).`,
        };
    const { rfc } = quirkFacts(quirk);
    return [remark(allowed ? 'better' : 'wrong', `${nl}${often}${refused.nl}`, `${en}${often}${refused.en}`, rfc)];
  });

function onStructure({ parts, body }: TestedMessage, view: View | undefined): Remark[] {
  const remarks: Remark[] = [];
  if (view !== undefined && !view.mimeVersion && (parts.leaves.length > 1 || view.parts.some((p) => p.charset !== '')))
    remarks.push(
      remark(
        'wrong',
        "De kop zegt iets over de inhoud, maar MIME-Version: 1.0 ontbreekt; programma's mogen de rest dan negeren.",
        'The header describes the content, but MIME-Version: 1.0 is missing; programs may then ignore the rest.',
        'RFC 2045 section 4',
      ),
    );
  if (parts.doubt !== undefined)
    remarks.push(
      remark(
        'wrong',
        `Programma's lezen de opbouw verschillend, zodat niet iedereen hetzelfde ziet; een handtekening telt dan niet (${parts.doubt}).`,
        `Programs read the structure differently, so that not everybody sees the same; a signature is then invalid (${parts.doubt}).`,
        'RFC 2045 section 5.1',
      ),
    );
  if (view?.headerEightBit === true)
    remarks.push(
      remark(
        'wrong',
        'Er staan tekens buiten ASCII in de kop. Codeer ze als =?utf-8?Q?...?=.',
        'The header has characters outside ASCII. Encode them as =?utf-8?Q?...?=.',
        'RFC 2047 section 2',
      ),
    );
  if (body === '7BIT' && view?.parts.some((p) => p.eightBit && isPlain(parts.leaves, p.path)) === true)
    remarks.push(
      remark(
        'better',
        'De inhoud heeft tekens buiten ASCII, maar MAIL FROM zegt niet BODY=8BITMIME.',
        'The content has octets outside ASCII, but MAIL FROM does not say BODY=8BITMIME.',
        'RFC 6152 section 3',
      ),
    );
  if (parts.limits.length > 0)
    remarks.push(
      remark(
        'better',
        'Het bericht heeft meer onderdelen of lagen dan hier worden bekeken; de rest wordt wel bezorgd.',
        'The message has more parts or layers than are looked at here; the rest is delivered all the same.',
        'RFC 2046 section 5.1',
      ),
    );
  return remarks;
}

/** True if the octets of the part travel as they are. */
const isPlain = (leaves: readonly MessagePart[], path: string): boolean =>
  leaves.some((leaf) => leaf.path === path && ['7bit', '8bit', 'binary', 'unknown'].includes(leaf.encoding));

function onCharset({ path, type, charset, eightBit, utf8 }: LookedAtPart): Remark[] {
  if (!type.startsWith('text/') || !eightBit) return [];
  const where = { nl: `Deel ${path} (${type})`, en: `Part ${path} (${type})` };
  if (charset === '')
    return [
      remark(
        'wrong',
        `${where.nl} heeft tekens buiten ASCII en geen charset. Het is ${utf8 ? 'UTF-8' : 'geen UTF-8, waarschijnlijk Latin-1 of Windows-1252'}: zet dat erbij.`,
        `${where.en} has characters outside ASCII and no charset. It is ${utf8 ? 'UTF-8' : 'not UTF-8, probably Latin-1 or Windows-1252'}: say so.`,
        'RFC 2046 section 4.1.2',
      ),
    ];
  if (charset === 'us-ascii')
    return [
      remark(
        'wrong',
        `${where.nl} zegt us-ascii te zijn, maar heeft tekens daarbuiten.`,
        `${where.en} says us-ascii, and has characters outside it.`,
        'RFC 2046 section 4.1.2',
      ),
    ];
  if (charset === 'utf-8' && !utf8)
    return [
      remark(
        'wrong',
        `${where.nl} zegt UTF-8 te zijn en is dat niet; tekens gaan verloren bij wie het zo leest.`,
        `${where.en} says UTF-8 and is not; whoever reads it that way loses characters.`,
        'RFC 3629 section 3',
      ),
    ];
  return [];
}

function onLeaf({ path, type, name, encoding, exact }: MessagePart, { parts }: TestedMessage): Remark[] {
  const remarks: Remark[] = [];
  if (encoding === 'unknown')
    remarks.push(
      remark(
        'wrong',
        `Deel ${path} heeft een onbekende Content-Transfer-Encoding; gebruik base64 of quoted-printable.`,
        `Part ${path} has an unknown Content-Transfer-Encoding; use base64 or quoted-printable.`,
        'RFC 2045 section 6.4',
      ),
    );
  else if (encoding === 'uuencode')
    remarks.push(
      remark(
        'better',
        `Deel ${path}${name === '' ? '' : ` (${name})`} is uuencode. Veel programma's lezen dat niet meer: gebruik een bijlage in base64.`,
        `Part ${path}${name === '' ? '' : ` (${name})`} is uuencoded. Many programs can no longer read that: use an attachment in base64.`,
        'RFC 2045 section 6.8',
      ),
    );
  else if (!exact)
    remarks.push(
      remark(
        'wrong',
        `De codering (${encoding}) van deel ${path} is beschadigd: programma's lezen het verschillend.`,
        `The encoding (${encoding}) of part ${path} is damaged: programs read it differently.`,
        encoding === 'base64' ? 'RFC 2045 section 6.8' : 'RFC 2045 section 6.7',
      ),
    );
  const edi = parts.interchanges.find((i) => i.part === path);
  if (edi?.format === 'edifact' && encoding !== 'base64' && type !== 'text/plain')
    remarks.push(
      remark(
        'better',
        `De EDIFACT in deel ${path} gaat als ${encoding}. In base64 blijft elk teken zeker gelijk, ook bij systemen die regels veranderen.`,
        `The EDIFACT in part ${path} goes as ${encoding}. In base64 every octet stays the same, also in systems that change lines.`,
        'RFC 1767 section 2',
      ),
    );
  return remarks;
}

const onEdi = ({ parts: { interchanges } }: TestedMessage): Remark[] =>
  interchanges.flatMap(({ part, format, reference, remarks }) =>
    remarks.map(({ kind, count }) => {
      const often = count > 1 ? ` (${count} x)` : '';
      const which = reference === '' ? '' : ` ${reference}`;
      const { nl, en } = ediWords[kind];
      return remark(
        'wrong',
        `Deel ${part}, ${format === 'hl7' ? 'HL7' : 'uitwisseling'}${which}: ${nl}${often}.`,
        `Part ${part}, ${format === 'hl7' ? 'HL7' : 'interchange'}${which}: ${en}${often}.`,
        format === 'edifact' ? 'ISO 9735' : format === 'hl7' ? 'HL7 v2 chapter 2' : '',
      );
    }),
  );
