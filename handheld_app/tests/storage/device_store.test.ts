import "fake-indexeddb/auto";

import { openDB } from "idb";
import { describe, expect, it } from "vitest";

import { openDatabase } from "../../src/storage/database.ts";
import { DeviceStore } from "../../src/storage/device_store.ts";

describe("device store", () => {
  it("still has a verifier's labels after the page was closed, until they are handed in", async () => {
    const first = await openDatabase("baguier-labels");
    await new DeviceStore(first).keepLabels("c1", ["A", "B"]);
    first.close();

    const device = new DeviceStore(await openDatabase("baguier-labels"));
    expect(await device.labels("c1")).toEqual(["A", "B"]);
    expect(await device.labels("c2")).toEqual([]);

    await device.keepLabels("c1", []);
    expect(await device.labels("c1")).toEqual([]);
  });

  it("keeps what an earlier issue of the app has stored", async () => {
    const old = await openDB("baguier-old", 1, {
      upgrade(database) {
        database.createObjectStore("outbox", { keyPath: "dseq" });
        database.createObjectStore("quarantine", { keyPath: "event.dseq" });
        for (const name of ["head", "device", "tour"]) database.createObjectStore(name);
      },
    });
    await old.put("head", { device: "d", next: 4, acked: 1 }, "head");
    old.close();

    const opened = await openDatabase("baguier-old");

    expect(await opened.get("head", "head")).toEqual({ device: "d", next: 4, acked: 1 });
    expect(await new DeviceStore(opened).labels("c1")).toEqual([]);
  });
});
