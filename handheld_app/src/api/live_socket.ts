/** Live socket: keeps one WebSocket to `/v1/live` open while a screen watches, and tells a reducer what it heard. */

import { type LiveInput } from "../core/live.ts";
import { retryDelayMs } from "../core/outbox.ts";
import { validateJson } from "../core/validate.ts";
import { liveFrameShape } from "./shapes.ts";

export interface LiveLine {
  /** Query of the next opening, made from where the screen stands then. */
  readonly query: () => string;
  readonly token: () => string;
  readonly onheard: (input: LiveInput) => void;
  /** A frame of another shape: app and server are of different issues. */
  readonly onmisfit: (why: string) => void;
}

/** Open the line and reopen it after every loss, later each time. Returns the function that ends it. */
export function openLive(line: LiveLine): () => void {
  let isEnded = false;
  let lost = 0;
  let socket: WebSocket | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;

  function connect(): void {
    const origin = location.origin.replace(/^http/, "ws");
    // A browser cannot set headers on a WebSocket; the token travels as an offered sub-protocol.
    const opened = new WebSocket(`${origin}/v1/live?${line.query()}`, ["baguier.v1", `bearer.${line.token()}`]);
    socket = opened;
    opened.onopen = () => line.onheard({ kind: "opened", atMs: Date.now() });
    opened.onmessage = (event: MessageEvent<unknown>) => {
      lost = 0;
      const frame = validateJson(liveFrameShape, typeof event.data === "string" ? event.data : "");
      if (frame.ok) line.onheard({ ...frame.value, atMs: Date.now() });
      else line.onmisfit(`${frame.error.at}: ${frame.error.why}`);
    };
    opened.onclose = () => {
      line.onheard({ kind: "closed" });
      if (isEnded) return;
      timer = setTimeout(connect, retryDelayMs(lost, Math.random()));
      lost += 1;
    };
  }

  connect();
  return () => {
    isEnded = true;
    clearTimeout(timer);
    socket?.close();
  };
}
