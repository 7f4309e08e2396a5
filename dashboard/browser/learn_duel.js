// The game: one picture after the other, a class for each. The true classes are not here; the
// server compares when all answers are in.

const duels = new WeakMap();
const SIDE = 32;

export default function ({ data, parentElement, setStateValue }) {
  const root = parentElement.querySelector(".duel");
  if (!duels.has(root)) duels.set(root, new Duel(root));
  const duel = duels.get(root);
  duel.show(data, (answers) => setStateValue("finished", { draw: data.draw, answers }));
  return () => {
    duel.end();
    duels.delete(root);
  };
}

class Duel {
  constructor(root) {
    this.root = root;
    this.answers = [];
    this.back = root.querySelector(".duel-back");
    this.back.onclick = () => this.goBack();
    this.closed = new AbortController();
    document.addEventListener("keydown", (event) => this.onKey(event), { signal: this.closed.signal });
  }

  end() {
    this.closed.abort();
  }

  show(data, finish) {
    const other = this.data?.sheet !== data.sheet;
    this.data = data;
    this.finish = finish;
    this.makeButtons();
    this.back.textContent = data.words.back;
    if (!other) return this.draw();
    this.answers = [];
    this.sheet = new Image();
    this.sheet.onload = () => this.draw();
    this.sheet.src = data.sheet;
  }

  makeButtons() {
    const box = this.root.querySelector(".duel-classes");
    box.setAttribute("aria-label", this.data.words.picture);
    box.replaceChildren(...this.data.classes.map((name, label) => {
      const button = document.createElement("button");
      button.type = "button";
      const key = document.createElement("kbd");
      key.textContent = label < 10 ? (label + 1) % 10 : "";
      key.setAttribute("aria-hidden", "true");
      const word = document.createElement("span");
      word.textContent = name;
      button.append(key, word);
      button.onclick = () => this.answer(label);
      return button;
    }));
  }

  draw() {
    const number = Math.min(this.answers.length, this.data.count - 1);
    const { columns, count, words } = this.data;
    const canvas = this.root.querySelector(".duel-picture");
    canvas.setAttribute("aria-label", words.picture);
    const x = (number % columns) * SIDE;
    const y = Math.floor(number / columns) * SIDE;
    canvas.getContext("2d").drawImage(this.sheet, x, y, SIDE, SIDE, 0, 0, SIDE, SIDE);
    this.root.querySelector(".duel-progress").textContent = words.progress
      .replace("{number}", number + 1).replace("{total}", count);
    this.root.querySelector(".duel-line i").style.width = `${(100 * this.answers.length) / count}%`;
    this.back.hidden = this.answers.length === 0;
    this.root.dataset.picture = number + 1;
  }

  answer(label) {
    if (this.answers.length >= this.data.count) return;
    this.answers.push(label);
    this.draw();
    if (this.answers.length === this.data.count) this.finish(this.answers);
  }

  goBack() {
    if (this.answers.length >= this.data.count) return;
    this.answers.pop();
    this.draw();
  }

  onKey(event) {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.target.closest?.("input, textarea, select, [contenteditable=true]")) return;
    if (!/^[0-9]$/.test(event.key)) return;
    const label = (Number(event.key) + 9) % 10;
    if (label < this.data.classes.length) this.answer(label);
  }
}
