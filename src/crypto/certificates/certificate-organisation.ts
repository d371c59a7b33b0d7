/**
 * Which organisation a certificate says its holder belongs to.
 *
 * An account may leave its organisation. A certificate that says otherwise says something untrue
 * from then on, and others believe it.
 */
import { foldValue, parseName } from './distinguished-name.ts';
import { Oid } from './oids.ts';

/** An organisation as certificates may name it. */
export interface NamedOrganisation {
  readonly name: string;
  readonly title: string;
}

export interface NamingCertificate {
  /** As `formatName` wrote it. */
  readonly subject: string;
  /** Issued by an authority of this gateway. */
  readonly own: boolean;
}

/** The organisations in a subject, folded. */
function organisationsIn(subject: string): readonly string[] {
  const name = parseName(subject);
  // What cannot be taken apart is judged by its text, below.
  if (!name.ok) return [foldValue(subject)];
  return name.value
    .flat()
    .filter(({ type }) => type === Oid.organisation)
    .map(({ value }) => foldValue(value));
}

/**
 * True if the certificate names the organisation that its holder leaves. One issued here names the
 * organisation by its title on that day, so any organisation in it but the new one counts. In other
 * certificates only the present names of the organisation are recognised.
 */
export function namesFormer(
  { subject, own }: NamingCertificate,
  former: NamedOrganisation,
  present: NamedOrganisation,
): boolean {
  const named = organisationsIn(subject);
  if (own) return named.some((organisation) => organisation !== foldValue(present.title));
  const names = [former.title, former.name].map(foldValue);
  return named.some((organisation) => names.includes(organisation));
}
