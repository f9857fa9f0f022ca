/** Format: money, clocks and spans as a person reads them. The language and the shop's zone come in as arguments. */

export type Language = "fr" | "en";

const LOCALE: Readonly<Record<Language, string>> = { fr: "fr-FR", en: "en-GB" };

/** An amount in minor units with its ISO currency, without cents when there are none: `14 200 €`, `€14,200`. */
export function formatMoney(language: Language, amountMinor: number, currency: string): string {
  const digits = new Intl.NumberFormat("en", { style: "currency", currency }).resolvedOptions().maximumFractionDigits ?? 2;
  const isWhole = amountMinor % 10 ** digits === 0;
  const shown = isWhole ? 0 : digits;
  const style = { style: "currency", currency, minimumFractionDigits: shown, maximumFractionDigits: shown } as const;
  return new Intl.NumberFormat(LOCALE[language], style).format(amountMinor / 10 ** digits);
}

/** A moment's time of day in the shop: `21:04`. */
export function formatClock(language: Language, atMs: number, zone: string): string {
  return new Intl.DateTimeFormat(LOCALE[language], { hour: "2-digit", minute: "2-digit", timeZone: zone }).format(atMs);
}

/** A moment beside another: its time of day, with the day before it when that is another one: `21:04`, `20/11 21:04`. */
export function formatMoment(language: Language, atMs: number, beside: { readonly atMs: number; readonly zone: string }): string {
  const days = new Intl.DateTimeFormat(LOCALE[language], { day: "2-digit", month: "2-digit", timeZone: beside.zone });
  const clock = formatClock(language, atMs, beside.zone);
  return days.format(atMs) === days.format(beside.atMs) ? clock : `${days.format(atMs)}\u00a0${clock}`;
}

/** A shop day `2026-11-21` as `21/11/2026`. */
export function formatDay(language: Language, day: string): string {
  const style = { day: "2-digit", month: "2-digit", year: "numeric", timeZone: "UTC" } as const;
  return new Intl.DateTimeFormat(LOCALE[language], style).format(new Date(`${day}T00:00:00Z`));
}

/** A span to the minute: `5 h 44`, `12 min`, `3 j 2 h` (days in the language's letter). */
export function formatSpan(language: Language, spanMs: number): string {
  const minutes = Math.max(0, Math.floor(spanMs / 60_000));
  const hours = Math.floor(minutes / 60);
  const days = Math.floor(hours / 24);
  if (days > 0) return `${days}\u00a0${language === "fr" ? "j" : "d"}\u00a0${hours % 24}\u00a0h`;
  if (hours > 0) return `${hours}\u00a0h\u00a0${String(minutes % 60).padStart(2, "0")}`;
  return `${minutes}\u00a0min`;
}

/** The form of a word for a number; languages with more forms than two fall back to `other`. */
export function plural(language: Language, count: number, forms: { readonly one: string; readonly other: string }): string {
  return new Intl.PluralRules(LOCALE[language]).select(count) === "one" ? forms.one : forms.other;
}
