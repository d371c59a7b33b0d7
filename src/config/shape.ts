/** The structure of a zod schema, for code that goes through all settings. */
/** The parts of a zod schema that are looked at here. */
export interface Definition {
  readonly shape?: Readonly<Record<string, object>>;
  readonly def?: { readonly type: string; readonly innerType?: object; readonly element?: object };
}

/**
 * The settings of a section by their names; for a repeated section, those of each. Undefined if the
 * schema is no section.
 */
export const shapeOf = (schema: Definition): Definition['shape'] => {
  if (schema.shape !== undefined) return schema.shape;
  const inner = schema.def?.innerType ?? schema.def?.element;
  return inner === undefined ? undefined : shapeOf(inner);
};

/** True if the section is a list. */
export const isRepeated = ({ def }: Definition): boolean =>
  def?.element !== undefined || (def?.innerType !== undefined && isRepeated(def.innerType));
