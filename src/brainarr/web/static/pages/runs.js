// A run's page moves on by itself: each step comes as a server-sent event, and the finished page at the end.
import { load } from "../app.js";

const AGAIN_MS = 5000;
let watched;
let source;

function watch() {
  const progress = document.querySelector("[data-events]");
  if (progress === watched) return;
  source?.close();
  watched = progress;
  if (!progress) return;
  source = new EventSource(progress.dataset.events);
  source.addEventListener("message", (message) => {
    const event = JSON.parse(message.data);
    if (event.status === "queued") return;
    if (event.status === "running") show(progress, event.progress);
    else finish();
  });
  source.addEventListener("error", () => {
    // It connects again by itself, unless the server has refused it: then the page is asked now and then.
    if (source?.readyState === EventSource.CLOSED) setTimeout(finish, AGAIN_MS);
  });
}

function finish() {
  source?.close();
  load(location.href, { selectors: "#run", block: "run" }).catch(() => setTimeout(finish, AGAIN_MS));
}

function show(section, progress) {
  const stations = [...section.querySelectorAll("[data-stages]")];
  const here = stations.findIndex((one) => one.dataset.stages.split(" ").includes(progress?.stage));
  if (here < 0) return;
  section.querySelector("h2").textContent = "Under way";
  stations.forEach((station, place) => {
    const state = place < here ? "done" : place === here ? "now" : "waiting";
    // Another round goes back; a station that is not new is not spoken again.
    if (state === "now" && station.dataset.state !== "now") {
      section.querySelector("[data-spoken]").textContent = station.querySelector(".label").textContent;
    }
    station.dataset.state = state;
    station.toggleAttribute("aria-current", state === "now");
    if (state === "now") station.setAttribute("aria-current", "step");
    station.querySelector(".detail").textContent = state === "now" ? told(progress) : "";
    const bar = station.querySelector("progress");
    bar.hidden = state !== "now" || !progress.total;
    bar.max = progress.total || 1;
    bar.value = progress.done;
  });
}

function told({ detail, done, total }) {
  const count = total ? `${done} of ${total}` : done ? done.toLocaleString() : "";
  return [detail, count].filter(Boolean).join(", ");
}

// What a run may cost takes a while to reckon for a large library: it comes when the form is there already.
const later = document.querySelector("#estimate[data-later]");
if (later) {
  load(later.dataset.later, { selectors: "#estimate", block: "estimate" }).catch(() => {
    const line = later.querySelector("[role=status]");
    if (line) line.textContent = "It could not be reckoned just now.";
  });
}

document.addEventListener("brainarr:swapped", watch);
watch();
