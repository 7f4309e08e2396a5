// A few pictures and the answers that they get; asks for the newest while the run goes on.

const ASK_EVERY_MS = 2000;
const NUM_ANSWERS = 3;
const MARKS = { right: TICK, wrong: "M4 4 12 12 M12 4 4 12" };
const strips = new WeakMap();

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".examples");
  if (!strips.has(root)) strips.set(root, new Strip(root));
  const strip = strips.get(root);
  strip.show(data);
  return () => {
    strip.end();
    strips.delete(root);
  };
}

class Strip {
  constructor(root) {
    this.root = root;
    this.step = null;
    this.timer = null;
    this.closed = new AbortController();
    document.addEventListener("visibilitychange", () => this.plan(0), { signal: this.closed.signal });
  }

  // Called again whenever the page runs.
  show(data) {
    const restarted = this.data?.run !== data.run || this.data?.session !== data.session;
    const same = JSON.stringify(this.data) === JSON.stringify(data);
    this.data = data;
    if (same) return;
    if (restarted) this.step = this.probs = null;
    this.build();
    if (this.probs) this.draw();
    this.ask(); // also once more after the end: the last answers
  }

  end() {
    this.closed.abort();
    clearTimeout(this.timer);
  }

  address(rest) {
    const run = encodeURIComponent(this.data.run);
    return new URL(`api/runs/${run}/examples${rest}`, document.baseURI).href;
  }

  async ask() {
    clearTimeout(this.timer);
    this.timer = null;
    try {
      const answer = await fetch(this.address(`?after=${this.step ?? ""}`), { signal: this.closed.signal });
      if (answer.status === 404) return; // the run is gone
      const news = await answer.json();
      if (news.probs?.length) {
        this.step = news.step;
        this.probs = news.probs;
        this.draw();
      }
    } catch {
      if (this.closed.signal.aborted) return; // otherwise the server is away: ask again
    }
    this.plan(ASK_EVERY_MS);
  }

  plan(delay) {
    const wanted = this.data.live && !this.closed.signal.aborted && this.timer === null;
    if (wanted && document.visibilityState === "visible") {
      this.timer = setTimeout(() => this.ask(), delay);
    }
  }

  build() {
    const { labels, classes, words } = this.data;
    const cards = labels.map((label, i) => {
      const picture = element("div", { class: "examples-picture", role: "img" });
      picture.setAttribute("aria-label", words.picture.replace("{label}", classes[label]));
      picture.style.backgroundImage = `url("${this.address(".png")}")`;
      picture.style.backgroundPosition = `calc(var(--picture) * ${-i}) 0`;
      const caption = element("figcaption");
      caption.append(element("span", {}, classes[label]));
      const answers = element("ol");
      for (let n = 0; n < NUM_ANSWERS; n++) answers.append(answerRow());
      const card = element("figure");
      card.append(picture, caption, answers);
      return card;
    });
    this.root.replaceChildren(...cards);
  }

  draw() {
    this.root.dataset.step = this.step;
    this.probs.forEach((probs, i) => this.drawCard(this.root.children[i], probs, this.data.labels[i]));
  }

  drawCard(card, probs, label) {
    const { classes, words } = this.data;
    const order = probs.map((_, i) => i).sort((a, b) => probs[b] - probs[a]);
    const verdict = order[0] === label ? "right" : "wrong";
    const text = verdict === "right" ? classes[label] : `${classes[label]} → ${classes[order[0]]}`;
    const caption = card.querySelector("figcaption");
    if (caption.textContent !== text || caption.dataset.verdict !== verdict) {
      caption.dataset.verdict = verdict;
      caption.title = `${text}: ${words[verdict]}`;
      caption.replaceChildren(icon(MARKS[verdict], words[verdict]), element("span", {}, text));
    }
    card.querySelectorAll("li").forEach((row, n) => {
      const [name, share] = row.querySelectorAll("span");
      name.textContent = classes[order[n]] ?? "";
      share.textContent = order[n] === undefined ? "" : `${Math.round(100 * probs[order[n]])} %`;
      row.dataset.true = order[n] === label;
      row.querySelector(".examples-bar > div").style.width = `${100 * (probs[order[n]] ?? 0)}%`;
    });
  }
}

function answerRow() {
  const row = element("li");
  const words = element("div");
  words.append(element("span"), element("span"));
  const bar = element("div", { class: "examples-bar" });
  bar.append(element("div"));
  row.append(words, bar);
  return row;
}
