// Fetches what care found in a large library once it has been looked at.
import { load, toast } from "../app.js";

const looking = document.querySelector("#care[data-drawn]");
if (looking) {
  load(looking.dataset.drawn, { selectors: "#care", block: "care" }).catch(() =>
    toast("It did not come. Load the page again.", true),
  );
}
