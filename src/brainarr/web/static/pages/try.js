// A button that tries out what a form says, without leaving it: what was typed stays typed.
import { enhance } from "../app.js";

document.addEventListener("submit", (event) => {
  const button = event.submitter;
  if (!button?.hasAttribute("data-try")) return;
  event.preventDefault();
  enhance(event.target, button).catch(() => {});
});
