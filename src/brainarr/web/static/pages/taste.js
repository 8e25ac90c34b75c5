// Marks the part of the page that is looked at, and fetches the portrait of a large library once it is drawn.
import { load, toast } from "../app.js";

const tabs = [...document.querySelectorAll(".subtabs a")];

function mark() {
  const now = tabs.find((tab) => tab.hash && tab.hash === location.hash) || tabs[0];
  for (const tab of tabs) tab.toggleAttribute("aria-current", false);
  now.setAttribute("aria-current", now === tabs[0] ? "page" : "location");
}

addEventListener("hashchange", mark);
mark();

const drawing = document.querySelector("#profile[data-drawn]");
if (drawing) {
  load(drawing.dataset.drawn, { selectors: "#profile", block: "portrait" }).catch(() =>
    toast("The portrait did not come. Load the page again.", true),
  );
}
