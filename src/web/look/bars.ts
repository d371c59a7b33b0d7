/**
 * A small picture of numbers over time: bars, with what they say as text for whoever does not see
 * them. It holds numbers alone, which the program computed.
 */
import { Html, html } from '../../http/html.ts';

const HEIGHT = 40;
const STEP = 10;
const WIDE = 8;

/** `says`: the same in a sentence. A value is a count: 0 or more. */
export function bars(values: readonly number[], says: string): Html {
  const most = Math.max(1, ...values);
  const rects = values.map((value, i) => {
    // A value above 0 has at least one unit, so that it can be seen.
    const high = value <= 0 ? 0 : Math.max(1, Math.round((value / most) * HEIGHT));
    return `<rect x="${i * STEP}" y="${HEIGHT - high}" width="${WIDE}" height="${high}"/>`;
  });
  const picture = new Html(
    `<svg class="bars" viewBox="0 0 ${values.length * STEP} ${HEIGHT}" preserveAspectRatio="none" aria-hidden="true" focusable="false">${rects.join('')}</svg>`,
  );
  return html`<figure>${picture}<figcaption>${says}</figcaption></figure>`;
}
