/** Look: what this device was set to show: one of three themes, or light and dark as the system says; and large targets for gloves. */

const THEME_KEY = "baguier-theme";
const GLOVES_KEY = "baguier-gloves";
const DARK = "(prefers-color-scheme: dark)";

/** "sun", for behind the window, is only ever set by hand. */
export const THEMES = ["system", "light", "dark", "sun"] as const;
export type Theme = (typeof THEMES)[number];

export function chosenTheme(): Theme {
  const kept = localStorage.getItem(THEME_KEY);
  return THEMES.find((theme) => theme === kept) ?? "system";
}

export function hasGloves(): boolean {
  return localStorage.getItem(GLOVES_KEY) !== null;
}

/** Keep a choice on this device and show it at once. */
export function chooseTheme(theme: Theme): void {
  localStorage.setItem(THEME_KEY, theme);
  applyLook();
}

export function chooseGloves(isWorn: boolean): void {
  if (isWorn) localStorage.setItem(GLOVES_KEY, "");
  else localStorage.removeItem(GLOVES_KEY);
  applyLook();
}

/** Apply the device's choice now, and the system's whenever it changes. */
export function followLook(): void {
  applyLook();
  window.matchMedia(DARK).addEventListener("change", applyLook);
}

function applyLook(): void {
  const theme = chosenTheme();
  const root = document.documentElement;
  root.dataset["theme"] = theme !== "system" ? theme : window.matchMedia(DARK).matches ? "dark" : "light";
  root.toggleAttribute("data-gloves", hasGloves());
}
