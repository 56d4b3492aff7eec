// Drawings as ink. A drawing is {word, drawing: [[xs, ys], ...], paths: [path data, ...]}; its
// smooth paths come from the server, which draws files with the same ones.

const LINE = 0.012, MARGIN = 0.08; // line width and border of a cell of side 1: as render/page.py
export const PAPER = 255; // units of the shorter side of the sheet that people draw on
export const PEN = LINE * 0.75 * PAPER; // of a drawing that fills three quarters of it
const SPEED = 1.5, LIFTED = 1.5; // longest sides a second, and times that: as render/timeline.py
const still = matchMedia("(prefers-reduced-motion: reduce)");

export function element(name, attributes = {}) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

// The straight lines of a stroke, for one that has no smooth path yet.
export function straight([xs, ys]) {
  const points = xs.map((x, i) => `${x},${ys[i]}`);
  return `M${points.join(" L")}${points.length > 1 ? "" : ` L${points[0]}`}`;
}

export function bounds(strokes) {
  const [xs, ys] = [0, 1].map((axis) => strokes.flatMap((stroke) => stroke[axis]));
  const [x0, y0, x1, y1] = [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)];
  return {x0, y0, x1, y1, side: Math.max(x1 - x0, y1 - y0) || 1};
}

// A drawing that fills a square, as a cell of a page does.
export function picture(drawing) {
  const {x0, y0, x1, y1, side} = bounds(drawing.drawing);
  const cell = side / (1 - 2 * MARGIN);
  const corner = [(x0 + x1 - cell) / 2, (y0 + y1 - cell) / 2];
  const svg = element("svg", {
    class: "ink", viewBox: `${corner.join(" ")} ${cell} ${cell}`, "aria-hidden": "true",
    "stroke-width": LINE * cell,
  });
  svg.append(...drawing.drawing.map((stroke, i) =>
    element("path", {d: drawing.paths?.[i] ?? straight(stroke)})));
  return svg;
}

// Show a drawing in an element; with `grows`, it is drawn there, after `delay` seconds.
export function show(parent, drawing, grows = false, delay = 0) {
  const svg = picture(drawing);
  parent.querySelector("svg")?.remove();
  parent.prepend(svg);
  parent.growth?.stop();
  if (!grows) return;
  parent.growth = new Growth([...svg.children], bounds(drawing.drawing).side, {delay});
  parent.growth.start();
}

// The empty place of a drawing to come.
export function blank() {
  const place = document.createElement("div");
  place.className = "card empty";
  return place;
}

// A button that shows a drawing.
export function card(drawing, name, pressed) {
  const button = document.createElement("button");
  button.className = "card";
  button.setAttribute("aria-label", name);
  button.drawing = drawing;
  button.addEventListener("click", pressed);
  show(button, drawing);
  return button;
}

// Paths that grow one after another, at the pace of a pen. All at once where the reader's system
// asks for less motion.
export class Growth {
  constructor(paths, side, {delay = 0, drawn = 0, onStroke = () => {}, onEnd = () => {}} = {}) {
    let time = delay, pen = null;
    this.speed = side * SPEED;
    this.parts = paths.map((path, i) => {
      const length = path.getTotalLength();
      const begin = i ? 0 : Math.min(drawn, length); // of the first path some may be there already
      const first = path.getPointAtLength(begin);
      if (pen) time += Math.hypot(first.x - pen.x, first.y - pen.y) / this.speed / LIFTED;
      pen = path.getPointAtLength(length);
      const part = {path, length, begin, start: time};
      time += Math.max(length - begin, 0.1 * side) / this.speed;
      return {...part, end: time};
    });
    Object.assign(this, {onStroke, onEnd, index: 0, inked: drawn, frame: 0});
  }

  start() {
    if (still.matches) { this.finish(); return; }
    for (const {path, begin} of this.parts) if (!begin) path.classList.add("dry");
    this.frame = requestAnimationFrame((now) => { this.began = now; this.step(now); });
  }

  step(now) {
    const time = (now - this.began) / 1000;
    while (this.index < this.parts.length) {
      const {path, length, begin, start, end} = this.parts[this.index];
      if (time < start) break;
      path.classList.remove("dry");
      this.inked = Math.min(begin + (time - start) * this.speed, length);
      if (time < end) {
        path.setAttribute("stroke-dasharray", `${this.inked} ${length + 1}`);
        break;
      }
      this.wet(path);
    }
    if (this.index === this.parts.length) this.finish();
    else this.frame = requestAnimationFrame((later) => this.step(later));
  }

  wet(path) {
    path.removeAttribute("stroke-dasharray");
    path.classList.remove("dry");
    this.inked = 0;
    this.onStroke(this.index++);
  }

  finish() {
    while (this.index < this.parts.length) this.wet(this.parts[this.index].path);
    this.onEnd();
  }

  // Stop where the pen is: `index` paths are whole, and the next one has `inked` of its length.
  stop() {
    cancelAnimationFrame(this.frame);
  }
}

// The first part of a stroke, as a share of its length, in its own points.
export function beginning([xs, ys], share) {
  const lengths = xs.map((x, i) => i ? Math.hypot(x - xs[i - 1], ys[i] - ys[i - 1]) : 0);
  let left = share * lengths.reduce((a, b) => a + b, 0);
  const part = [[xs[0]], [ys[0]]];
  for (let i = 1; i < xs.length && left > 0; i++) {
    const t = Math.min(left / (lengths[i] || 1), 1);
    part[0].push(round(xs[i - 1] + t * (xs[i] - xs[i - 1])));
    part[1].push(round(ys[i - 1] + t * (ys[i] - ys[i - 1])));
    left -= lengths[i];
  }
  return part;
}

export const round = (value) => Math.round(value * 10) / 10;
