/** Operations on partners: organisations with a mail server of their own. */
import { destinationOf } from '../delivery/destination.ts';
import { defined } from '../domain/defined.ts';
import type { Partner, PartnerSecrets, PartnerState } from '../domain/partner.ts';
import { iso, seconds } from '../domain/units.ts';
import type { AccountSummary } from '../store/registry.ts';
import type { Registry } from '../store/port/registry.ts';
import { type AdminContext, AdminError } from './context.ts';
import { endOf, endingBy, endingInput } from './ending.ts';
import { flag, login, optionalText, organisationName, page } from './input.ts';
import { change, listing } from './operation.ts';
import { changedServer, domain, newServer, partnerName, serverIn } from './partner-input.ts';
import { type PartnerTest, testOf } from './partner-test.ts';
import { type PartnerView, viewPartner } from './partner-views.ts';

/** A probe takes as long as its slowest step, but no operator waits for more. */
const PROBE_TIME = seconds(60);

async function partnerOf(registry: Registry, name: string): Promise<Partner> {
  const found = await registry.findPartnerNamed(name);
  if (found !== undefined) return found;
  throw new AdminError('unknown', `Cannot find partner "${name}": there is none; "sluis partner list" shows them`);
}

async function secretsOf(context: AdminContext, { name, sealed }: Partner): Promise<PartnerSecrets> {
  const opened = await context.partners.seals.open(name, sealed);
  if (opened.ok) return opened.value;
  throw new AdminError(
    'unusable',
    `Cannot open the secrets of partner "${name}": ${opened.error}; give its password and client certificate again`,
  );
}

async function view(context: AdminContext, partner: Partner): Promise<PartnerView> {
  const account: AccountSummary | undefined = await context.store.registry.findAccount(partner.login);
  return viewPartner(partner, {
    organisation: account?.organisation ?? '',
    addresses: account?.addresses.filter((a) => a.state !== 'ended').length ?? 0,
    hostname: context.partners.hostname,
  });
}

const shown = async (context: AdminContext, name: string): Promise<PartnerView> =>
  await view(context, await partnerOf(context.store.registry, name));

/** What ending a partner did, or would do. */
export interface PartnerEnd {
  readonly name: string;
  readonly organisation: string;
  readonly account: string;
  /** False where it was only asked what would be. */
  readonly applied: boolean;
  /** Until then what waits is pushed, and it can be resumed; absent: it has ended. */
  readonly closes?: string;
  readonly successor?: string;
  readonly addresses: number;
  readonly domains: readonly string[];
  /** Deliveries that wait for it, or are held. */
  readonly waiting: number;
}

const stateChange = (state: PartnerState) =>
  change(partnerName, async ({ store }, name, { actor }): Promise<{ name: string; state: string }> => {
    const before = await partnerOf(store.registry, name);
    await store.registry.setPartnerState(name, state, actor);
    // One that was suspended as well is ending still: that was taken back first.
    return { name, state: before.endsAt === undefined || before.state === 'active' ? state : 'ending' };
  });

export const partnerOperations = {
  'partner.add': change(
    (input) => ({
      name: partnerName(input),
      organisation: organisationName(input, 'organisation'),
      login: optionalText(input, 'login') === undefined ? partnerName(input) : login(input, 'login'),
      input,
    }),
    async (context, { input, ...partner }, { actor }): Promise<PartnerView> => {
      const { server, secrets } = newServer(serverIn(input, context.clock.now()));
      const sealed = await context.partners.seals.seal(partner.name, secrets);
      const { registry } = context.store;
      await registry.addPartner({ ...partner, server, ...defined({ sealed }) }, actor);
      return await shown(context, partner.name);
    },
  ),
  'partner.set': change(
    (input) => ({ name: partnerName(input), input }),
    async (context, { name, input }, { actor }): Promise<PartnerView> => {
      const { registry } = context.store;
      const partner = await partnerOf(registry, name);
      const asked = serverIn(input, context.clock.now());
      const changed = changedServer({ server: partner.server, secrets: await secretsOf(context, partner) }, asked);
      const sealed = (await context.partners.seals.seal(name, changed.secrets)) ?? null;
      await registry.changePartner(name, { server: changed.server, sealed }, actor);
      return await shown(context, name);
    },
  ),
  'partner.list': listing(page, async (context, at): Promise<PartnerView[]> => {
    const partners = await context.store.registry.listPartners(at);
    return await Promise.all(partners.map((partner) => view(context, partner)));
  }),
  'partner.show': listing(partnerName, async (context, name): Promise<PartnerView> => await shown(context, name)),
  'partner.test': listing(partnerName, async (context, name): Promise<PartnerTest> => {
    const partner = await partnerOf(context.store.registry, name);
    const { probe, hostname } = context.partners;
    const destination = destinationOf(partner, await secretsOf(context, partner), hostname);
    const report = await probe.probe(destination, AbortSignal.timeout(PROBE_TIME));
    return testOf(partner, report, context.clock.now());
  }),
  'partner.suspend': change(
    (input) => ({ name: partnerName(input), refuse: flag(input, 'refuse') }),
    async ({ store }, { name, refuse }, { actor }): Promise<{ name: string; state: string }> => {
      await partnerOf(store.registry, name);
      const state = refuse ? 'refusing' : 'suspended';
      await store.registry.setPartnerState(name, state, actor);
      return { name, state };
    },
  ),
  'partner.resume': stateChange('active'),
  'partner.end': endingBy(
    change(
      (input) => ({ name: partnerName(input), ...endingInput(input) }),
      async (context, { name, grace, successor, dryRun }, { actor }): Promise<PartnerEnd> => {
        const { registry, deliveries } = context.store;
        const partner = await partnerOf(registry, name);
        const { organisation, addresses, domains } = await view(context, partner);
        const endsAt = endOf(context, grace);
        const succeeded = successor === undefined ? {} : { successor };
        // It ends as its account does, which stands for all of it.
        if (!dryRun) await registry.endAccount(partner.login, { ...defined({ endsAt }), ...succeeded }, actor);
        const queued = (await deliveries.queues()).find((queue) => queue.partner === partner.id);
        return {
          name,
          organisation,
          account: partner.login,
          addresses,
          domains,
          applied: !dryRun,
          ...defined({ closes: iso(endsAt) }),
          ...succeeded,
          waiting: (queued?.waiting ?? 0) + (queued?.held ?? 0),
        };
      },
    ),
  ),
  'partner.domain.add': change(
    (input) => ({ name: partnerName(input), domain: domain(input, 'domain'), shared: flag(input, 'shared') }),
    async ({ store }, input, { actor }): Promise<{ name: string; domain: string }> => {
      await partnerOf(store.registry, input.name);
      await store.registry.setPartnerDomain(input.name, input.domain, input.shared ? 'add-shared' : 'add', actor);
      return { name: input.name, domain: input.domain };
    },
  ),
  'partner.domain.remove': change(
    (input) => ({ name: partnerName(input), domain: domain(input, 'domain') }),
    async ({ store }, input, { actor }): Promise<{ name: string; domain: string }> => {
      await partnerOf(store.registry, input.name);
      await store.registry.setPartnerDomain(input.name, input.domain, 'remove', actor);
      return input;
    },
  ),
};
