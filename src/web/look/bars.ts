/**
 * A small picture of numbers over time: bars, with a text that says the same for readers who do not
 * see them. The markup is built by hand, so only numbers that the program computed go into it.
 */
import { Html, html } from '../../http/html.ts';

const HEIGHT = 40;
const STEP = 10;
const WIDE = 8;

/** `values` are counts of 0 or more. `says`: what the picture shows, in a sentence. */
export function bars(values: readonly number[], says: string): Html {
  const most = Math.max(1, ...values);
  const rects = values.map((value, i) => {
    // A value above 0 is at least one unit high, so that it can be seen.
    const high = value <= 0 ? 0 : Math.max(1, Math.round((value / most) * HEIGHT));
    return `<rect x="${i * STEP}" y="${HEIGHT - high}" width="${WIDE}" height="${high}"/>`;
  });
  const picture = new Html(
    `<svg class="bars" viewBox="0 0 ${values.length * STEP} ${HEIGHT}" preserveAspectRatio="none" aria-hidden="true" focusable="false">${rects.join('')}</svg>`,
  );
  return html`<figure>${picture}<figcaption>${says}</figcaption></figure>`;
}
