import { describe, expect, it } from "vitest";

import { makeClient } from "../../src/api/client.ts";
import { keepListening, keepScanning, type Listening } from "../../src/screens/counting/index.ts";

const OF = { count: "c", round: "r" };
const READERS = [{ name: "douchette", protocol: "barcode_line", is_connected: true }, { name: "vitrine-1", protocol: "thingmagic_ff", is_connected: true }];

/** A server of the readers of one place: what it was asked for, and which readers it refuses with which code. */
function shop(refused: Readonly<Record<string, string>> = {}) {
  const asked: string[] = [];
  const client = makeClient(() => null, (path, init) => {
    const body = typeof init?.body === "string" ? init.body : "";
    asked.push(`${String(path)} ${body}`);
    if (String(path).endsWith("/readers")) return Promise.resolve(new Response(JSON.stringify(READERS)));
    const name = READERS.find((reader) => body.includes(reader.name))?.name ?? "";
    const code = refused[name];
    if (code !== undefined) return Promise.resolve(new Response(JSON.stringify({ code, detail: "" }), { status: 409 }));
    return Promise.resolve(new Response(JSON.stringify({ is_connected: true, attachments: 1 })));
  });
  return { client, asked };
}

const listened = (client: ReturnType<typeof shop>["client"]): Promise<Listening> =>
  new Promise((resolve) => {
    const stop = keepListening(client, OF, (listening) => {
      stop();
      resolve(listening);
    });
  });

describe("readers of a round", () => {
  it("all listen, and the radio tells how they stand", async () => {
    const { client, asked } = shop();

    expect(await listened(client)).toEqual({ readers: "listening", refusal: null });
    expect(asked.slice(1)).toEqual(READERS.map((reader) => `/v1/rounds/r/attachments ${JSON.stringify({ reader: reader.name })}`));
  });

  it("are refused in words when the radio is taken, but a scanner that others hold stops nobody", async () => {
    expect((await listened(shop({ "vitrine-1": "reader_busy" }).client)).refusal).toBe("reader_busy");
    expect((await listened(shop({ douchette: "reader_busy" }).client)).refusal).toBe(null);
  });

  it("say nothing and attach nothing once the round is left", async () => {
    const { client, asked } = shop();
    let said = 0;
    const stop = keepListening(client, OF, () => (said += 1));
    stop();
    await new Promise((resolve) => setTimeout(resolve, 0));

    expect(said).toBe(0);
    expect(asked).toEqual(["/v1/counts/c/readers "]);
  });

  it("are scanners only while pieces are asked for, and free at the end", async () => {
    const { client, asked } = shop();
    const stop = keepScanning(client, OF);
    await new Promise((resolve) => setTimeout(resolve, 0));
    stop();

    expect(asked).toEqual(["/v1/counts/c/readers ", '/v1/rounds/r/attachments {"reader":"douchette"}', "/v1/rounds/r/drain {}"]);
  });
});
