/** App: starts the page. The screens' loading and the session come with the server's routes. */

import "./ui/tokens.css";
import "./ui/base.css";

import { mount } from "svelte";

import App from "./App.svelte";
import { setLocale } from "./text.ts";

const language = navigator.language.startsWith("fr") ? "fr" : "en";
document.documentElement.lang = language;
setLocale({ language, zone: Intl.DateTimeFormat().resolvedOptions().timeZone });

const target = document.getElementById("app");
if (target === null) throw new Error("index.html has no element #app.");
mount(App, { target });

if ("serviceWorker" in navigator && import.meta.env.PROD) void navigator.serviceWorker.register("/sw.js");
