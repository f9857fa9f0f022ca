// The service worker: keeps the app's own files so that it opens without the network, and nothing else.
// Answers of the server are never kept: what is counted lives in IndexedDB, with its age on the screen.
const CACHE = self.__VERSION;
const FILES = self.__PRECACHE;
const SERVER_ONLY = /^\/(v1|docs|healthz|readyz|metrics)(\/|$)/;

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll(FILES)));
});

self.addEventListener("activate", (event) => {
  const drop = (names) => Promise.all(names.filter((name) => name !== CACHE).map((name) => caches.delete(name)));
  event.waitUntil(caches.keys().then(drop).then(() => self.clients.claim()));
});

self.addEventListener("message", (event) => {
  // The app sends this only before anybody has signed in, and when it owes the server nothing.
  if (event.data === "skip-waiting") self.skipWaiting();
});

self.addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  if (event.request.method !== "GET" || url.origin !== self.location.origin || SERVER_ONLY.test(url.pathname)) return;
  const wanted = event.request.mode === "navigate" ? "/index.html" : event.request;
  event.respondWith(caches.match(wanted).then((kept) => kept || fetch(event.request)));
});
