/** Whatever a user wants to remember with an artifact; kept verbatim, in document order. */
export type Metadata = Readonly<Record<string, unknown>>

/** Native settings of a container driver, by driver name (`docker`, `marathon`, `kubernetes`). */
export type Dialects = Readonly<Record<string, unknown>>
