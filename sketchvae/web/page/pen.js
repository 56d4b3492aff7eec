// A pen on an SVG element: mouse, finger, stylus, or the keys. Pressure is ignored.

import {element, round, straight, PEN} from "./ink.js";

const NEAR = 0.8; // units between points: a pen that reports a thousand times a second is not sharper
export const ARROWS = {ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1]};
const STEP = 6; // units that an arrow key moves the pen

export class Pen {
  // begin(): the pen comes down; end(stroke): it is lifted.
  constructor(paper, begin, end) {
    Object.assign(this, {paper, begin, end, stroke: null, pointer: null});
    this.path = element("path", {class: "mine"});
    this.cursor = element("circle", {r: PEN, class: "cursor"});
    this.at = null;
    paper.addEventListener("pointerdown", (event) => this.down(event));
    paper.addEventListener("pointermove", (event) => this.move(event));
    for (const kind of ["pointerup", "pointercancel"]) {
      paper.addEventListener(kind, (event) => event.pointerId === this.pointer && this.lift());
    }
    paper.addEventListener("keydown", (event) => this.key(event));
    paper.addEventListener("blur", () => { this.lift(); this.cursor.remove(); });
  }

  down(event) {
    if (this.stroke || event.button !== 0 || !event.isPrimary) return;
    this.paper.setPointerCapture(event.pointerId);
    this.pointer = event.pointerId;
    this.cursor.remove();
    this.put(this.place(event));
  }

  move(event) {
    if (event.pointerId !== this.pointer) return;
    const events = event.getCoalescedEvents?.() ?? [];
    for (const one of events.length ? events : [event]) this.draw(this.place(one));
  }

  place({clientX, clientY}) {
    const {x, y} = new DOMPoint(clientX, clientY).matrixTransform(
      this.paper.getScreenCTM().inverse());
    return {x: round(x), y: round(y)};
  }

  put({x, y}) {
    this.begin();
    this.stroke = [[x], [y]];
    this.paper.append(this.path);
    this.path.setAttribute("d", straight(this.stroke));
  }

  draw({x, y}) {
    const [xs, ys] = this.stroke;
    if (Math.hypot(x - xs.at(-1), y - ys.at(-1)) < NEAR) return;
    xs.push(x);
    ys.push(y);
    this.path.setAttribute("d", straight(this.stroke));
  }

  lift() {
    if (!this.stroke) return;
    const stroke = this.stroke;
    this.stroke = this.pointer = null;
    this.path.remove();
    this.end(stroke);
  }

  key(event) {
    const move = ARROWS[event.key];
    if (event.ctrlKey || event.metaKey || event.altKey || (!move && event.key !== " ")) return;
    event.preventDefault();
    const {x, y, width, height} = this.paper.viewBox.baseVal;
    this.at ??= {x: round(x + width / 2), y: round(y + height / 2)};
    if (move) {
      const step = event.shiftKey ? STEP / 4 : STEP;
      this.at.x = round(Math.min(Math.max(this.at.x + move[0] * step, x), x + width));
      this.at.y = round(Math.min(Math.max(this.at.y + move[1] * step, y), y + height));
      if (this.stroke) this.draw(this.at);
    } else if (!event.repeat) {
      if (this.stroke) this.lift();
      else this.put(this.at);
    }
    this.cursor.setAttribute("cx", this.at.x);
    this.cursor.setAttribute("cy", this.at.y);
    this.paper.append(this.cursor);
  }
}
