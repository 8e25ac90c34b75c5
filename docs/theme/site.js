// Search: each word must begin a word of a section; one of its heading counts most. The index is read at first use.
const MOST = 12;
const AROUND = 70;
const base = document.body.dataset.base;
const field = document.querySelector("#search");
const found = document.querySelector("#found");
field.closest("search").hidden = false;

let index = null;

async function sections() {
  if (!index) {
    const answer = await fetch(`${base}search/search_index.json`);
    const all = (await answer.json()).docs;
    const pages = new Map(all.filter((each) => !each.location.includes("#")).map((each) => [each.location, each.title]));
    const divided = new Set(all.map((each) => each.location.split("#")).filter(([, part]) => part).map(([page]) => page));
    index = all.map((each) => {
      // A page's text is that of its sections once more: they say better where to look.
      const told = divided.has(each.location) ? "" : each.text;
      const text = told.replace(/\s+/g, " ");
      const page = pages.get(each.location.split("#")[0]) ?? "";
      return { ...each, page, text, inTitle: each.title.toLowerCase(), inText: text.toLowerCase() };
    });
  }
  return index;
}

function pattern(words) {
  const plain = words.map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`(?<![a-z0-9])(${plain.join("|")})`, "gi");
}

function score(section, words) {
  const phrase = words.join(" ");
  let sum = section.inTitle === phrase ? 50 : section.inText.includes(phrase) ? 15 : 0;
  for (const word of words) {
    const sought = pattern([word]);
    const title = section.inTitle.search(sought) >= 0;
    const times = section.inText.match(sought)?.length ?? 0;
    if (!title && !times) return 0;
    sum += (title ? 20 : 0) + Math.min(times, 5);
  }
  return sum;
}

/** Nodes with the words marked: what is found is text, never markup. */
function marked(text, words) {
  return text.split(pattern(words)).map((part, place) => {
    if (place % 2 === 0) return part;
    const mark = document.createElement("mark");
    mark.textContent = part;
    return mark;
  });
}

function excerpt(section, words) {
  const phrase = section.inText.indexOf(words.join(" "));
  const place = Math.max(0, phrase, ...(phrase < 0 ? words.map((word) => section.inText.search(pattern([word]))) : []));
  const begin = Math.max(0, place - AROUND);
  return section.text && (begin ? "…" : "") + section.text.slice(begin, place + 2 * AROUND) + "…";
}

function line(section, words) {
  const link = document.createElement("a");
  link.href = base + section.location;
  const where = document.createElement("small");
  const page = section.page && section.page !== section.title ? [`${section.page}: `] : [];
  where.append(...page, ...marked(excerpt(section, words), words));
  link.append(...marked(section.title, words), where);
  return link;
}

function say(text) {
  const told = document.createElement("p");
  told.textContent = text;
  found.replaceChildren(told);
}

async function search() {
  const words = field.value.toLowerCase().split(/\s+/).filter((word) => word.length > 1);
  found.hidden = words.length === 0;
  if (!words.length) return;
  let known;
  try {
    known = await sections();
  } catch {
    // A browser lets no script read files beside a page that was opened from a disk.
    say("The search needs these pages on a web server.");
    return;
  }
  const hits = known.map((section) => ({ section, score: score(section, words) })).filter((hit) => hit.score > 0);
  hits.sort((one, other) => other.score - one.score);
  if (hits.length) found.replaceChildren(...hits.slice(0, MOST).map((hit) => line(hit.section, words)));
  else say("Nothing was found.");
}

// What scrolls sideways must be reached with the keys.
for (const each of document.querySelectorAll("pre, .scroll")) if (each.scrollWidth > each.clientWidth) each.tabIndex = 0;
// The list of pages is longer than most screens.
document.querySelector(".side [aria-current]")?.scrollIntoView({ block: "nearest" });
field.addEventListener("input", search);
field.addEventListener("focus", search);
document.addEventListener("click", (event) => {
  if (!event.target.closest("search")) found.hidden = true;
});
document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input, textarea");
  if (event.key === "/" && !typing) {
    event.preventDefault();
    field.focus();
  } else if (event.key === "Escape") {
    found.hidden = true;
    field.blur();
  } else if ((event.key === "ArrowDown" || event.key === "ArrowUp") && event.target.closest("search")) {
    const links = [...found.querySelectorAll("a")];
    const next = links.indexOf(document.activeElement) + (event.key === "ArrowDown" ? 1 : -1);
    event.preventDefault();
    (links[next] ?? field).focus();
  }
});
