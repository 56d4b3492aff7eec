// What people take home: files, and a link that holds the drawing itself.

import {round} from "./ink.js";

const LINK = "#drawing=";

// Save what the server has made under the name that it gives.
export async function save(answer) {
  const name = /filename="([^"]+)"/.exec(answer.headers.get("Content-Disposition") ?? "");
  const link = document.createElement("a");
  link.href = URL.createObjectURL(await answer.blob());
  link.download = name?.[1] ?? "drawing";
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  return link.download;
}

// Buttons for file formats in a row; pressed(format) is called.
export function formatButtons(row, formats, pressed) {
  const names = {"animated-svg": "Animated SVG", gcode: "G-code"};
  row.prepend(...formats.map((format) => {
    const button = document.createElement("button");
    button.textContent = names[format] ?? format.toUpperCase();
    button.dataset.format = format;
    button.addEventListener("click", () => pressed(format));
    return button;
  }));
}

// The address of this page with a drawing in its fragment, which browsers send nowhere.
export async function toLink({drawing}) {
  const text = JSON.stringify(drawing.map((stroke) => stroke.map((axis) => axis.map(round))));
  const packed = await through(new Blob([text]), new CompressionStream("deflate-raw"));
  const letters = btoa(String.fromCharCode(...packed));
  const safe = letters.replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
  return location.href.split("#")[0] + LINK + safe;
}

// The strokes in a fragment, or null for one of another kind. Throws if it is damaged.
export async function fromLink(fragment) {
  if (!fragment.startsWith(LINK)) return null;
  try {
    const letters = fragment.slice(LINK.length).replaceAll("-", "+").replaceAll("_", "/");
    const packed = Uint8Array.from(atob(letters), (letter) => letter.charCodeAt(0));
    const whole = await through(new Blob([packed]), new DecompressionStream("deflate-raw"));
    const strokes = JSON.parse(new TextDecoder().decode(whole));
    const good = strokes.length && strokes.every(([xs, ys]) => xs.length && xs.length === ys.length
      && [...xs, ...ys].every(Number.isFinite));
    if (good) return strokes;
  } catch { /* the same sentence */ }
  throw new Error("The link holds no whole drawing; copy it once more, to its end.");
}

async function through(blob, stream) {
  return new Uint8Array(await new Response(blob.stream().pipeThrough(stream)).arrayBuffer());
}
