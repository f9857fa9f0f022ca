import "fake-indexeddb/auto";

import { describe, expect, it } from "vitest";

import { makeClient } from "../../src/api/client.ts";
import { tokenInLink } from "../../src/core/device.ts";
import { pair } from "../../src/screens/pair/index.ts";
import { signIn } from "../../src/screens/sign_in/index.ts";
import { loadTour } from "../../src/screens/tour/index.ts";
import { openDatabase } from "../../src/storage/database.ts";
import { DeviceStore } from "../../src/storage/device_store.ts";

let names = 0;
const freshDevice = async (): Promise<DeviceStore> => new DeviceStore(await openDatabase(`baguier-loading-${(names += 1)}`));
const answering = (status: number, body: unknown) => makeClient(() => null, () => Promise.resolve(new Response(JSON.stringify(body), { status })));
const deadLine = makeClient(() => null, () => Promise.reject(new TypeError("failed to fetch")));
const claimed = { device_id: "d1", device_secret: "0123456789abcdef0123", shop: { name: "Lyon", zone: "Europe/Paris", currency: "EUR", extra: 1 } };
const tour = { id: "t1", occasion: "opening", shop_day: "2026-11-21", now: "1970-01-01T00:00:05.000Z", counts: [] };

describe("pairing", () => {
  it("takes the token from the link's fragment only", () => {
    expect(tokenInLink("#pair=abc")).toBe("abc");
    expect(tokenInLink("#pair=")).toBe(null);
    expect(tokenInLink("")).toBe(null);
  });

  it("keeps what a link gave before it says so", async () => {
    const device = await freshDevice();

    const answer = await pair("abc", answering(200, claimed), device);

    expect(answer.ok).toBe(true);
    expect(await device.pairing()).toEqual({ deviceId: "d1", deviceSecret: "0123456789abcdef0123", shop: { name: "Lyon", zone: "Europe/Paris", currency: "EUR" } });
  });

  it("tells a used link from a dead line and keeps nothing", async () => {
    const device = await freshDevice();

    expect(await pair("abc", answering(409, { code: "pairing_used", detail: "" }), device)).toEqual({ ok: false, error: "used" });
    expect(await pair("abc", deadLine, device)).toEqual({ ok: false, error: "unreachable" });
    expect(await device.pairing()).toBe(undefined);
  });
});

describe("sign-in", () => {
  const pairing = { deviceId: "d1", deviceSecret: "s", shop: { name: "", zone: "Europe/Paris", currency: "EUR" } };
  const failureOf = async (client: ReturnType<typeof makeClient>): Promise<string> => {
    const answer = await signIn({ person: "p", pin: "123456" }, pairing, client);
    return answer.ok ? "ok" : answer.error.kind;
  };

  it.each([
    [403, "wrong_pin", "wrong_pin"], [401, "not_signed_in", "unpaired"], [409, "pin_locked", "locked"], [403, "no_sign_in_here", "unpaired"], [503, "signer_down", "unreachable"],
  ])("answers %s %s with %s", async (status, code, kind) => {
    expect(await failureOf(answering(status, { code, detail: "" }))).toBe(kind);
  });

  it("blames the line and not the PIN when nobody answers", async () => {
    expect(await failureOf(deadLine)).toBe("unreachable");
  });
});

describe("round", () => {
  it("shows the round taken last, with its age, when the line is down", async () => {
    const device = await freshDevice();
    await loadTour(answering(200, tour), device, () => 1_000);

    const loaded = await loadTour(deadLine, device, () => 9_000);

    expect(loaded).toEqual({
      link: "offline", skewMs: null,
      state: { kind: "ready", takenAtMs: 5_000, tour: { id: "t1", occasion: "opening", shopDay: "2026-11-21", nowMs: 5_000, counts: [] } },
    });
  });

  it("tells how far the device's clock is off", async () => {
    expect((await loadTour(answering(200, tour), await freshDevice(), () => 2_000)).skewMs).toBe(3_000);
  });

  it("calls a network slow that answers after three seconds", async () => {
    const after = async (ms: number): Promise<string> => {
      const readings = [0, ms];
      return (await loadTour(answering(200, tour), await freshDevice(), () => readings.shift() ?? ms)).link;
    };

    expect([await after(3_000), await after(3_001)]).toEqual(["online", "slow"]);
  });

  it("says that nothing is planned, and fails openly when it never had a round", async () => {
    const device = await freshDevice();

    expect((await loadTour(answering(404, { code: "no_tour", detail: "" }), device, () => 0)).state).toEqual({ kind: "empty" });
    expect((await loadTour(deadLine, device, () => 0)).state).toEqual({ kind: "failed" });
    expect((await loadTour(answering(401, { code: "not_signed_in", detail: "" }), device, () => 0)).link).toBe("expired");
  });
});
