/**
 * The contents of the statement and their order. `paper-text.ts` and `paper-html.ts` both write it.
 */
import { defined } from '../../domain/defined.ts';
import type { Language } from '../../domain/registry.ts';
import { CONTROLS } from './annex-a.ts';
import type { Claim, Section } from './claim.ts';
import { sectionsOf } from './claims.ts';
import type { StatementFacts } from './facts.ts';
import { CHECK, OWNERS, WORDS } from './words.ts';
import { ABOUTS, BEGINS, GRADES, PROBLEMS, foundIn } from './words-tls.ts';

export type Block =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'facts'; readonly facts: readonly (readonly [name: string, value: string])[] }
  | { readonly kind: 'claims'; readonly claims: readonly ShownClaim[] }
  | { readonly kind: 'table'; readonly header: readonly string[]; readonly rows: readonly (readonly string[])[] }
  | { readonly kind: 'command'; readonly command: string };

export interface ShownClaim {
  readonly inPlace: boolean;
  /** The text, with "Not in place" in front if that is so. */
  readonly text: string;
  /** When and where from, such as `2026-11-26 02:00 UTC, tls.json`. */
  readonly source: string;
}

export interface Paper {
  readonly language: Language;
  readonly title: string;
  readonly parts: readonly { readonly title?: string; readonly blocks: readonly Block[] }[];
}

const minute = (at: string): string => `${at.slice(0, 16).replace('T', ' ')} UTC`;

export const shownClaim = ({ inPlace, text, at, evidence }: Claim, language: Language): ShownClaim => ({
  inPlace,
  text: inPlace ? text[language] : `${WORDS.notInPlace[language]}: ${text[language]}`,
  source: `${minute(at)}, ${evidence}`,
});

export function paperOf(facts: StatementFacts, language: Language): Paper {
  const sections = sectionsOf(facts);
  const word = (name: keyof typeof WORDS): string => WORDS[name][language];
  const missing = sections.flatMap(({ claims }) => claims.filter(({ inPlace }) => !inPlace));
  const head: readonly (readonly [string, string])[] = [
    [word('gateway'), facts.hostname],
    [word('version'), facts.version],
    [word('made'), minute(new Date(facts.made).toISOString())],
    ...(facts.organisation === undefined ? [] : [[word('for'), facts.organisation.title] as const]),
  ];
  return {
    language,
    title: word('title'),
    parts: [
      {
        blocks: [
          { kind: 'facts', facts: head },
          { kind: 'text', text: word('about') },
        ],
      },
      {
        title: word('notInPlace'),
        blocks:
          missing.length === 0
            ? [{ kind: 'text', text: word('nothing') }]
            : [
                { kind: 'text', text: word('notInPlaceAbout') },
                { kind: 'claims', claims: missing.map((claim) => shownClaim(claim, language)) },
              ],
      },
      ...sections.map((section) => sectionPart(section, language)),
      protocolPart(facts, language),
      controlPart(language),
      tlsPart(facts, language),
      {
        title: word('check'),
        blocks: [
          { kind: 'text', text: word('checkAbout') },
          { kind: 'command', command: CHECK },
        ],
      },
    ],
  };
}

type Part = Paper['parts'][number];

/**
 * The host and port of a listener. Port 0 means that the system chooses one when a gateway starts,
 * so there is nothing to connect to.
 */
const hostOf = ({ host, port }: StatementFacts['tls'][number], language: Language): string =>
  port === 0 ? WORDS.unknownHost[language] : `${host}:${port}`;

const sectionPart = ({ title, claims }: Section, language: Language): Part => ({
  title: title[language],
  blocks: [{ kind: 'claims', claims: claims.map((claim) => shownClaim(claim, language)) }],
});

const protocolPart = ({ tls }: StatementFacts, language: Language): Part => ({
  title: WORDS.protocols[language],
  blocks: [
    {
      kind: 'table',
      header: ['Listener', 'Protocol', 'Host', 'TLS'],
      rows: tls.map((one) => [one.name, one.protocol, hostOf(one, language), BEGINS[one.tls]?.[language] ?? one.tls]),
    },
  ],
});

const controlPart = (language: Language): Part => ({
  title: WORDS.controls[language],
  blocks: [
    { kind: 'text', text: WORDS.controlsAbout[language] },
    {
      kind: 'table',
      header: (['control', 'subject', 'owner', 'shownBy'] as const).map((name) => WORDS[name][language]),
      rows: CONTROLS.map(({ id, about, owner, shownBy = '' }) => [
        id,
        about[language],
        OWNERS[owner][language],
        shownBy,
      ]),
    },
  ],
});

function tlsPart({ tls }: StatementFacts, language: Language): Part {
  const unprobed = [...new Set(tls.flatMap(({ judged }) => judged?.unprobed ?? []))];
  return {
    title: WORDS.tls[language],
    blocks: [
      { kind: 'text', text: WORDS.gradesAbout[language] },
      { kind: 'facts', facts: Object.values(GRADES).map((grade) => [grade[language], grade.about[language]] as const) },
      {
        kind: 'table',
        header: ['Listener', 'Host', WORDS.subject[language], WORDS.grade[language], WORDS.what[language]],
        rows: tls.flatMap((one) => {
          const row = (about: string, grade: string, what: string): readonly string[] => [
            one.name,
            hostOf(one, language),
            ABOUTS[about]?.[language] ?? about,
            GRADES[grade]?.[language] ?? grade,
            what,
          ];
          return one.judged === undefined
            ? [row('', WORDS.unexamined[language], PROBLEMS[one.problem ?? 'no answer'][language])]
            : one.judged.findings.map(({ about, grade, what }) => row(about, grade, foundIn(language, what)));
        }),
      },
      ...(unprobed.length === 0
        ? []
        : [{ kind: 'text' as const, text: `${WORDS.unprobed[language]}: ${unprobed.join(', ')}.` }]),
    ],
  };
}

/** The files with the figures from which the sentences are made, by name. */
export function evidenceOf(facts: StatementFacts): ReadonlyMap<string, unknown> {
  const { hostname, version, made, organisation, given, ...measured } = facts;
  const head = { format: 'sluis statement 1', hostname, version, made: new Date(made).toISOString() };
  const sections = sectionsOf(facts);
  return new Map<string, unknown>([
    ['statement.json', { ...head, ...defined({ organisation: organisation?.name }), sections, controls: CONTROLS }],
    ...Object.entries(measured).map(([name, value]) => [`${name}.json`, { ...head, [name]: value }] as const),
    ['certificates.json', { ...head, certificates: given.certificates }],
    ...(organisation === undefined
      ? []
      : [['processor.json', { ...head, organisation, processors: given.processors }] as const]),
  ]);
}
