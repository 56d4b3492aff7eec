// Pinned drawings, kept in the browser. Every open tab sees the same ones.

const KEY = "sketchvae-favourites";
const listeners = [];
let pinned = read();

function read() {
  try {
    return JSON.parse(localStorage.getItem(KEY) ?? "[]").filter(({drawing}) => drawing.length);
  } catch {
    return [];
  }
}

export const all = () => pinned;
const same = (a) => (b) => JSON.stringify(a.drawing) === JSON.stringify(b.drawing);

export function onChange(listener) {
  listeners.push(listener);
}

// Make a button pin what shown() answers with, or take it off; trouble goes into a line of text.
// Answers with a function that shows whether it is pinned.
export function pinButton(button, shown, line) {
  const update = () => {
    const drawing = shown(), isPinned = Boolean(drawing) && pinned.some(same(drawing));
    button.disabled = !drawing;
    button.textContent = isPinned ? "Pinned" : "Pin";
    button.setAttribute("aria-pressed", String(isPinned));
  };
  button.addEventListener("click", () => {
    const {word, drawing, paths} = shown();
    const others = pinned.filter((other) => !same({drawing})(other));
    pinned = others.length < pinned.length ? others : [...pinned, {word, drawing, paths}];
    for (const listener of listeners) listener();
    try {
      localStorage.setItem(KEY, JSON.stringify(pinned));
    } catch {
      line.write("The browser keeps no more favourites; the new ones last until this tab closes.", true);
    }
  });
  onChange(update);
  return update;
}

addEventListener("storage", (event) => {
  if (event.key !== KEY) return;
  pinned = read();
  for (const listener of listeners) listener();
});
