/** Service worker: installs the app's own files, and lets a newer issue take over at a moment when nobody counts. */

export interface WorkerPage {
  readonly container: Pick<ServiceWorkerContainer, "register" | "addEventListener">;
  /** Whether this device owes the server nothing. */
  readonly isIdle: () => Promise<boolean>;
  readonly reload: () => void;
}

/** To be called before anybody has signed in: a newer issue that waits takes over at once, and the page begins anew with it. */
export async function startWorker({ container, isIdle, reload }: WorkerPage): Promise<void> {
  const { waiting } = await container.register("/sw.js");
  if (waiting === null || !(await isIdle())) return;
  container.addEventListener("controllerchange", reload, { once: true });
  waiting.postMessage("skip-waiting");
}
