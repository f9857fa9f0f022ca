// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, it } from "vitest";

import type { Scan } from "../../src/core/wedge.ts";
import { listenToWedge } from "../../src/readers/keyboard_wedge.ts";

let field: HTMLInputElement;
let scans: Scan[];
let stop: () => void;

beforeEach(() => {
  field = document.createElement("input");
  document.body.append(field);
  scans = [];
  stop = listenToWedge(field, (scan) => scans.push(scan));
});

afterEach(() => {
  stop();
  document.body.replaceChildren();
});

/** Press keys as a scanner does; the events' own clock is that of this instant. */
function press(target: HTMLElement, keys: readonly string[], more: KeyboardEventInit = {}): KeyboardEvent[] {
  return keys.map((key) => {
    const event = new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true, ...more });
    target.dispatchEvent(event);
    return event;
  });
}

describe("keyboard wedge", () => {
  it("hears a scan typed into its field and keeps the characters out of the page", () => {
    const events = press(field, [..."BAG-000412.7QK3D", "Enter"]);

    expect(scans.map((scan) => scan.text)).toEqual(["BAG-000412.7QK3D"]);
    expect(events.every((event) => event.defaultPrevented)).toBe(true);
  });

  it("hears a scan while no field has the focus, and with Alt set on every key", () => {
    press(document.body, [..."BAG-000412.7QK3D", "Enter"], { altKey: true });

    expect(scans.map((scan) => scan.text)).toEqual(["BAG-000412.7QK3D"]);
  });

  it("hears Android's input events, empties the field, and hears nothing twice", () => {
    press(field, ["Unidentified", "Unidentified"]);
    field.value = "30340242201d8840009efdf7";
    field.dispatchEvent(new Event("input", { bubbles: true }));
    press(field, ["Enter"]);

    expect(scans.map(({ kind, text }) => ({ kind, text }))).toEqual([{ kind: "epc", text: "30340242201D8840009EFDF7" }]);
    expect(field.value).toBe("");
  });

  it("leaves typing in another field to the person", () => {
    const pin = document.createElement("input");
    document.body.append(pin);
    const events = press(pin, [..."123456", "Enter"]);

    expect(scans).toEqual([]);
    expect(events.some((event) => event.defaultPrevented)).toBe(false);
  });

  it("hears nothing after it was stopped", () => {
    stop();
    press(field, [..."BAG-000412.7QK3D", "Enter"]);

    expect(scans).toEqual([]);
  });
});
