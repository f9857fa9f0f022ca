/** Keyboard wedge: gives the page's keystrokes and input events to core/wedge.ts and hands on the scans. */

import { DEFAULT_WEDGE, feedKey, feedText, idleWedge, type Scan, type WedgeSettings, type WedgeStep } from "../core/wedge.ts";

/**
 * Listen on the window and on `field`, a real focused input with `inputmode="none"`: Android may deliver a scan through
 * `input` events only. The field is focused once and when it loses focus to nothing, never on each draw: focusing
 * inside a tap opens the keyboard. Returns the function that stops listening.
 */
export function listenToWedge(field: HTMLInputElement, onscan: (scan: Scan) => void, settings: WedgeSettings = DEFAULT_WEDGE): () => void {
  let state = idleWedge();

  function take(step: WedgeStep): void {
    state = step.state;
    for (const scan of step.scans) onscan(scan);
  }
  function onkeydown(event: KeyboardEvent): void {
    // Typing into another field of the screen is a person's business, unless a prefix tells a scan for certain.
    const isField = event.target instanceof HTMLInputElement || event.target instanceof HTMLTextAreaElement;
    const isForeign = isField && event.target !== field && settings.prefix === null;
    if (isForeign || event.ctrlKey || event.metaKey) return;
    const step = feedKey(state, event.key, event.timeStamp, settings);
    // The key is ours: the same character must not come again as an input event, nor Enter press a button.
    if (event.target === field && event.key !== "Unidentified" && event.key !== "Tab") event.preventDefault();
    if (step.scans.length > 0) event.preventDefault();
    take(step);
  }
  function oninput(event: Event): void {
    const text = field.value;
    field.value = "";
    take(feedText(state, text, event.timeStamp, settings));
  }
  function onblur(): void {
    setTimeout(() => {
      if (document.activeElement === document.body) field.focus({ preventScroll: true });
    }, 0);
  }

  window.addEventListener("keydown", onkeydown, true);
  field.addEventListener("input", oninput);
  field.addEventListener("blur", onblur);
  field.focus({ preventScroll: true });
  return () => {
    window.removeEventListener("keydown", onkeydown, true);
    field.removeEventListener("input", oninput);
    field.removeEventListener("blur", onblur);
  };
}
