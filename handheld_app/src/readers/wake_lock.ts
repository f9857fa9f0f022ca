/** Wake lock: keeps the screen lit while a tray is counted. A browser without it, or a battery that refuses, only lets the screen go dark. */

/** Ask now and each time the page comes back to the front, where the browser has let go of it. Returns the function that ends it. */
export function keepAwake(): () => void {
  let isEnded = false;
  let lock: WakeLockSentinel | null = null;

  async function ask(): Promise<void> {
    if (isEnded || document.visibilityState !== "visible") return;
    const got = await navigator.wakeLock.request("screen").catch(() => null);
    if (isEnded) void got?.release();
    else lock = got;
  }
  function onvisible(): void {
    void ask();
  }

  if (!("wakeLock" in navigator)) return () => undefined;
  document.addEventListener("visibilitychange", onvisible);
  void ask();
  return () => {
    isEnded = true;
    document.removeEventListener("visibilitychange", onvisible);
    void lock?.release();
  };
}
