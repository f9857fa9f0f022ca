/** Words: looking up what a server's code is called. A code that this issue of the app does not know is a value, not a fault. */

/** The word for `code`; null: none is known, show the code itself. */
export function wordFor(words: Readonly<Record<string, string>>, code: string): string | null {
  return new Map(Object.entries(words)).get(code) ?? null;
}
