// Requests to the server. What goes wrong is one sentence, shown where it arose.

const token = document.querySelector("meta[name=studio-token]").content;
const WAITS = 5; // times that a request waits for a full queue
const SILENCE = 300; // ms before the seconds of a request are shown

export async function ask(path, body, signal) {
  const post = body !== undefined;
  const options = {signal, method: post ? "POST" : "GET", cache: "no-store"};
  if (post) {
    options.headers = {"Content-Type": "application/json", "X-Studio-Token": token};
    options.body = JSON.stringify(body);
  }
  for (let wait = 1; ; wait++) {
    let answer;
    try {
      answer = await fetch(path, options);
    } catch (error) {
      if (error.name === "AbortError") throw error;
      throw new Error("The studio does not answer; look whether its command still runs.");
    }
    if (answer.ok) return answer;
    const seconds = Number(answer.headers.get("Retry-After"));
    if (answer.status !== 503 || !seconds || wait > WAITS) throw new Error(await reason(answer));
    await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
    signal?.throwIfAborted();
  }
}

// Words of the server as a sentence.
export const sentence = (words) => words[0].toUpperCase() + words.slice(1).replace(/([.?!]?)$/, (end) => end || ".");

async function reason(answer) {
  try {
    return sentence((await answer.json()).error);
  } catch { /* no JSON */ }
  return `The studio answered ${answer.status}; try once more.`;
}

// One request at a time, with a line of text for it: a later one takes the place of the one before.
export class Latest {
  constructor(status) {
    this.status = status;
  }

  // Resolves to null where a later request took its place, or it went wrong and the line says why.
  async json(words, path, body) {
    return this.read(words, path, body, (answer) => answer.json());
  }

  async read(words, path, body, reader) {
    this.stop();
    const own = this.control = new AbortController();
    const clock = this.count(words);
    try {
      const result = await reader(await ask(path, body, own.signal));
      if (this.control === own) this.write("");
      return own.signal.aborted ? null : result;
    } catch (error) {
      if (this.control === own && error.name !== "AbortError") this.write(error.message, true);
      return null;
    } finally {
      clearInterval(clock);
    }
  }

  // Write words and, hidden from screen readers, the seconds.
  count(words) {
    const begun = performance.now(), seconds = document.createElement("span");
    seconds.setAttribute("aria-hidden", "true");
    return setInterval(() => {
      const time = performance.now() - begun;
      if (time < SILENCE || !this.status) return;
      seconds.textContent = ` · ${(time / 1000).toFixed(1)} s`;
      if (seconds.parentElement === this.status) return;
      this.write(words);
      this.status.append(seconds);
    }, 100);
  }

  stop() {
    this.control?.abort();
    this.control = null;
    this.write("");
  }

  write(words, wrong = false) {
    if (!this.status) return;
    this.status.textContent = words;
    this.status.classList.toggle("error", wrong);
  }
}
