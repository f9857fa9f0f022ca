/** Sentences: the type of a translation. It has exactly the keys of the French it is made from, and takes the same values. */

export type Sentences<T> = {
  readonly [K in keyof T]: T[K] extends (...args: infer A) => string ? (...args: A) => string : T[K] extends string ? string : Sentences<T[K]>;
};
