/** Who is told of what, in which order, and what becomes of receivers that do not take it. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { Webhook } from 'standardwebhooks';
import { type WebhookSeals, webhookSeals } from '../../src/crypto/keys/webhook-secrets.ts';
import type { AccountId, MessageId } from '../../src/domain/ids.ts';
import { days, hours, instant, milliseconds, minutes, seconds } from '../../src/domain/units.ts';
import { EVENTS_KEPT, OLD_SECRET_SIGNS, RETRY_WAITS, WEBHOOK_EVENT_TYPES } from '../../src/domain/webhooks.ts';
import type { Store } from '../../src/store/port/store.ts';
import type { WebhookOwner } from '../../src/store/webhooks.ts';
import { LINES, WebhookDeliverer } from '../../src/webhooks/deliverer.ts';
import type { Posted } from '../../src/webhooks/line.ts';
import { addWebhook, rotateWebhook, testWebhook } from '../../src/webhooks/registering.ts';
import { type TestStore, acceptanceOf, addAccount, openTestStore, sealBody } from '../support/store.ts';
import { until } from '../support/until.ts';

const actor = { name: 'test' };
const MASTER = randomBytes(32);
const TICK = seconds(1);

interface Sent {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}
interface Body {
  readonly type: string;
  readonly timestamp: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** A store, its deliverer, and receivers that are no network: each answers as the test says. */
class Scene {
  readonly opened: TestStore;
  readonly seals: WebhookSeals = webhookSeals(() => Promise.resolve(MASTER), randomBytes);
  readonly sent: Sent[] = [];
  readonly letters: string[] = [];
  lines = 0;
  mostLines = 0;
  /** By URL. Default: taken. */
  answer: (sent: Sent) => Posted | Promise<Posted> = () => ({ kind: 'answered', status: 200 });
  deliverer: WebhookDeliverer;

  constructor(opened: TestStore) {
    this.opened = opened;
    this.deliverer = this.newDeliverer();
  }

  static async open(t: TestContext): Promise<Scene> {
    const opened: { scene?: Scene } = {};
    // Before the store is closed.
    t.after(() => opened.scene?.deliverer.stop());
    const scene = (opened.scene = new Scene(await openTestStore(t)));
    await scene.deliverer.start();
    return scene;
  }

  get store(): Store {
    return this.opened.store;
  }

  /** What every octet that is drawn is: how much comes on top of a wait. */
  chance = 0;

  /** Another gateway's work, while it is false. */
  mine = true;

  newDeliverer(store = this.opened.store): WebhookDeliverer {
    const { clock, log } = this.opened;
    return new WebhookDeliverer({
      webhooks: store.webhooks,
      mine: () => this.mine,
      seals: this.seals,
      line: (url) => {
        this.lines += 1;
        this.mostLines = Math.max(this.mostLines, this.lines);
        let open = true;
        let close: (posted: Posted) => void = () => undefined;
        const closed = new Promise<Posted>((resolve) => (close = resolve));
        return {
          post: async (headers, body) => {
            const sent = { url, headers, body };
            this.sent.push(sent);
            return await Promise.race([this.answer(sent), closed]);
          },
          close: () => {
            if (open) this.lines -= 1;
            open = false;
            close({ kind: 'refused', why: 'connection' });
          },
        };
      },
      tell: (webhook, what, why) => {
        this.letters.push(`${webhook.name} ${what} ${why}`);
        return Promise.resolve();
      },
      clock,
      random: (octets) => Buffer.alloc(octets, this.chance),
      log,
    });
  }

  async add(
    name: string,
    owner: WebhookOwner = {},
    events = WEBHOOK_EVENT_TYPES,
  ): Promise<{ id: string; secret: string }> {
    const webhook = { name, url: `https://${name}.example/`, events, ...owner };
    const made = await addWebhook(this.parts, webhook, actor);
    await this.deliverer.settled();
    return made;
  }

  get parts() {
    return {
      store: this.store,
      clock: this.opened.clock,
      webhooks: {
        seals: this.seals,
        random: randomBytes,
        line: (url: string) => ({
          post: (headers: Readonly<Record<string, string>>, body: string) => {
            this.sent.push({ url, headers, body });
            return Promise.resolve(this.answer({ url, headers, body }));
          },
          close: () => undefined,
        }),
      },
      gateway: { webhooksChanged: () => this.deliverer.changed() },
    };
  }

  async mail(from: AccountId, to: string): Promise<MessageId> {
    const { store } = this;
    const body = await sealBody(store, randomBytes(300));
    const outcome = await store.accept({
      ...(await acceptanceOf(store, body, [`${to}@group.test`], { submitter: from })),
      audit: [{ event: 'message.accepted', outcome: 'success', message: body.id, account: from, facts: {} }],
    });
    assert.equal(outcome.kind, 'filed');
    return body.id;
  }

  /** Lets a second pass, and what follows from it. */
  async tick(time: number = TICK): Promise<void> {
    for (const part of [time - TICK, TICK]) {
      this.opened.clock.advance(part);
      await this.deliverer.settled();
    }
  }

  /** What was sent to one of them, by message. */
  told(name: string): (string | undefined)[] {
    return this.sent.filter(({ url }) => url === `https://${name}.example/`).map(({ body }) => messageIn(body));
  }
}

const read = (body: string): Body => JSON.parse(body) as Body;
const messageIn = (body: string): string | undefined => read(body).data.messageId as string | undefined;

test('events reach whoever may see them, signed so that a program of others takes them, and hold ids alone', async (t) => {
  const scene = await Scene.open(t);
  const [anna, bert] = [await addAccount(scene.store, 'anna'), await addAccount(scene.store, 'bert')];
  const { secret } = await scene.add('berts', { account: bert });
  await scene.add('all');
  const practice = (await scene.store.registry.findOrganisation('practice'))!.id;
  await scene.add('practice', { organisation: practice }, ['message.delivered']);
  const id = await scene.mail(anna, 'bert');
  await scene.tick();
  assert.deepEqual(scene.told('berts'), [id]);
  assert.deepEqual(scene.told('all'), [id, id]);
  assert.deepEqual(scene.told('practice'), [id]);
  const [{ headers, body }] = scene.sent.filter(({ url }) => url.includes('berts')) as [Sent];
  // Its own clock is the machine's: the time is checked by ours.
  const timestamp = Math.floor(scene.opened.clock.now() / 1000);
  assert.equal(headers['webhook-timestamp'], String(timestamp));
  const verify = (text: string): unknown => {
    const clock = Date.now;
    Date.now = () => scene.opened.clock.now();
    try {
      return new Webhook(secret).verify(text, { ...headers });
    } finally {
      Date.now = clock;
    }
  };
  assert.deepEqual(verify(body), {
    type: 'message.received',
    timestamp: new Date(read(body).timestamp).toISOString(),
    data: { accountId: String(bert), organisationId: String(practice), messageId: id, octets: 300 },
  });
  assert.throws(() => verify(body.replace('received', 'recieved')), /No matching signature/);
  // The sender's address, a name or anything of the content stands in none of them.
  for (const one of scene.sent) assert.doesNotMatch(one.body, /group\.test|anna|bert|practice/i);
  // Each of them has its own id, the same event another one for each webhook.
  assert.equal(new Set(scene.sent.map((one) => one.headers['webhook-id'])).size, scene.sent.length);
});

test('an account that moves takes its webhook along, and each of its events is told once, of before as of behind', async (t) => {
  const scene = await Scene.open(t);
  const { store } = scene;
  const { clock } = scene.opened;
  const [anna, bert] = [await addAccount(store, 'anna'), await addAccount(store, 'bert')];
  await store.registry.addOrganisation({ name: 'zuid', title: 'Zuid', language: 'nl' }, actor);
  await scene.add('berts', { account: bert }, ['message.received']);
  scene.answer = () => ({ kind: 'refused', why: 'connection' });
  const [refused, waits] = [await scene.mail(anna, 'bert'), await scene.mail(anna, 'bert')];
  await scene.tick();
  assert.deepEqual(scene.told('berts'), [refused]);
  scene.sent.length = 0;
  scene.answer = () => ({ kind: 'answered', status: 200 });
  const move = { login: 'bert', organisation: 'zuid', since: clock.now(), endsAt: clock.now() };
  await store.accountMoves.move(move, actor);
  const behind = await scene.mail(anna, 'bert');
  await scene.tick(seconds(60));
  await scene.tick();
  assert.deepEqual(scene.told('berts'), [refused, waits, behind]);
});

test('a receiver that is down is tried again with longer and longer waits, and then told everything in order', async (t) => {
  const scene = await Scene.open(t);
  const [anna] = [await addAccount(scene.store, 'anna'), await addAccount(scene.store, 'bert')];
  await scene.add('berts', {}, ['message.received']);
  scene.answer = () => ({ kind: 'refused', why: 'connection' });
  const sent = [await scene.mail(anna, 'bert')];
  await scene.tick();
  assert.equal(scene.sent.length, 1);
  assert.equal((await scene.store.webhooks.list())[0]?.why, 'connection');
  const first = scene.sent[0]?.headers['webhook-id'];
  for (const [i, wait] of RETRY_WAITS.slice(0, 4).entries()) {
    sent.push(await scene.mail(anna, 'bert'));
    // Not a second earlier.
    await scene.tick(wait - 2 * TICK);
    assert.equal(scene.sent.length, i + 1, `wait ${i}`);
    await scene.tick(2 * TICK);
    assert.equal(scene.sent.length, i + 2, `wait ${i}`);
  }
  assert(scene.sent.every(({ headers }) => headers['webhook-id'] === first));
  assert(scene.deliverer.lag > RETRY_WAITS[3]!);
  scene.answer = () => ({ kind: 'answered', status: 204 });
  scene.sent.length = 0;
  await scene.tick(RETRY_WAITS[4]);
  assert.deepEqual(scene.told('berts'), sent);
  assert.equal(scene.deliverer.lag, 0);
  await scene.tick();
  const [found] = await scene.store.webhooks.list();
  assert.deepEqual([found?.failures, found?.why, found?.lastSuccessAt !== undefined], [0, undefined, true]);
});

test('a receiver is not tried before the time that it asks for, nor later than after our longest wait; all do not come at once', async (t) => {
  const scene = await Scene.open(t);
  const [anna] = [await addAccount(scene.store, 'anna'), await addAccount(scene.store, 'bert')];
  await scene.add('berts', {}, ['message.received']);
  await scene.mail(anna, 'bert');
  let triedAt = 0;
  const waits = async (retryAfter: number, chance = 0): Promise<number> => {
    scene.chance = chance;
    scene.answer = () => {
      triedAt = scene.opened.clock.now();
      return { kind: 'answered', status: 503, retryAfter: milliseconds(retryAfter) };
    };
    await scene.tick(seconds(2));
    return (await scene.store.webhooks.active())[0]!.dueAt! - triedAt;
  };
  assert.equal(await waits(60_000), minutes(1), 'longer than our own 5 seconds');
  scene.opened.clock.advance(minutes(1));
  assert.equal(await waits(1000), seconds(30), 'shorter than our own');
  scene.opened.clock.advance(seconds(30));
  assert.equal(await waits(365 * 24 * 3_600_000), hours(8));
  scene.opened.clock.advance(hours(8));
  assert.equal(await waits(1, 255), minutes(11), 'a tenth comes on top of ten minutes');
});

test('after ten failures in a row it is paused, its owner is told once, and it goes on in order when it is resumed', async (t) => {
  const scene = await Scene.open(t);
  const [anna] = [await addAccount(scene.store, 'anna'), await addAccount(scene.store, 'bert')];
  const { id } = await scene.add('berts', {}, ['message.received']);
  scene.answer = () => ({ kind: 'answered', status: 500 });
  const sent = [await scene.mail(anna, 'bert'), await scene.mail(anna, 'bert')];
  await scene.tick();
  for (const wait of RETRY_WAITS) await scene.tick(wait + TICK);
  assert.equal(scene.sent.length, RETRY_WAITS.length + 1);
  assert.deepEqual(scene.letters, ['berts paused status-500']);
  const paused = await scene.store.webhooks.find(id);
  assert.deepEqual([paused?.state, paused?.why], ['paused', 'status-500']);
  assert.deepEqual(scene.deliverer.states, { active: 0, paused: 1 });
  scene.sent.length = 0;
  sent.push(await scene.mail(anna, 'bert'));
  await scene.tick(hours(24));
  assert.deepEqual(scene.sent, []);
  scene.answer = () => ({ kind: 'answered', status: 200 });
  await scene.store.webhooks.resume(id, actor);
  scene.deliverer.changed();
  await scene.tick();
  assert.deepEqual(scene.told('berts'), sent);
});

test('a receiver that is gone (410) is ended at once, and its owner told', async (t) => {
  const scene = await Scene.open(t);
  const [anna] = [await addAccount(scene.store, 'anna'), await addAccount(scene.store, 'bert')];
  const { id } = await scene.add('berts');
  scene.answer = () => ({ kind: 'answered', status: 410 });
  await scene.mail(anna, 'bert');
  await scene.tick();
  assert.equal(scene.sent.length, 1);
  assert.deepEqual(scene.letters, ['berts gone status-410']);
  assert.equal(await scene.store.webhooks.find(id), undefined);
  const trail = await scene.store.audit.read({ limit: 1000 });
  assert.deepEqual(trail.findLast(({ event }) => event === 'webhook.ended')?.facts?.why, 'gone');
});

test('a restart goes on behind what was taken, and repeats at most the last second under the same ids', async (t) => {
  const scene = await Scene.open(t);
  const [anna] = [await addAccount(scene.store, 'anna'), await addAccount(scene.store, 'bert')];
  await scene.add('berts', {}, ['message.received']);
  const sent = [];
  for (let n = 0; n < 5; n += 1) sent.push(await scene.mail(anna, 'bert'));
  await scene.tick();
  assert.deepEqual(scene.told('berts'), sent);
  const before = scene.sent.map(({ headers }) => headers['webhook-id']);
  // Killed before it wrote down how far it was: nothing of the deliverer lives on.
  scene.sent.length = 0;
  const killed = scene.deliverer;
  scene.deliverer = scene.newDeliverer();
  await scene.deliverer.start();
  await scene.tick();
  assert.deepEqual(
    scene.sent.map(({ headers }) => headers['webhook-id']),
    before,
  );
  await killed.stop();
  // Now it stands in the store.
  await scene.tick();
  await scene.deliverer.stop();
  scene.sent.length = 0;
  const { store } = await scene.opened.reopen();
  const again = scene.newDeliverer(store);
  await again.start();
  scene.opened.clock.advance(TICK);
  await again.settled();
  assert.deepEqual(scene.sent, []);
  await again.stop();
});

test('what is slow or dead has half of the connections at most, and holds up none that works', async (t) => {
  const scene = await Scene.open(t);
  const [anna] = [await addAccount(scene.store, 'anna'), await addAccount(scene.store, 'bert')];
  const practice = (await scene.store.registry.findOrganisation('practice'))!.id;
  const system = (await scene.store.registry.findOrganisation('system'))!.id;
  const ids: string[] = [];
  const dead = LINES.each + 4;
  for (let n = 0; n < dead; n += 1) {
    const owner = n < 10 ? { organisation: practice } : n < 20 ? {} : { organisation: system };
    ids.push((await scene.add(`dead${n}`, owner, ['message.received'])).id);
  }
  await scene.add('works', { account: (await scene.store.registry.findAccount('bert'))!.account.id }, [
    'message.received',
  ]);
  scene.answer = ({ url }) =>
    url.includes('dead') ? { kind: 'refused', why: 'connection' } : { kind: 'answered', status: 200 };
  const sent = [await scene.mail(anna, 'bert')];
  await scene.tick();
  assert.deepEqual(scene.told('works'), sent);
  // From now on they hang.
  scene.answer = ({ url }) => (url.includes('dead') ? new Promise(() => undefined) : { kind: 'answered', status: 200 });
  const { clock } = scene.opened;
  clock.advance(RETRY_WAITS[0]! + 2 * TICK);
  await until('the failing ones hold what they may', () => scene.lines === LINES.each);
  sent.push(await scene.mail(anna, 'bert'));
  for (let n = 0; n < 3; n += 1) {
    clock.advance(TICK);
    await until('the one that works is told', () => scene.told('works').length === 2);
  }
  assert.deepEqual(scene.told('works'), sent);
  assert(scene.mostLines <= LINES.running, `${scene.mostLines}`);
  assert.equal(ids.length, dead);
});

test('while a secret is replaced both sign, afterwards the new one alone; a test event is told at once', async (t) => {
  const scene = await Scene.open(t);
  const { id, secret } = await scene.add('berts');
  const { secret: next, oldUntil } = await rotateWebhook(scene.parts, id, actor);
  assert.equal(oldUntil, scene.opened.clock.now() + OLD_SECRET_SIGNS);
  const signatures = async (): Promise<number[]> => {
    scene.sent.length = 0;
    assert.deepEqual(await testWebhook(scene.parts, id), { taken: true, status: 200 });
    const [{ headers, body }] = scene.sent as [Sent];
    const at = new Date(1000 * Number(headers['webhook-timestamp']));
    const by = [secret, next].map((one) => new Webhook(one).sign(headers['webhook-id']!, at, body));
    const given = headers['webhook-signature']!.split(' ');
    assert.equal(given.length, by.filter((one) => given.includes(one)).length);
    return by.flatMap((one, i) => (given.includes(one) ? i : []));
  };
  assert.deepEqual(await signatures(), [0, 1]);
  scene.opened.clock.setWall(oldUntil);
  assert.deepEqual(await signatures(), [1]);
  scene.answer = () => ({ kind: 'refused', why: 'certificate' });
  assert.deepEqual(await testWebhook(scene.parts, id), { taken: false, why: 'certificate' });
  // It is no failure of the webhook.
  assert.equal((await scene.store.webhooks.find(id))?.failures, 0);
});

test('an account that is suspended is told of nothing, and nobody is told of what happened before he asked', async (t) => {
  const scene = await Scene.open(t);
  const bert = await addAccount(scene.store, 'bert');
  await addAccount(scene.store, 'anna');
  await scene.mail(bert, 'anna');
  await scene.add('berts', { account: bert }, ['message.delivered']);
  await scene.tick();
  assert.deepEqual(scene.sent, []);
  await scene.store.registry.setAccountState('bert', 'suspended', actor);
  scene.deliverer.ownersChanged();
  await scene.tick();
  const id = await scene.mail(bert, 'anna');
  await scene.tick();
  assert.deepEqual(scene.sent, []);
  await scene.store.registry.setAccountState('bert', 'active', actor);
  scene.deliverer.ownersChanged();
  await scene.tick();
  assert.deepEqual(scene.told('berts'), [id]);
});

test('what is older than a week when its turn comes is passed over, and the webhook says so', async (t) => {
  const scene = await Scene.open(t);
  const [anna] = [await addAccount(scene.store, 'anna'), await addAccount(scene.store, 'bert')];
  const { id } = await scene.add('berts', {}, ['message.received']);
  await scene.store.webhooks.pause(id, 'operator', actor);
  scene.deliverer.changed();
  await scene.mail(anna, 'bert');
  await scene.tick(EVENTS_KEPT + days(1));
  const kept = await scene.mail(anna, 'bert');
  await scene.store.webhooks.resume(id, actor);
  scene.deliverer.changed();
  await scene.tick();
  assert.deepEqual(scene.told('berts'), [kept]);
  await scene.tick();
  const found = await scene.store.webhooks.find(id);
  assert(found?.missedUntil !== undefined && found.missedUntil > instant(0));
});

test('one gateway tells of events at a time, and the next one goes on where it stood', async (t) => {
  const scene = await Scene.open(t);
  const [anna] = [await addAccount(scene.store, 'anna'), await addAccount(scene.store, 'bert')];
  await scene.add('all', {}, ['message.delivered']);
  const first = await scene.mail(anna, 'bert');
  await scene.tick();
  assert.deepEqual(scene.told('all'), [first]);
  await scene.tick();
  scene.mine = false;
  const second = await scene.mail(anna, 'bert');
  await scene.tick(hours(1));
  assert.deepEqual(scene.told('all'), [first]);
  // Another gateway told of the second: what is written down says so.
  const other = new Scene(scene.opened);
  t.after(() => other.deliverer.stop());
  await other.deliverer.start();
  await other.tick();
  await other.tick();
  assert.deepEqual(other.told('all'), [second]);
  await other.deliverer.stop();
  scene.mine = true;
  const third = await scene.mail(anna, 'bert');
  await scene.tick();
  await scene.tick();
  assert.deepEqual(scene.told('all'), [first, third]);
});

test('without webhooks nothing is asked and no timer waits', async (t) => {
  const scene = await Scene.open(t);
  await scene.deliverer.stop();
  const asked: string[] = [];
  const anna = await addAccount(scene.store, 'anna');
  const webhooks = new Proxy(scene.store.webhooks, {
    get: (of, name) => {
      asked.push(String(name));
      return Reflect.get(of, name) as unknown;
    },
  });
  const { clock, log } = scene.opened;
  const idle = new WebhookDeliverer({
    ...{ webhooks, seals: scene.seals, clock, log, random: () => assert.fail('nothing fails') },
    line: () => assert.fail('nobody is called'),
    tell: () => Promise.resolve(),
  });
  const waiting = clock.waiting;
  await idle.start();
  assert.deepEqual([asked, clock.waiting], [['list'], waiting]);
  await scene.mail(anna, 'anna');
  idle.ownersChanged();
  clock.advance(hours(1));
  assert.deepEqual(asked, ['list']);
  await idle.stop();
});
