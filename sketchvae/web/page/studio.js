// The studio: views in tabs, the shelf of favourites, and what the views ask of each other.

import {ask, Latest} from "./api.js";
import * as dialog from "./drawing.js";
import * as favourites from "./favourites.js";
import * as flock from "./flock.js";
import {fromLink} from "./home.js";
import {card} from "./ink.js";
import * as map from "./map.js";
import * as sheet from "./sheet.js";
import * as together from "./together.js";

const $ = (id) => document.getElementById(id);
const tabs = [...document.querySelectorAll("[role=tab]")];
const problem = new Latest($("problem"));
const views = {together, flock, map, page: sheet};

const studio = {
  model: null,
  aWord: "a drawing",
  open: dialog.open,
  goOn(drawing) { turnTo("together", false); together.goOn(drawing); },
  variations(drawing) { turnTo("flock", false); flock.variations(drawing); },
  morphFrom(drawing) { turnTo("flock", false); flock.morphFrom(drawing); },
};

function turnTo(view, byTab = true) {
  for (const tab of tabs) {
    const chosen = tab.getAttribute("aria-controls") === view;
    tab.setAttribute("aria-selected", String(chosen));
    tab.tabIndex = chosen ? 0 : -1;
    $(tab.getAttribute("aria-controls")).hidden = !chosen;
  }
  if (byTab) views[view].entered?.();
  else $(`tab-${view}`).focus();
}

for (const tab of tabs) {
  tab.addEventListener("click", () => turnTo(tab.getAttribute("aria-controls")));
  tab.addEventListener("keydown", (event) => {
    const shown = tabs.filter((other) => !other.hidden), at = shown.indexOf(tab);
    const to = {ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: -1}[event.key];
    if (to === undefined) return;
    event.preventDefault();
    const next = shown.at(to % shown.length);
    next.focus();
    next.click();
  });
}

function showShelf() {
  $("shelf-cards").replaceChildren(...favourites.all().map((drawing, i) =>
    card(drawing, `Favourite ${i + 1}`, () => flock.endsMorph(drawing) || studio.open(drawing))));
  $("shelf-empty").hidden = favourites.all().length > 0;
}

async function followLink() {
  try {
    showProblem("");
    const strokes = await fromLink(location.hash);
    if (strokes) studio.goOn({drawing: strokes});
  } catch (error) {
    showProblem(error.message);
  }
}

function showProblem(words) {
  $("problem").hidden = !words;
  problem.write(words, true);
}

async function start() {
  try {
    studio.model = await (await ask("/v1/model")).json();
  } catch (error) {
    showProblem(error.message);
    return;
  }
  const {word} = studio.model;
  if (word) studio.aWord = `${/^[aeiou]/i.test(word) ? "an" : "a"} ${word}`;
  for (const place of document.querySelectorAll(".a-word")) place.textContent = studio.aWord;
  document.title = `Draw ${studio.aWord} together · sketchvae studio`;
  if (word === "sheep") $("tab-flock").textContent = "Flock";
  $("tab-map").hidden = !studio.model.map;
  for (const module of [dialog, ...Object.values(views)]) module.start(studio);
  favourites.onChange(showShelf);
  showShelf();
  addEventListener("hashchange", followLink);
  await followLink();
  document.body.dataset.ready = "true";
}

start();
