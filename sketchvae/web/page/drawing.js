// The dialog of one drawing: look, pin, go on with it, take it home.

import {Latest} from "./api.js";
import {pinButton} from "./favourites.js";
import {formatButtons, save, toLink} from "./home.js";
import {show} from "./ink.js";

const $ = (id) => document.getElementById(id);
const dialog = $("drawing");
const line = new Latest($("drawing-status"));
const showPin = pinButton($("drawing-pin"), () => shown, line);
let shown = null;

export function start(studio) {
  const leave = (then) => () => { dialog.close(); then(shown); };
  $("drawing-close").addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", () => line.stop());
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  $("drawing-shown").addEventListener("click", () => show($("drawing-shown"), shown, true));
  $("drawing-variations").addEventListener("click", leave(studio.variations));
  $("drawing-morph").addEventListener("click", leave(studio.morphFrom));
  $("drawing-on").addEventListener("click", leave(studio.goOn));
  $("drawing-again").addEventListener("click", again);
  $("drawing-link").addEventListener("click", copyLink);
  const formats = studio.model.formats.filter((name) => !["gcode", "hpgl"].includes(name));
  formatButtons($("drawing-formats"), formats, takeHome);
}

export function open(drawing) {
  shown = drawing;
  const {word} = drawing;
  $("drawing-head").textContent = word ? word[0].toUpperCase() + word.slice(1) : "Drawing";
  line.write("");
  showPin();
  if (!dialog.open) dialog.showModal();
  show($("drawing-shown"), drawing, true);
}

async function again() {
  const answer = await line.json("Drawing it from its latent", "/v1/reconstruct", {drawing: shown.drawing});
  if (answer) open(answer.drawings[0]);
}

async function takeHome(format) {
  const body = {drawings: [shown.drawing], format};
  const name = await line.read(`Making the ${format}`, "/v1/export", body, save);
  if (name) line.write(`${name} is among your downloads.`);
}

async function copyLink() {
  const link = await toLink(shown);
  history.replaceState(null, "", link);
  const copied = navigator.clipboard?.writeText(link) ?? Promise.reject(); // none without HTTPS, but for this computer
  await copied.then(
    () => line.write("The link is copied; the drawing is in it."),
    () => line.write("The link is in the address bar: copy it from there."));
}
