/** What a schema of zod is made of, for whoever goes through all settings. */
/** As much of a schema of zod as is looked at here. */
export interface Definition {
  readonly shape?: Readonly<Record<string, object>>;
  readonly def?: { readonly type: string; readonly innerType?: object; readonly element?: object };
}

/**
 * The settings of a section by their names; of a repeated section those of each. Undefined if the
 * schema is no section.
 */
export const shapeOf = (schema: Definition): Definition['shape'] => {
  if (schema.shape !== undefined) return schema.shape;
  const inner = schema.def?.innerType ?? schema.def?.element;
  return inner === undefined ? undefined : shapeOf(inner);
};

/** Whether a section is a list. */
export const isRepeated = ({ def }: Definition): boolean =>
  def?.element !== undefined || (def?.innerType !== undefined && isRepeated(def.innerType));
