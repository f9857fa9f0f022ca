/** Gallery: every screen in its states with sample values, for the eyes. `?lang=en&theme=dark&only=board&gloves` narrows it. */

import "../ui/tokens.css";
import "../ui/base.css";

import { mount } from "svelte";

import { setLocale } from "../text.ts";
import Gallery from "./Gallery.svelte";

const asked = new URLSearchParams(location.search);
const language = asked.get("lang") === "en" ? "en" : "fr";
const theme = asked.get("theme");
document.documentElement.lang = language;
if (theme !== null) document.documentElement.dataset["theme"] = theme;
if (asked.has("gloves")) document.documentElement.dataset["gloves"] = "";
setLocale({ language, zone: "Europe/Paris" });

const target = document.getElementById("app");
if (target === null) throw new Error("gallery.html has no element #app.");
mount(Gallery, { target, props: { only: asked.get("only") } });
