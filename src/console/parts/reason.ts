/** The reason of a deed, typed in a form: one line, for the trail. */
export const MAX_REASON = 400;

export const reasonIn = (field: (name: string) => string): string =>
  field('reason')
    .replace(/[\p{C}\p{Zl}\p{Zp}]+/gu, ' ')
    .trim();
