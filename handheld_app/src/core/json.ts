/** JSON values that a fact may hold: whole numbers only, as the log's canonical form refuses fractions. */

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
