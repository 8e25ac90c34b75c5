// Counts what is not saved yet, says of a value at once whether it can be used, and asks before it is lost.

import { load } from "../app.js";

const plural = (count) => (count === 1 ? "1 unsaved change" : `${count} unsaved changes`);
const form = () => document.querySelector("#settings-form");
let saving = false;

// Against what stood there when the page was made (`was.KEY`), not against the field's own default: a page that
// comes back with faults has what was typed in its fields, and nothing of it is saved.
function differs(setting) {
  if (setting.querySelector("input[name^='default.']:checked, input[name^='clear.']:checked")) return true;
  const was = setting.querySelector("input[name^='was.']");
  const field = setting.querySelector(`#f-${setting.dataset.setting}`);
  if (!was || !field) return false;
  if (field.type === "checkbox") return (field.checked ? "on" : "off") !== was.value;
  const text = field.value.trim();
  const marks = [...setting.querySelectorAll(".kept input")];
  if (marks.length) return text !== "" || marks.some((mark) => !mark.checked);
  return text !== was.value.trim();
}

function changed() {
  return [...(form()?.querySelectorAll(".setting") || [])].filter(differs);
}

function count() {
  const page = form();
  if (!page) return;
  const all = changed();
  for (const setting of page.querySelectorAll(".setting")) {
    setting.classList.toggle("changed", all.includes(setting));
    // What goes back to its default needs no value of its own.
    const usual = setting.querySelector("input[name^='default.'], input[name^='clear.']");
    for (const field of setting.querySelectorAll(".how > input:not([type=hidden]), .how > select, .how > textarea, .with-unit > input, .how > .check > input, .kept input")) {
      if (usual) field.disabled = usual.checked;
    }
  }
  const bar = page.querySelector(".unsaved");
  bar.hidden = all.length === 0;
  bar.querySelector("[data-count]").textContent = plural(all.length);
}

function tell(setting, text) {
  const note = setting.querySelector(".fault");
  note.hidden = !text;
  note.querySelector("span").textContent = text;
  for (const place of [setting, setting.querySelector(".how")]) place.classList.toggle("faulty", Boolean(text));
  const field = setting.querySelector(`#f-${setting.dataset.setting}`);
  if (text) field?.setAttribute("aria-invalid", "true");
  else field?.removeAttribute("aria-invalid");
}

let asked = 0;
async function check() {
  const page = form();
  const mine = (asked += 1);
  const body = new URLSearchParams(new FormData(page));
  const answer = await fetch(page.dataset.check, { method: "POST", body, credentials: "same-origin" }).catch(() => null);
  if (!answer?.ok || mine !== asked || page !== form()) return;
  const { faults } = await answer.json();
  for (const setting of page.querySelectorAll(".setting")) tell(setting, faults[setting.dataset.setting] || "");
}

document.addEventListener("input", (event) => {
  if (event.target.form && event.target.form === form()) count();
});

document.addEventListener("change", (event) => {
  if (event.target.form && event.target.form === form()) check();
});

document.addEventListener("reset", (event) => {
  if (event.target !== form()) return;
  event.preventDefault();
  asked += 1;
  load(location.href, { selectors: "#settings-chapter" });
});

document.addEventListener("submit", (event) => {
  if (event.target === form()) saving = true;
});

document.addEventListener("brainarr:swapped", () => {
  saving = false;
  count();
  form()?.querySelector("[aria-invalid]")?.focus();
});

addEventListener("beforeunload", (event) => {
  if (!saving && changed().length) event.preventDefault();
});

count();
