// Draw together: people draw a stroke, the model goes on, and anyone takes over at any time.

import {Latest} from "./api.js";
import {beginning, blank, bounds, card, element, Growth, PAPER, PEN, straight} from "./ink.js";
import {Pen} from "./pen.js";

const CHOICES = 4; // endings: the first must not wait for the others
const LEAST = PAPER / 2; // longest side of a whole drawing: a small first line is a part of it
const EMPTY = {strokes: [], base: null};
const $ = (id) => document.getElementById(id);
const ending = new Latest($("together-status"));
const others = new Latest($("together-status"));
const scoring = new Latest(null);
scoring.write = (words, wrong) => { if (wrong) showScore([], 0, words); };

// A state is {strokes: [{line: [xs, ys], path, mine}], base: the state before its ending, or null}.
let now = EMPTY, past = [], future = [];
let choices = null; // endings: {base, drawings, chosen}
let growth = null, growing = null; // the ending that is being drawn, and the state that it leads to
let scored = {}; // the last score: {strokes, after}
let temperature = null; // the model's own, where the slider is at its left end
let studio;

export function start(given) {
  studio = given;
  const paper = $("paper");
  new Pen(paper, takeOver, drawn);
  paper.setAttribute("aria-label", `Sheet of paper to draw ${studio.aWord} on`);
  paper.setAttribute("stroke-width", PEN);
  new ResizeObserver(fit).observe(paper);
  $("undo").addEventListener("click", () => travel(past, future));
  $("redo").addEventListener("click", () => travel(future, past));
  $("clear").addEventListener("click", () => { stop(); commit(EMPTY); });
  $("finish").addEventListener("click", () => finish(now.base ?? now));
  $("together-open").addEventListener("click", () => studio.open(asDrawing(now.strokes)));
  $("temperature").addEventListener("input", () => {
    temperature = Number($("temperature").value) || null;
    $("temperature-value").value = $("temperature").ariaValueText = temperature ?? "typical";
  });
  document.addEventListener("keydown", keys);
  $("score").hidden = !studio.model.score;
  showScore([]);
  render();
}

// Show a drawing from elsewhere in the middle of the paper, to go on with.
export async function goOn(drawing) {
  stop();
  const {x0, y0, x1, y1, side} = bounds(drawing.drawing);
  const [width, height] = sheet();
  const k = 0.75 * PAPER / side, dx = (width - (x0 + x1) * k) / 2, dy = (height - (y0 + y1) * k) / 2;
  const lines = drawing.drawing.map(([xs, ys]) => [xs.map((x) => x * k + dx), ys.map((y) => y * k + dy)]);
  const strokes = lines.map((line) => ({line, path: null, mine: false}));
  commit({strokes, base: null});
  const answer = await others.json("Smoothing its lines", "/v1/paths", {drawings: [lines]});
  answer?.paths[0].forEach((path, i) => { strokes[i].path = path; });
  if (!growth) render();
}

// The pen comes down, or Escape: what the model has drawn until now stays, the rest is left.
function takeOver() {
  const state = current();
  stop();
  commit(state);
  $("invitation").hidden = true;
}

function drawn(line) {
  const goesOn = $("auto").checked; // then the score comes with the ending, which must not wait for it
  commit({strokes: [...now.strokes, {line, path: null, mine: true}], base: null}, !goesOn);
  if (goesOn) finish(now);
}

// The state that is on the paper, with the part of an ending that is there already.
function current() {
  if (!growth) return now;
  const {index, inked, parts} = growth;
  const first = growing.first + index;
  const strokes = growing.strokes.slice(0, first);
  if (index < parts.length && inked > 0) {
    const line = beginning(growing.strokes[first].line, inked / parts[index].length);
    strokes.push({...growing.strokes[first], line, path: null});
  }
  return {strokes, base: growing.base};
}

function travel(from, to) {
  const endingAlone = growth && from === past; // an ending that is not yet finished is undone
  stop();
  if (!endingAlone && from.length) {
    to.push(now);
    now = from.pop();
    score(now);
  }
  render();
}

function commit(state, isScored = true) {
  if (state !== now && (state.strokes.length || now.strokes.length)) {
    past.push(now);
    future = [];
    now = state;
    if (isScored) score(now);
  }
  render();
}

function stop() {
  ending.stop();
  others.stop();
  growth?.stop();
  growth = growing = null;
}

function keys(event) {
  if ($("together").hidden || document.querySelector("dialog[open]")) return;
  if (event.key === "Escape" && growth) takeOver();
  const key = event.ctrlKey || event.metaKey ? event.key.toLowerCase() : "";
  if (key !== "z" && key !== "y") return;
  event.preventDefault();
  if (key === "y" || event.shiftKey) travel(future, past);
  else travel(past, future);
}

// Ask for endings of a state: for one to begin with at once, and for the others to choose from.
async function finish(base) {
  stop();
  if (!base.strokes.length) return;
  const own = choices = {base, drawings: []};
  showChoices();
  const drawing = base.strokes.map((stroke) => stroke.line);
  const size = bounds(drawing).side < 0.8 * LEAST ? LEAST : null;
  const body = {drawing, open: $("open").checked, temperature, size};
  const requests = [[ending, 1, "The pen is on its way"], [others, CHOICES - 1, "Drawing other endings"]];
  for (const [latest, n, words] of requests) {
    const answer = await latest.json(words, "/v1/complete", {...body, n});
    if (choices !== own) return;
    if (!answer) { score(now); return; }
    own.drawings = [...own.drawings, ...answer.drawings].slice(0, CHOICES); // best first
    if (n === 1) grow(0);
    showChoices();
  }
}

function grow(number) {
  growth?.stop();
  growth = null;
  choices.chosen = number;
  const {base, drawings: {[number]: drawing}} = choices;
  const strokes = drawing.drawing.map((line, i) =>
    ({line, path: drawing.paths?.[i] ?? null, mine: base.strokes[i]?.mine ?? false}));
  // A last line that was gone on with grows from where it ended.
  const last = base.strokes.length - 1;
  const longer = strokes[last].line[0].length > base.strokes[last].line[0].length;
  const first = longer ? last : last + 1;
  growing = {strokes, base, first};
  const paths = paint(strokes);
  const scores = score(growing, first);
  const own = growth = new Growth(paths.slice(first), bounds(drawing.drawing).side, {
    drawn: longer ? toPath(base.strokes[last]).getTotalLength() : 0,
    onStroke: (index) => scores.then((after) => growth === own && after && showScore(after, first + index + 1)),
    onEnd: () => { growth = growing = null; commit({strokes, base}); },
  });
  own.start();
  render(true);
}

// Width and height of the paper in its units.
function sheet() {
  const {width, height} = $("paper").getBoundingClientRect();
  return [width || 4, height || 3].map((side) => side * PAPER / Math.min(width || 4, height || 3));
}

// All ink is seen: where it goes over the edge, the paper is seen from farther away.
function fit() {
  const {strokes} = growing ?? now;
  let [left, top, right, bottom] = [0, 0, ...sheet()];
  if (strokes.length) {
    const {x0, y0, x1, y1} = bounds(strokes.map((stroke) => stroke.line));
    [left, top] = [Math.min(left, x0 - 2 * PEN), Math.min(top, y0 - 2 * PEN)];
    [right, bottom] = [Math.max(right, x1 + 2 * PEN), Math.max(bottom, y1 + 2 * PEN)];
  }
  $("paper").setAttribute("viewBox", [left, top, right - left, bottom - top].join(" "));
}

const toPath = ({line, path, mine}) =>
  element("path", {d: path ?? straight(line), class: mine ? "mine" : "theirs"});

function paint(strokes) {
  fit();
  const paths = strokes.map(toPath);
  $("paper").replaceChildren(...paths);
  return paths;
}

function render(grows = false) {
  if (!grows) paint(now.strokes);
  const blank = !now.strokes.length;
  $("invitation").hidden = !blank;
  $("undo").disabled = !past.length;
  $("redo").disabled = !future.length;
  for (const name of ["clear", "finish", "together-open"]) $(name).disabled = blank;
  showChoices();
}

function showChoices() {
  const shown = choices && (now.base ?? now) === choices.base ? choices.drawings : [];
  const cards = shown.map((drawing, i) => {
    const made = card(drawing, `Ending ${i + 1}`, () => grow(i));
    made.setAttribute("aria-pressed", String(i === choices.chosen));
    return made;
  });
  while (cards.length < CHOICES) cards.push(blank());
  const had = [...$("endings").children].indexOf(document.activeElement);
  $("endings").replaceChildren(...cards);
  cards[had]?.focus();
  $("finish").textContent = shown.length ? "Other endings" : "Finish it";
}

// Score a state; resolves to the scores after each stroke. The first `count` of them are shown.
async function score({strokes}, count) {
  if (!studio.model.score || !strokes.length) {
    scoring.stop();
    showScore([]);
    return null;
  }
  if (scored.strokes !== strokes) {
    const answer = await scoring.json("", "/v1/score", {drawing: strokes.map((stroke) => stroke.line)});
    if (!answer) return null;
    scored = {strokes, after: answer.after};
  }
  showScore(scored.after, count);
  return scored.after;
}

function showScore(after, count = after.length, problem = "") {
  const known = after.slice(0, count).map(Math.round);
  const percent = known.at(-1);
  $("percentile").textContent = percent ?? "–";
  $("percentile-words").textContent = percent === undefined ? problem || "It is scored as you draw."
    : `of 100 real ones are less of ${studio.aWord}`;
  $("after").replaceChildren(...known.map((value) => {
    const bar = document.createElement("i");
    bar.style.height = `${Math.max(value, 2)}%`;
    return bar;
  }));
  $("after").setAttribute("aria-label", `Score after each stroke: ${known.join(", ") || "none yet"}`);
}

function asDrawing(strokes) {
  const {word} = studio.model;
  return {word, drawing: strokes.map(({line}) => line), paths: strokes.map((s) => s.path ?? straight(s.line))};
}
