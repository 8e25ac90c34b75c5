// One player for the whole app: a button with `data-preview` plays what lies at that address, and stops what
// another one plays. Its ring shows how far it is; Escape stops.
import { toast } from "./app.js";

const audio = new Audio();
audio.preload = "none";
let playing = "";

const buttons = (address) =>
  [...document.querySelectorAll("[data-preview]")].filter((button) => button.dataset.preview === address);

function show() {
  const share = audio.duration > 0 ? (100 * audio.currentTime) / audio.duration : 0;
  for (const button of document.querySelectorAll("[data-preview]")) {
    const mine = button.dataset.preview === playing;
    const heard = mine && !audio.paused;
    button.setAttribute("aria-pressed", String(heard));
    if (mine && heard && audio.readyState < 3) button.setAttribute("aria-busy", "true");
    else button.removeAttribute("aria-busy");
    button.querySelector(".done")?.setAttribute("stroke-dasharray", `${mine ? share.toFixed(1) : 0} 100`);
  }
}

function stop() {
  audio.pause();
  audio.removeAttribute("src");
  audio.load();
  playing = "";
  show();
}

async function start(address) {
  playing = address;
  audio.src = address;
  try {
    await audio.play();
  } catch (error) {
    // Another button was pressed before this one had begun.
    if (playing !== address || error.name === "AbortError") return;
    stop();
    toast(await reason(address, error), true);
  }
}

// A player says only that it failed; the answer says why.
async function reason(address, error) {
  if (error.name === "NotAllowedError") return "Your browser does not let this page play sound.";
  try {
    const answer = await fetch(address, { credentials: "same-origin", headers: { Accept: "application/json" } });
    if (answer.ok) return "Your browser cannot play this preview.";
    const told = await answer.json();
    return [told.detail, told.remedy].filter(Boolean).join(" ");
  } catch {
    return "The preview could not be fetched.";
  }
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-preview]");
  if (!button) return;
  event.preventDefault();
  const address = button.dataset.preview;
  if (playing === address && !audio.paused) audio.pause();
  else if (playing === address) audio.play().catch(() => stop());
  else start(address);
  show();
});

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && playing && !event.target.closest("dialog")) stop();
});

for (const change of ["playing", "pause", "waiting", "timeupdate"]) audio.addEventListener(change, show);
audio.addEventListener("ended", stop);
// Swapped-in buttons show what is played; what is no longer on the page goes on for nobody.
document.addEventListener("brainarr:swapped", () => (playing && !buttons(playing).length ? stop() : show()));
