// The page: favourites on a sheet of paper in millimetres, its files, and the plotter.

import {ask, Latest, sentence} from "./api.js";
import * as favourites from "./favourites.js";
import {formatButtons, save} from "./home.js";

const KEY = "sketchvae-page";
const COLOURS = ["#222222", "#b03a2e", "#1f5f8b", "#2e7d4f", "#c77d11", "#6b4c9a", "#8a6d3b", "#d16ba5"];
const REST = 250; // ms after the last change of the form
const AGAIN = 3000; // ms until a studio that refused is asked again
const RUNS = ["streaming", "paused"];
const $ = (id) => document.getElementById(id);
const form = $("page-form"), fields = form.elements;
const line = new Latest($("page-status")); // of the preview
const order = new Latest($("order-status")); // of files and the plotter
let studio, timer = 0, laidOut = null;
let job = {state: "none"}, jobInk = null, events = null; // the plotter's, and the paths of its page

export function start(given) {
  studio = given;
  restore();
  form.addEventListener("input", changed);
  form.addEventListener("submit", (event) => event.preventDefault());
  $("size").addEventListener("input", () => { if ($("size").value) setSize($("size").value.split("x")); });
  $("turn").addEventListener("click", () => { setSize([fields.height.value, fields.width.value]); changed(); });
  $("pen-more").addEventListener("click", () => { addPen(); changed(); });
  $("pen-less").addEventListener("click", () => { $("pens").lastElementChild.remove(); changed(); });
  favourites.onChange(changed);
  const formats = studio.model.formats.filter((name) => ["svg", "gcode", "hpgl", "ndjson"].includes(name));
  formatButtons($("page-formats"), formats, takeHome);
  if (studio.model.machine) startPlotter();
}

export const entered = () => layOut();

function page() {
  const number = (name) => fields[name].value === "" ? null : Number(fields[name].value);
  const numbers = ["width", "height", "margin", "gap", "vary", "pen_width"];
  return {
    ...Object.fromEntries(numbers.map((name) => [name, number(name)])),
    layout: fields.layout.value, smooth: fields.smooth.checked, optimize: fields.optimize.checked,
    pens: [...$("pens").children].map((input) => input.value),
  };
}

function setSize(sides) {
  [fields.width.value, fields.height.value] = sides;
}

function changed() {
  const sides = [fields.width, fields.height].map((field) => Number(field.value));
  $("size").value = sides.sort((a, b) => a - b).join("x");
  if ($("size").selectedIndex < 0) $("size").value = "";
  $("pen-less").disabled = $("pens").children.length < 2;
  $("pen-more").disabled = $("pens").children.length >= COLOURS.length;
  try { localStorage.setItem(KEY, JSON.stringify(page())); } catch { /* it works without */ }
  clearTimeout(timer);
  timer = setTimeout(() => $("page").hidden || layOut(), REST);
}

function addPen(colour = COLOURS[$("pens").children.length % COLOURS.length]) {
  const input = document.createElement("input");
  Object.assign(input, {type: "color", value: colour, ariaLabel: `Pen ${$("pens").children.length + 1}`});
  $("pens").append(input);
}

function restore() {
  let kept = {};
  try { kept = JSON.parse(localStorage.getItem(KEY)) ?? {}; } catch { /* begin anew */ }
  for (const [name, value] of Object.entries(kept)) {
    if (fields[name]?.type === "checkbox") fields[name].checked = value;
    else if (fields[name] && value !== null) fields[name].value = value;
  }
  for (const colour of kept.pens ?? COLOURS.slice(0, 1)) addPen(colour);
  changed();
}

const drawings = () => favourites.all().map(({drawing}) => drawing);
const runs = ({state}) => RUNS.includes(state);

async function layOut() {
  if (runs(job) || !form.reportValidity()) return; // a page that is being plotted stays
  let answer = null;
  if (drawings().length) {
    answer = await line.json("Laying out", "/v1/page", {drawings: drawings(), page: page()});
    if (!answer || runs(job)) return;
    showSvg(answer.svg);
  } else {
    line.stop();
    $("preview").replaceChildren("Pin drawings, and they are laid out here.");
  }
  laidOut = answer;
  jobInk = null;
  showFacts(answer);
}

function showSvg(text) {
  const {documentElement} = new DOMParser().parseFromString(text, "image/svg+xml");
  const svg = document.importNode(documentElement, true);
  const {width, height} = svg.viewBox.baseVal;
  svg.removeAttribute("width");
  svg.removeAttribute("height");
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", `Page of ${width} by ${height} mm`);
  svg.style.aspectRatio = `${width} / ${height}`;
  $("preview").replaceChildren(svg);
  $("preview").classList.remove("plotted");
  return svg;
}

function showFacts(facts) {
  const {ink_mm: ink, travel_mm: travel, lifts, seconds, pens} = facts ?? {};
  const change = pens?.length > 1 ? `after ${duration(pens[0].seconds)}` : "none";
  const texts = facts ? [metres(ink), metres(travel), lifts, duration(seconds), change] : [];
  [...$("facts").querySelectorAll("dd")].forEach((place, i) => { place.textContent = texts[i] ?? "–"; });
  buttons();
}

const metres = (mm) => mm < 1000 ? `${mm.toFixed(0)} mm` : `${(mm / 1000).toFixed(1)} m`;

function duration(seconds) {
  const whole = Math.round(seconds), minutes = Math.floor(whole / 60);
  if (minutes >= 60) return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
  return minutes ? `${minutes} min ${whole % 60} s` : `${whole} s`;
}

async function takeHome(format) {
  const body = {drawings: drawings(), format, page: page()};
  const name = await order.read(`Making the ${format}`, "/v1/export", body, save);
  if (name) order.write(`${name} is among your downloads.`);
}

function startPlotter() {
  const send = (verb, body = {}) => order.json("Asking the plotter", `/v1/job${verb}`, body);
  $("plotter").hidden = false;
  $("machine").textContent = studio.model.machine.name;
  $("plot").addEventListener("click", () => {
    const pause = Number($("pause").value) || $("pause").value;
    send("", {drawings: drawings(), page: page(), pause});
  });
  for (const verb of ["pause", "resume", "stop"]) {
    $(`job-${verb}`).addEventListener("click", () => send(`/${verb}`));
  }
  document.addEventListener("visibilitychange", listen);
  listen();
}

// Follow the plotter while the tab is seen: a browser has six connections to a server for all its tabs.
function listen() {
  events?.close();
  if (document.hidden) return;
  job = {state: "none"};
  const own = events = new EventSource("/v1/job/events");
  own.addEventListener("message", (event) => follow(JSON.parse(event.data)));
  own.addEventListener("error", () => {
    $("job-state").textContent = "The studio does not answer; it is asked again.";
    if (own.readyState === EventSource.CLOSED) setTimeout(() => own === events && listen(), AGAIN);
  });
}

async function follow(state) {
  const begins = runs(state) && !runs(job), ends = runs(job) && !runs(state);
  job = state;
  const {drawing, of, ink_mm: ink, of_mm: all, seconds_left: left, message} = job;
  const words = sentence(message || {none: "nothing is being plotted", streaming: "plotting"}[job.state] || job.state);
  if ($("job-state").textContent !== words) $("job-state").textContent = words;
  $("job-words").textContent = [of && `Drawing ${drawing} of ${of}`, all && `${metres(ink)} of ${metres(all)}`,
    left && `${duration(left)} left`].filter(Boolean).join(", ");
  $("progress").value = all ? ink / all : 0;
  buttons();
  if (begins) await showJob();
  if (ends && !laidOut && !$("page").hidden) await layOut();
  jobInk?.forEach((path, i) => path.classList.toggle("pale", i >= job.stroke));
}

function buttons() {
  $("plot").disabled = runs(job) || !drawings().length;
  for (const button of $("page-formats").children) button.disabled = !drawings().length;
  $("job-pause").disabled = job.state !== "streaming";
  $("job-resume").disabled = !["paused", "stopped", "failed"].includes(job.state);
  $("job-stop").disabled = !runs(job);
  for (const set of form.querySelectorAll("fieldset")) set.disabled = runs(job);
}

// The page that is being plotted, in every tab: a stroke is pale until the pen has drawn it.
async function showJob() {
  const {svg} = await ask("/v1/job").then((answer) => answer.json()).catch(() => ({}));
  if (!svg) return;
  line.stop();
  jobInk = [...showSvg(svg).querySelectorAll("g[id^=pen-] path")];
  $("preview").classList.add("plotted");
}
