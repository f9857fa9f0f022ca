/** App: starts the page: language, database, pairing, then the first screen. */

import "./ui/tokens.css";
import "./ui/base.css";

import { mount } from "svelte";

import App from "./App.svelte";
import { openDatabase } from "./storage/database.ts";
import { DeviceStore } from "./storage/device_store.ts";
import { startWorker } from "./readers/service_worker.ts";
import { setLocale } from "./text.ts";
import { followLook } from "./ui/look.ts";

async function start(): Promise<void> {
  const database = await openDatabase();
  if ("serviceWorker" in navigator && import.meta.env.PROD) {
    const isIdle = async (): Promise<boolean> => (await database.count("outbox")) === 0;
    void startWorker({ container: navigator.serviceWorker, isIdle, reload: () => location.reload() });
  }
  const pairing = (await new DeviceStore(database).pairing()) ?? null;
  const language = navigator.language.startsWith("fr") ? "fr" : "en";
  document.documentElement.lang = language;
  setLocale({ language, zone: pairing?.shop.zone ?? "Europe/Paris" });
  const target = document.getElementById("app");
  if (target === null) throw new Error("index.html has no element #app.");
  mount(App, { target, props: { database, pairing } });
}

followLook();
void start();
