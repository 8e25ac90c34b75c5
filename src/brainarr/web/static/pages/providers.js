// The order of the chain by drag and by arrow keys. Without this, each entry has its buttons.
import { enhance } from "../app.js";

const entries = () => [...document.querySelectorAll("#chain > .entry")];
const order = () => entries().map((entry) => entry.dataset.name).join("\n");

async function save(name) {
  const form = document.querySelector("#order");
  for (const old of form.querySelectorAll('[name="name"]')) old.remove();
  for (const entry of entries()) {
    const field = document.createElement("input");
    field.type = "hidden";
    field.name = "name";
    field.value = entry.dataset.name;
    form.append(field);
  }
  await enhance(form).catch(() => {});
  // The answer brought new elements: whoever moves on by keys stays where they were.
  entries().find((entry) => entry.dataset.name === name)?.querySelector(".handle")?.focus();
}

document.addEventListener("keydown", (event) => {
  const entry = event.target.closest?.(".handle")?.closest(".entry");
  const other = { ArrowUp: entry?.previousElementSibling, ArrowDown: entry?.nextElementSibling }[event.key];
  if (!entry || !["ArrowUp", "ArrowDown"].includes(event.key)) return;
  event.preventDefault();
  if (!other || document.querySelector("#order[aria-busy]")) return;
  if (event.key === "ArrowUp") other.before(entry);
  else other.after(entry);
  save(entry.dataset.name);
});

document.addEventListener("pointerdown", (event) => {
  const handle = event.target.closest(".handle");
  const entry = handle?.closest(".entry");
  if (!entry || event.button) return;
  event.preventDefault();
  handle.focus();
  const before = order();
  entry.classList.add("lifted");
  const move = ({ clientY }) => {
    const others = entries().filter((other) => other !== entry);
    const next = others.find((other) => {
      const box = other.getBoundingClientRect();
      return clientY < box.top + box.height / 2;
    });
    if (next) {
      if (next.previousElementSibling !== entry) next.before(entry);
    } else if (entry.nextElementSibling) entry.parentElement.append(entry);
  };
  const stop = () => {
    removeEventListener("pointermove", move);
    removeEventListener("pointerup", stop);
    removeEventListener("pointercancel", stop);
    entry.classList.remove("lifted");
    if (order() !== before) save(entry.dataset.name);
  };
  addEventListener("pointermove", move);
  addEventListener("pointerup", stop);
  addEventListener("pointercancel", stop);
});
