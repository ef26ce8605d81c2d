/** Lower-case hexadecimal. */
export type Id = string
