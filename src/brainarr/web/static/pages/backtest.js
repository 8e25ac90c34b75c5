// Looks how a backtest under way goes on, until it is over.
import { load } from "../app.js";

const EVERY_MS = 2500;
let waiting;

function watch() {
  clearTimeout(waiting);
  if (document.querySelector("#backtest[data-running]")) waiting = setTimeout(look, EVERY_MS);
}

function look() {
  if (document.hidden) watch();
  else load(location.href, { selectors: "#backtest", block: "main" }).catch(watch);
}

document.addEventListener("brainarr:swapped", watch);
watch();
