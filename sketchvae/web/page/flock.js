// The flock: many new drawings at a press, variations of one, and the way from one to another.

import {Latest} from "./api.js";
import {blank, card, show} from "./ink.js";

const COUNT = 12, STEPS = 24;
const $ = (id) => document.getElementById(id);
const line = new Latest($("flock-status"));
let studio, pages = []; // of drawings; the last one is shown
let first = null, path = null; // of a morph

export function start(given) {
  studio = given;
  $("flock-new").addEventListener("click", draw);
  $("flock-back").addEventListener("click", () => { pages.pop(); showPage(); });
  $("morph-slider").addEventListener("input", showStep);
  $("morph-open").addEventListener("click", () => studio.open(path[$("morph-slider").value]));
  $("morph-close").addEventListener("click", () => closeMorph());
  $("flock-cards").append(...Array.from({length: COUNT}, blank));
}

export function entered() {
  if (!pages.length) draw();
}

async function draw() {
  const temperature = Number($("flock-temperature").value) || null;
  const answer = await line.json(`Drawing ${COUNT}`, "/v1/draw", {n: COUNT, temperature});
  if (answer) turnTo(answer.drawings);
}

export async function variations(drawing) {
  const body = {n: COUNT - 1, like: drawing.drawing};
  const answer = await line.json(`Drawing ${COUNT - 1} variations`, "/v1/draw", body);
  if (answer) turnTo([drawing, ...answer.drawings]);
}

function turnTo(drawings) {
  pages.push(drawings);
  showPage();
  [...$("flock-cards").children].forEach((made, i) => show(made, made.drawing, true, i * 0.12));
}

function showPage() {
  $("flock-back").disabled = pages.length < 2;
  $("flock-cards").replaceChildren(...pages.at(-1).map((drawing, i) =>
    card(drawing, `Drawing ${i + 1}`, () => endsMorph(drawing) || studio.open(drawing))));
}

export async function morphFrom(drawing) {
  closeMorph();
  first = drawing;
  if (!pages.length) await draw();
  if (pages.length) line.write("Choose the drawing to morph into, here or among the favourites.");
}

// A drawing was pressed, in the flock or on the shelf: answers whether it ends a morph.
export function endsMorph(drawing) {
  const from = first;
  first = null;
  if (!from || $("flock").hidden) return false; // it was left for another view
  morph(from, drawing);
  return true;
}

async function morph(from, to) {
  const body = {first: from.drawing, last: to.drawing, steps: STEPS};
  const answer = await line.json(`Drawing ${STEPS} steps between them`, "/v1/morph", body);
  if (!answer) return;
  path = answer.drawings;
  $("morph").hidden = false;
  show($("morph-first"), from);
  show($("morph-last"), to);
  $("morph-slider").max = path.length - 1;
  $("morph-slider").value = 0;
  showStep();
  $("morph-slider").focus();
  $("morph").scrollIntoView({block: "nearest"});
}

function showStep() {
  const step = Number($("morph-slider").value);
  show($("morph-shown"), path[step]);
  $("morph-slider").setAttribute("aria-valuetext", `drawing ${step + 1} of ${path.length}`);
}

function closeMorph() {
  line.stop();
  $("morph").hidden = true;
  first = path = null;
}
