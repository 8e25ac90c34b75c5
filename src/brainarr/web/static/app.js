// What a script adds to pages that work without one: answers are swapped in instead of loaded, questions are
// asked before what cannot be taken back, keys do what buttons do, and times say how long ago they were.

const BASE = document.body.dataset.base;

/** An address of ours below the URL base. */
export const url = (path) => `${BASE}${path}`;

// Of tabs that do not all fit, the present one is in sight.
document.querySelector(".subtabs [aria-current]")?.scrollIntoView({ block: "nearest", inline: "nearest" });

// --- Swapping ---------------------------------------------------------------------------------------------

/** Puts the elements that `selectors` ("#grid #counts") name in the place of those on the page. */
export function swap(html, selectors) {
  const incoming = new DOMParser().parseFromString(html, "text/html");
  for (const selector of new Set([...selectors.split(/\s+/).filter(Boolean), "#flash"])) {
    const fresh = incoming.querySelector(selector);
    const old = document.querySelector(selector);
    if (fresh && old) old.replaceWith(document.adoptNode(fresh));
  }
  const title = incoming.querySelector("title");
  if (title) document.title = title.textContent;
  tellTimes();
  document.dispatchEvent(new CustomEvent("brainarr:swapped"));
  leaveToast();
}

/** Asks `address` for a page, or a block of it, and swaps it in. Resolves to the answer's own address. */
export async function load(address, { selectors, block, ...options }) {
  const headers = { Accept: "text/html", ...(block ? { "X-Block": block } : {}) };
  const answer = await fetch(address, { credentials: "same-origin", ...options, headers });
  const text = await answer.text();
  if (!(answer.headers.get("content-type") || "").startsWith("text/html")) throw new Error("no page");
  if (answer.redirected && !sameplace(answer.url, address, selectors)) {
    // Its message was shown to us, and will not be shown to the browser again.
    const told = new DOMParser().parseFromString(text, "text/html").querySelector("#flash");
    if (told?.childElementCount) sessionStorage.setItem(CARRIED, told.outerHTML);
    location.assign(answer.url);
    return answer.url;
  }
  swap(text, selectors || "#main");
  return answer.url;
}

const CARRIED = "brainarr-flash";

/** Shows what an action on the page before came to. */
function takeCarried() {
  const html = sessionStorage.getItem(CARRIED);
  sessionStorage.removeItem(CARRIED);
  if (html && !document.querySelector("#flash").childElementCount) swap(html, "#flash");
}

// Where an action led to another page than the one that is shown, the browser goes there as well.
function sameplace(to, from, selectors) {
  const path = (address) => new URL(address, location.href).pathname;
  return !selectors || path(to) === location.pathname || path(to) === path(from);
}

let busy = 0;
async function upgraded(element, work) {
  busy += 1;
  document.documentElement.toggleAttribute("data-busy", true);
  element.setAttribute("aria-busy", "true");
  try {
    await work();
  } catch (error) {
    toast(navigator.onLine ? "That did not work: Brainarr did not answer as it should." : "You are offline.", true);
    throw error;
  } finally {
    busy -= 1;
    document.documentElement.toggleAttribute("data-busy", busy > 0);
    element.removeAttribute("aria-busy");
  }
}

/** Sends a form as its submit button would, and swaps the answer in. */
export async function enhance(form, button) {
  if (button?.disabled || form.hasAttribute("aria-busy")) return;
  const data = new FormData(form, button || undefined);
  const { swap: selectors = "#main", block } = form.dataset;
  const method = (button?.formMethod || form.method).toUpperCase();
  const action = new URL(button?.hasAttribute("formaction") ? button.formAction : form.action, location.href);
  await upgraded(form, async () => {
    if (method === "GET") {
      action.search = new URLSearchParams([...data].filter(([, value]) => value !== "")).toString();
      const at = await load(action.href, { selectors, block });
      history.pushState({ selectors, block }, "", at);
    } else {
      const plain = form.enctype !== "multipart/form-data";
      await load(action.href, { selectors, block, method, body: plain ? new URLSearchParams(data) : data });
    }
  });
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  const question = event.submitter?.dataset.confirm || form.dataset.confirm;
  if (question && !form.dataset.confirmed) {
    event.preventDefault();
    confirmed(question, event.submitter).then((yes) => {
      if (!yes) return;
      form.dataset.confirmed = "yes";
      form.requestSubmit(event.submitter || undefined);
      delete form.dataset.confirmed;
    });
    return;
  }
  if (!form.hasAttribute("data-enhance")) return;
  event.preventDefault();
  enhance(form, event.submitter).catch(() => {});
});

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-enhance]");
  if (!link || event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey) return;
  event.preventDefault();
  const { swap: selectors = "#main", block } = link.dataset;
  upgraded(link, async () => {
    const at = await load(link.href, { selectors, block });
    history.pushState({ selectors, block }, "", at);
  }).catch(() => {});
});

addEventListener("popstate", () => location.reload());

document.addEventListener("change", (event) => {
  const form = event.target.form;
  if (form?.hasAttribute("data-autosubmit")) form.requestSubmit();
});

// --- Questions and messages -------------------------------------------------------------------------------

/** Asks, in a dialog of the page; resolves to whether the answer was yes. */
export function confirmed(question, button) {
  const dialog = document.createElement("dialog");
  dialog.className = "ask";
  const text = document.createElement("p");
  text.textContent = question;
  const form = document.createElement("form");
  form.method = "dialog";
  for (const [value, label] of [["no", "Cancel"], ["yes", button?.textContent.trim() || "Go on"]]) {
    const choice = document.createElement("button");
    choice.value = value;
    choice.textContent = label;
    choice.className = value === "yes" ? "bad" : "quiet";
    form.append(choice);
  }
  dialog.append(text, form);
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      resolve(dialog.returnValue === "yes");
      dialog.remove();
    });
  });
}

/** Says something at the edge of the page, as the flash of an action does. */
export function toast(text, bad = false) {
  const place = document.querySelector("#flash");
  const box = document.createElement("div");
  box.className = bad ? "toast bad" : "toast";
  const line = document.createElement("p");
  line.textContent = text;
  box.append(line);
  place.replaceChildren(box);
  leaveToast();
}

const TOAST_MS = 8000;
let leaving;
function leaveToast() {
  clearTimeout(leaving);
  const box = document.querySelector("#flash .toast:not(.bad)");
  if (!box) return;
  leaving = setTimeout(() => {
    // Whoever is about to press its button keeps it.
    if (box.matches(":hover, :focus-within")) leaveToast();
    else box.remove();
  }, TOAST_MS);
}

// --- Keys -------------------------------------------------------------------------------------------------

const shortcuts = new Map();

/** Calls `act` when `key` is pressed, unless somebody writes, or holds another key with it. */
export function shortcut(key, act) {
  shortcuts.set(key.toLowerCase(), act);
}

document.addEventListener("keydown", (event) => {
  if (event.metaKey || event.ctrlKey || event.altKey || event.isComposing) return;
  if (event.target.closest("input, textarea, select, [contenteditable], dialog")) return;
  const act = shortcuts.get(event.key.toLowerCase());
  if (act && act(event) !== false) event.preventDefault();
});

// --- Times, copying, being offline ------------------------------------------------------------------------

const STEPS = [["year", 31536000], ["month", 2592000], ["week", 604800], ["day", 86400], ["hour", 3600], ["minute", 60]];
const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto" });

function ago(moment) {
  const seconds = (moment - Date.now()) / 1000;
  const step = STEPS.find(([, length]) => Math.abs(seconds) >= length);
  return step ? relative.format(Math.round(seconds / step[1]), step[0]) : "just now";
}

function tellTimes() {
  for (const time of document.querySelectorAll("time[datetime]")) {
    if (!time.title) time.title = time.textContent;
    time.textContent = ago(Date.parse(time.dateTime));
  }
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  const named = button.dataset.copy;
  const source = named.startsWith("#") ? document.querySelector(named) : null;
  const text = source ? (source.value ?? source.textContent) : named;
  try {
    await navigator.clipboard.writeText(text);
    toast("Copied.");
  } catch {
    // Without https browsers give pages no clipboard: at least it is selected.
    source?.select?.();
    toast("Press Ctrl+C to copy.");
  }
});

function tellOffline() {
  const note = document.querySelector(".offline-note");
  if (note) note.hidden = navigator.onLine;
}

addEventListener("online", tellOffline);
addEventListener("offline", tellOffline);

document.documentElement.dataset.script = "on";
takeCarried();
tellTimes();
tellOffline();
leaveToast();
setInterval(tellTimes, 60000);
if ("serviceWorker" in navigator && isSecureContext) {
  navigator.serviceWorker.register(url("/sw.js"), { scope: url("/") }).catch(() => {});
}
