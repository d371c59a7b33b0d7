/**
 * The settings for a mail program: as text, as files that programs take, and as a picture for a
 * telephone. No password stands in any of them.
 */
import { type Reply, visitorOf } from '../../web/core/page.ts';
import { card, facts, list } from '../../web/look/parts.ts';
import { serverLines } from '../../ca/enrol/letters.ts';
import { Html, html } from '../../http/html.ts';
import { qrPath } from '../../http/qr-code.ts';
import type { Asked, Page, Services } from '../core/page.ts';
import { type ProgramSettings, autoconfig, mobileconfig, portsOf } from './program-files.ts';
import { PROGRAM } from './program-words.ts';

async function settingsOf(asked: Asked, { servers, gateway, store }: Services): Promise<ProgramSettings> {
  const { login } = visitorOf(asked).record.account;
  const addresses = (await store.registry.findAccount(login))?.addresses ?? [];
  const address = addresses.find(({ state }) => state === 'active')?.address ?? login;
  return { login, address, gateway, servers: portsOf(servers, login) };
}

/**
 * What a telephone reads from the picture: lines of text, that no program takes by itself and every
 * person can copy.
 */
const MOST = 600;

/** Numbers alone stand in it. */
function picture(text: string, says: string): Html {
  const { side, path } = qrPath(text);
  const svg = new Html(
    `<svg class="qr" viewBox="0 0 ${side} ${side}" role="img" aria-labelledby="qr-says"><rect class="light" width="${side}" height="${side}"/><path d="${path}"/></svg>`,
  );
  return html`<figure>${svg}<figcaption id="qr-says">${says}</figcaption></figure>`;
}

const program: Page = {
  method: 'GET',
  path: '/program',
  access: 'session',
  run: async (asked, services) => {
    const words = PROGRAM[asked.language];
    const settings = await settingsOf(asked, services);
    const lines = serverLines(services.servers, settings.login, asked.language);
    const text = [`${words.login}: ${settings.login}`, ...lines].join('\n');
    const fits = Buffer.byteLength(text) <= MOST;
    const known = facts([
      [words.address, settings.address],
      [words.login, settings.login],
      [words.password, words.passwordHint],
      [words.servers, lines.length === 0 ? words.none : list(lines)],
    ]);
    return {
      kind: 'page',
      title: words.title,
      body: html`${card(words.text, known)}
${card(words.files, html`<p>${words.filesHint}</p><ul class="deeds"><li><a class="button second" href="/program/thunderbird.xml">Thunderbird</a></li><li><a class="button second" href="/program/apple.mobileconfig">Apple</a></li></ul>`)}
${fits ? card(words.picture, picture(text, words.pictureHint)) : undefined}`,
    };
  },
};

async function* whole(text: string): AsyncGenerator<string, void, void> {
  yield await Promise.resolve(text);
}

const thunderbird: Page = {
  method: 'GET',
  path: '/program/thunderbird.xml',
  access: 'session',
  run: async (asked, services): Promise<Reply> => ({
    kind: 'download',
    name: 'config-v1.1.xml',
    type: 'text/xml; charset=utf-8',
    pieces: whole(autoconfig(await settingsOf(asked, services))),
  }),
};

const apple: Page = {
  method: 'GET',
  path: '/program/apple.mobileconfig',
  access: 'session',
  run: async (asked, services): Promise<Reply> => {
    const text = mobileconfig(await settingsOf(asked, services));
    if (text === undefined) return { kind: 'see', to: '/program' };
    return {
      kind: 'download',
      name: 'mail.mobileconfig',
      type: 'application/x-apple-aspen-config',
      pieces: services.signed(text),
    };
  },
};

export const programPages: readonly Page[] = [program, thunderbird, apple];
