// Keeps the style, the script and the offline page, so that the app opens without the server and says so.
// Pages themselves are never kept: they show what one person may see, as it is now.
const SHELL = `shell-${BRAINARR.version}`;
const FILES = `${BRAINARR.base}/static/${BRAINARR.version}`;
const OFFLINE = `${BRAINARR.base}/offline`;
const KEPT = [OFFLINE, `${FILES}/app.css`, `${FILES}/app.js`, `${FILES}/icon.svg`];

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(SHELL).then((cache) => cache.addAll(KEPT)).then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => {
  event.waitUntil(
    caches
      .keys()
      .then((names) => Promise.all(names.filter((name) => name !== SHELL).map((name) => caches.delete(name))))
      .then(() => self.clients.claim()),
  );
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method !== "GET") return;
  const path = new URL(request.url).pathname;
  if (path.startsWith(`${FILES}/`)) event.respondWith(kept(request));
  else if (request.mode === "navigate") event.respondWith(fetch(request).catch(() => caches.match(OFFLINE)));
});

async function kept(request) {
  const found = await caches.match(request);
  if (found) return found;
  const answer = await fetch(request);
  if (answer.ok) await (await caches.open(SHELL)).put(request, answer.clone());
  return answer;
}
