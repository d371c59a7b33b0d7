/** Operations on absences, and on who agreed to stand in for whom. */
import type { Absence } from '../domain/absence.ts';
import type { Address } from '../domain/address.ts';
import { defined } from '../domain/defined.ts';
import { instant, iso } from '../domain/units.ts';
import { isoDay, lastDayBefore } from '../domain/working-days.ts';
import type { AddressAbsence } from '../store/absences.ts';
import { type Bounds, absenceIn, absencesIn } from './absence-input.ts';
import { recipientOf } from './addresses.ts';
import { type AdminContext, AdminError, type Call } from './context.ts';
import { problemLines } from './csv-table.ts';
import { type Input, address, addressOf, flag, optionalText, page } from './input.ts';
import { change, listing } from './operation.ts';

export interface AbsenceView {
  readonly address: string;
  /** ISO 8601. */
  readonly from: string;
  /** The first moment at which the addressee is back. */
  readonly until: string;
  /** In Amsterdam. */
  readonly lastDay: string;
  readonly mode: string;
  readonly substitute?: string;
  readonly state: 'now' | 'ahead';
}

export interface ConsentView {
  readonly substitute: string;
  readonly address: string;
  readonly given: string;
}

export const viewAbsence = (
  { address: whose, from, until, mode, substitute }: AddressAbsence,
  now: number,
): AbsenceView => ({
  address: whose,
  from: iso(from),
  until: iso(until),
  lastDay: isoDay(lastDayBefore(until)),
  mode,
  ...defined({ substitute }),
  state: from <= now ? 'now' : 'ahead',
});

const boundsOf = ({ clock, longestAbsence }: AdminContext): Bounds => ({ now: clock.now(), longest: longestAbsence });

/** `after` of a listing: an address and a moment, as `afterAbsence` writes it. */
function afterOf(text: string | undefined): { after?: Pick<AddressAbsence, 'address' | 'from'> } {
  if (text === undefined) return {};
  const [, whose = '', from = ''] = /^(\S+) (\S+)$/.exec(text) ?? [];
  const at = Date.parse(from);
  if (Number.isNaN(at))
    throw new AdminError('invalid', 'Cannot continue the listing: expected an address and a moment');
  return { after: { address: addressOf(whose, 'after'), from: instant(at) } };
}

export const afterAbsence = ({ address: whose, from }: AbsenceView): string => `${whose} ${from}`;

/** The one under way, else the next. */
async function nextAbsence({ store, clock }: AdminContext, of: Address): Promise<Absence> {
  const [next] = await store.registry.listAbsences({ limit: 1, endsAfter: clock.now(), address: of });
  if (next !== undefined) return next;
  throw new AdminError(
    'unknown',
    `Cannot end an absence of "${of}": it has none, now or ahead; "sluis address absence list" shows them`,
  );
}

async function addMany(context: AdminContext, _: undefined, { actor, upload }: Call): Promise<{ absences: number }> {
  if (upload === undefined) throw new AdminError('invalid', 'Cannot note absences: no file came with the request');
  const { absences, problems } = await absencesIn(upload, boundsOf(context));
  if (problems.length > 0)
    throw new AdminError('invalid', `Cannot note absences, nothing was changed:\n${problemLines(problems)}`);
  if (absences.length > 0) await context.store.registry.addAbsences(absences, actor);
  return { absences: absences.length };
}

const consentIn = (input: Input): { substitute: Address; address: Address } => ({
  substitute: address(input, 'substitute'),
  address: address(input, 'address'),
});

export const absenceOperations = {
  'address.absence.add': change(
    (input) => input,
    async (context, input, { actor }): Promise<AbsenceView> => {
      const absence = absenceIn(input, boundsOf(context));
      await recipientOf(context.store.registry, absence.address);
      await context.store.registry.addAbsences([absence], actor);
      return viewAbsence(absence, context.clock.now());
    },
  ),
  'address.absence.import': change(() => undefined, addMany),
  'address.absence.list': listing(
    (input) => {
      const of = optionalText(input, 'address');
      const { limit, after } = page(input);
      return { limit, ...afterOf(after), ...(of === undefined ? {} : { address: addressOf(of, 'address') }) };
    },
    async ({ store, clock }, query): Promise<AbsenceView[]> =>
      (await store.registry.listAbsences({ ...query, endsAfter: clock.now() })).map((a) => viewAbsence(a, clock.now())),
  ),
  'address.absence.end': change(
    (input) => address(input, 'address'),
    async (context, of, { actor }): Promise<AbsenceView> => {
      const { registry } = context.store;
      await recipientOf(registry, of);
      const absence = await nextAbsence(context, of);
      await registry.endAbsence(of, absence.from, actor);
      return viewAbsence({ address: of, ...absence }, context.clock.now());
    },
  ),
  'address.consent.give': change(
    (input) => ({ ...consentIn(input), given: !flag(input, 'take-back') }),
    async ({ store }, input, { actor }): Promise<{ substitute: string; address: string; ended: number }> => {
      await recipientOf(store.registry, input.substitute);
      await recipientOf(store.registry, input.address);
      const ended = await store.registry.setConsent(input.substitute, input.address, input.given, actor);
      return { substitute: input.substitute, address: input.address, ended };
    },
  ),
  'address.consent.list': listing(
    (input) => address(input, 'address'),
    async ({ store }, of): Promise<ConsentView[]> => {
      await recipientOf(store.registry, of);
      const all = await store.registry.listConsents(of);
      return all.map(({ substitute, address: whose, givenAt }) => ({
        substitute,
        address: whose,
        given: iso(givenAt),
      }));
    },
  ),
};
