// Discover with a script: cards leave when they are decided on and come back with an undo, further ones come by
// themselves, keys and swipes do what the buttons do.

import { enhance, load, shortcut, toast } from "../app.js";

const cards = () => [...document.querySelectorAll("#cards > li:not(.leaving) .find")];
const page = () => document.querySelector("#discover");
const isDeck = () => page()?.classList.contains("swipe");
const still = matchMedia("(prefers-reduced-motion: reduce)");

// --- Deciding ---------------------------------------------------------------------------------------------

// The cards of the last decision: an undo puts them back where they were.
let last = null;
// Keys are quicker than answers: an undo waits for what it is to undo.
let deciding = Promise.resolve();

document.addEventListener("submit", (event) => {
  const form = event.target;
  const inCard = form.closest(".find");
  const undo = form.closest("#flash") && page() ? form : null;
  if (event.defaultPrevented || (!inCard && !undo)) return;
  event.preventDefault();
  // Before app.js, which would load the whole page again.
  event.stopImmediatePropagation();
  deciding = (inCard ? decide(inCard, form, event.submitter) : takeBack(undo, event.submitter)).catch(() => {});
}, { capture: true });

async function decide(card, form, button) {
  if (form.hasAttribute("aria-busy")) return;
  const item = card.closest("li");
  form.dataset.swap = "#tabs";
  form.dataset.block = "tabs";
  if (isDeck()) {
    form.dataset.swap = "#discover-found";
    delete form.dataset.block;
    try {
      await enhance(form, button);
    } finally {
      // Still here: it was only wished more of, or could not be decided on.
      const same = document.getElementById(card.id)?.closest("li");
      if (same) settle(same);
    }
    focus(cards()[0]);
    return;
  }
  const decision = button.dataset.decision;
  const held = document.activeElement?.closest(".find") === card;
  const goes = !["more", "less", "neutral", "give-up"].includes(decision) && !statusIsAll();
  // Never again goes for the artist: all of theirs leave.
  const leaving = !goes ? [] : decision === "block" ? cards().filter((one) => one.dataset.artist === card.dataset.artist) : [card];
  const items = leaving.map((one) => one.closest("li"));
  const stays = () => {
    for (const one of items) one.classList.remove("leaving");
    if (held) focus(card);
  };
  for (const one of items) one.classList.add("leaving");
  if (goes && held) focus((beside(item, "next") || beside(item, "previous"))?.querySelector(".find"));
  try {
    await enhance(form, button);
  } catch (error) {
    stays();
    throw error;
  }
  if (document.querySelector("#flash .toast.bad")) {
    stays();
    return;
  }
  if (!goes) {
    await renew(card);
    return;
  }
  const gone = setTimeout(() => {
    for (const one of items) one.remove();
    tellPicked();
    if (!cards().length) refresh();
  }, still.matches ? 0 : 180);
  last = { card, gone, parent: item.parentElement, places: items.map((one) => [one, one.nextElementSibling]) };
}

function beside(item, way) {
  let one = item[`${way}ElementSibling`];
  while (one?.classList.contains("leaving")) one = one[`${way}ElementSibling`];
  return one;
}

async function takeBack(form, button) {
  const mine = last && form.action.includes(`/recommendations/${last.card.id.slice(1)}/`) ? last : null;
  form.dataset.swap = mine ? "#tabs" : "#discover-found";
  if (mine) form.dataset.block = "tabs";
  await enhance(form, button);
  if (!mine || document.querySelector("#flash .toast.bad")) return;
  last = null;
  // The undo may be quicker than the card is gone.
  clearTimeout(mine.gone);
  if (document.querySelector("#cards") !== mine.parent) {
    await refresh();
    return;
  }
  for (const [item, before] of mine.places.reverse()) {
    item.classList.remove("leaving");
    mine.parent.insertBefore(item, before?.parentElement === mine.parent ? before : null);
  }
  focus(mine.card);
}

// One card as it is now: the first one after the card before it.
async function renew(card) {
  const before = card.closest("li").previousElementSibling?.querySelector(".find");
  const at = new URL(location.href);
  if (before) at.searchParams.set("after", before.id.slice(1));
  const answer = await fetch(at, { credentials: "same-origin", headers: { Accept: "text/html", "X-Block": "found" } });
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById(card.id);
  const decisions = fresh?.querySelector(".decide");
  if (!decisions) return;
  const held = card.contains(document.activeElement) ? document.activeElement.dataset.key : null;
  card.querySelector(".decide").replaceWith(document.adoptNode(decisions));
  if (held) card.querySelector(`[data-key="${held}"]`)?.focus();
}

const statusIsAll = () => new URLSearchParams(location.search).get("status") === "all";
const refresh = () => load(location.href, { selectors: "#discover-found" });

// --- Selecting --------------------------------------------------------------------------------------------

document.addEventListener("change", (event) => {
  if (event.target.id === "pick-all") {
    for (const box of document.querySelectorAll("#cards .pick input")) box.checked = event.target.checked;
  }
  if (event.target.closest?.("#bulk, .pick")) tellPicked();
});

function tellPicked() {
  const boxes = [...document.querySelectorAll("#cards .pick input")];
  const picked = boxes.filter((box) => box.checked).length;
  const all = document.querySelector("#pick-all");
  const told = document.querySelector("#bulk .picked");
  if (!all || !told) return;
  all.checked = picked > 0 && picked === boxes.length;
  all.indeterminate = picked > 0 && picked < boxes.length;
  told.textContent = picked ? `${picked} selected` : "";
}

// --- Further cards ----------------------------------------------------------------------------------------

const near = new IntersectionObserver((seen) => {
  if (seen.some((one) => one.isIntersecting)) further();
}, { rootMargin: "900px 0px" });

let asking = false;
async function further() {
  const link = document.querySelector("#more [data-more]");
  const list = document.querySelector("#cards");
  if (!link || !list || asking) return false;
  asking = true;
  link.setAttribute("aria-busy", "true");
  try {
    const answer = await fetch(link.href, { credentials: "same-origin", headers: { Accept: "text/html", "X-Block": "found" } });
    if (!answer.ok) throw new Error(`status ${answer.status}`);
    const incoming = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (list !== document.querySelector("#cards")) return false;
    for (const item of incoming.querySelectorAll("#cards > li")) {
      if (!document.getElementById(item.querySelector(".find").id)) {
        for (const field of item.querySelectorAll('input[name="next"]')) field.value = location.pathname.slice(document.body.dataset.base.length) + location.search;
        list.append(document.adoptNode(item));
      }
    }
    const more = incoming.querySelector("#more");
    if (more) document.querySelector("#more").replaceWith(document.adoptNode(more));
    else document.querySelector("#more").replaceChildren();
    tellPicked();
    watch();
    return true;
  } catch {
    link.removeAttribute("aria-busy");
    // The link stays: whoever presses it asks again.
    near.disconnect();
    toast("Further cards did not come. Load more tries again.", true);
    return false;
  } finally {
    asking = false;
  }
}

document.addEventListener("click", (event) => {
  if (!event.target.closest("#more [data-more]") || event.metaKey || event.ctrlKey || event.shiftKey || event.button) return;
  event.preventDefault();
  further();
});

// Whoever comes back from a recommendation finds as many cards, at the same height.
const LEFT = "brainarr:discover";
addEventListener("pagehide", () => {
  sessionStorage.setItem(LEFT, JSON.stringify({ at: location.href, cards: cards().length, height: scrollY }));
});

async function comeBack() {
  if (performance.getEntriesByType("navigation")[0]?.type !== "back_forward") return;
  const left = JSON.parse(sessionStorage.getItem(LEFT) || "null");
  if (left?.at !== location.href) return;
  while (cards().length < left.cards && (await further()));
  scrollTo({ top: left.height, behavior: "instant" });
}

function watch() {
  near.disconnect();
  const link = document.querySelector("#more [data-more]");
  if (link) near.observe(link);
}

// --- Keys -------------------------------------------------------------------------------------------------

const current = () => document.activeElement?.closest("#cards .find") || null;

function focus(card) {
  if (!card) return;
  card.focus({ preventScroll: true });
  card.scrollIntoView({ block: "nearest", behavior: still.matches ? "auto" : "smooth" });
}

function step(by) {
  const all = cards().filter((card) => !card.closest("[inert]"));
  const at = all.indexOf(current());
  focus(all[at < 0 ? 0 : Math.min(Math.max(at + by, 0), all.length - 1)]);
  if (by > 0 && at >= all.length - 3) further();
}

function press(key) {
  const card = current() || (isDeck() ? cards()[0] : null);
  if (!card) return step(1);
  card.querySelector(`.decide [data-key="${key}"]`)?.click();
}

shortcut("j", () => step(1));
shortcut("k", () => step(-1));
for (const key of ["a", "r", "n", "m"]) shortcut(key, () => press(key));
shortcut("u", () => {
  deciding.then(() => document.querySelector("#flash form button")?.click());
});
shortcut("x", () => (current() || cards()[0])?.querySelector(".pick input")?.click());
shortcut("p", () => (current() || cards()[0])?.querySelector(".preview")?.click());
shortcut("enter", (event) => {
  if (!event.target.matches(".find")) return false;
  location.assign(event.target.dataset.href);
});
shortcut("/", () => document.querySelector("#f-q")?.focus());
shortcut("?", () => document.querySelector("#keys").showModal());
document.addEventListener("click", (event) => {
  if (event.target.closest("[data-keys]")) document.querySelector("#keys").showModal();
});

// --- Swiping ----------------------------------------------------------------------------------------------

const FAR = 96;
let drag = null;

document.addEventListener("pointerdown", (event) => {
  const item = event.target.closest(".deck > li:first-child");
  if (!item || event.button || event.target.closest("button, input, label, form")) return;
  drag = { item, x: event.clientX, y: event.clientY, pointer: event.pointerId, by: 0 };
});

document.addEventListener("pointermove", (event) => {
  if (!drag || event.pointerId !== drag.pointer) return;
  drag.by = event.clientX - drag.x;
  if (Math.abs(drag.by) < 8) return;
  if (!drag.item.hasPointerCapture(event.pointerId)) drag.item.setPointerCapture(event.pointerId);
  const share = Math.min(Math.abs(drag.by) / FAR, 1);
  drag.item.style.transform = still.matches ? `translateX(${drag.by}px)` : `translateX(${drag.by}px) rotate(${drag.by / 30}deg)`;
  drag.item.querySelector(".stamp.yes").style.opacity = drag.by > 0 ? share : 0;
  drag.item.querySelector(".stamp.no").style.opacity = drag.by < 0 ? share : 0;
});

function settle(item) {
  item.classList.remove("going");
  item.removeAttribute("style");
  for (const stamp of item.querySelectorAll(".stamp")) stamp.removeAttribute("style");
}

function dropped(event) {
  if (!drag || event.pointerId !== drag.pointer) return;
  const { item, by } = drag;
  drag = null;
  const button = item.querySelector(`.decide [data-decision="${by > 0 ? "approve" : "reject"}"]`);
  if (event.type === "pointercancel" || Math.abs(by) < FAR || !button) {
    settle(item);
    return;
  }
  item.classList.add("going");
  if (!still.matches) item.style.transform = `translateX(${Math.sign(by) * innerWidth}px) rotate(${Math.sign(by) * 20}deg)`;
  // Whoever has no next card sees this one again where it could not be decided on.
  button.click();
}

document.addEventListener("pointerup", dropped);
document.addEventListener("pointercancel", dropped);
// A drag that ends on the picture is no click on its link.
document.addEventListener("click", (event) => {
  if (event.target.closest(".deck > li.going a")) event.preventDefault();
}, { capture: true });
document.addEventListener("dragstart", (event) => {
  if (event.target.closest(".deck")) event.preventDefault();
});

document.addEventListener("brainarr:swapped", () => {
  watch();
  tellPicked();
});
watch();
tellPicked();
comeBack();
