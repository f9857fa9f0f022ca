/** Theme: light or dark as the system says, unless this device was set to one; "sun" is only ever set by hand. */

const KEY = "baguier-theme";
const DARK = "(prefers-color-scheme: dark)";

export type Theme = "light" | "dark" | "sun";

/** Apply the device's choice now and the system's whenever it changes. Returns the function that stops following. */
export function followTheme(): () => void {
  const system = window.matchMedia(DARK);
  const apply = (): void => {
    const chosen = localStorage.getItem(KEY);
    const isChosen = chosen === "light" || chosen === "dark" || chosen === "sun";
    document.documentElement.dataset["theme"] = isChosen ? chosen : system.matches ? "dark" : "light";
  };
  apply();
  system.addEventListener("change", apply);
  return () => system.removeEventListener("change", apply);
}

/** Keep a choice on this device; null follows the system again. */
export function chooseTheme(theme: Theme | null): void {
  if (theme === null) localStorage.removeItem(KEY);
  else localStorage.setItem(KEY, theme);
}
