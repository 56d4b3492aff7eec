// The map: the latent space as a plane to walk on. One request is on its way at a time, and of the
// places that the pointer passes meanwhile only the last is asked for.

import {Latest} from "./api.js";
import {pinButton} from "./favourites.js";
import {bounds, element, show, straight} from "./ink.js";
import {ARROWS} from "./pen.js";

const HEIGHT = 1000; // units of the picture
const FILL = 0.7; // of a cell
const SEED = 7; // the same for all places, so that neighbours are alike
const STEP = 0.02, LEAP = 0.1; // of a key, where the map goes from -1 to 1
const $ = (id) => document.getElementById(id);
const atlas = $("atlas");
const line = new Latest($("map-status"));
const cross = element("g", {class: "cross"});
const showPin = pinButton($("here-pin"), () => here, line);
let width = HEIGHT, begun = false, place = {x: 0, y: 0}, next = null, busy = false, here = null;

export function start(studio) {
  const open = (event) => {
    event.preventDefault(); // or the same key presses a button of the dialog
    if (here) studio.open(here);
  };
  cross.append(element("circle", {r: 14}), element("path", {d: "M-30,0 H30 M0,-30 V30"}));
  for (const kind of ["pointermove", "pointerdown"]) atlas.addEventListener(kind, pointed);
  atlas.addEventListener("keydown", (event) => event.key === "Enter" ? open(event) : key(event));
  $("here-open").addEventListener("click", open);
}

export async function entered() {
  if (begun) return;
  begun = true;
  const answer = await line.json("Drawing the map", "/v1/map");
  begun = Boolean(answer);
  if (!answer) return;
  const {columns, rows, drawings} = answer;
  const box = atlas.getBoundingClientRect();
  width = HEIGHT * (box.width || 1) / (box.height || 1);
  atlas.setAttribute("viewBox", `0 0 ${width} ${HEIGHT}`);
  const across = width / columns, down = HEIGHT / rows;
  atlas.replaceChildren(...drawings.map((drawing, i) => {
    if (!drawing.drawing.length) return ""; // it did not end
    const {x0, y0, x1, y1, side} = bounds(drawing.drawing);
    const k = FILL * Math.min(across, down) / side;
    const x = (i % columns + 0.5) * across - (x0 + x1) / 2 * k;
    const y = (Math.floor(i / columns) + 0.5) * down - (y0 + y1) / 2 * k;
    const paths = drawing.drawing.map((stroke, j) => drawing.paths?.[j] ?? straight(stroke));
    return element("path", {d: paths.join(" "), transform: `translate(${x} ${y}) scale(${k})`});
  }), cross);
  go(place.x, place.y);
}

function pointed(event) {
  const {x, y} = new DOMPoint(event.clientX, event.clientY).matrixTransform(atlas.getScreenCTM().inverse());
  go(x / width * 2 - 1, y / HEIGHT * 2 - 1);
}

function key(event) {
  const move = ARROWS[event.key];
  if (!move) return;
  event.preventDefault();
  const step = event.shiftKey ? LEAP : STEP;
  go(place.x + move[0] * step, place.y + move[1] * step);
}

async function go(x, y) {
  if (!cross.isConnected) return; // the picture is still to come
  const within = (value) => Math.round(Math.min(Math.max(value, -1), 1) * 1000) / 1000;
  next = place = {x: within(x), y: within(y)};
  cross.setAttribute("transform", `translate(${(place.x + 1) / 2 * width} ${(place.y + 1) / 2 * HEIGHT})`);
  if (busy) return;
  busy = true;
  while (next) {
    const asked = next;
    next = null;
    const answer = await line.json("Drawing what is here", "/v1/map", {...asked, seed: SEED});
    if (!answer) break;
    here = answer.drawings[0];
    show($("here"), here);
    $("here-words").textContent = `${asked.x.toFixed(2)} across, ${asked.y.toFixed(2)} down`;
    $("here-open").disabled = false;
    showPin();
  }
  busy = false;
}
