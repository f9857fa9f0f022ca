/** Tone: what a state means to the reader; each has a fill and a text colour in tokens.css. */
export type Tone = "ok" | "bad" | "warn" | "info" | "odd" | "todo";
