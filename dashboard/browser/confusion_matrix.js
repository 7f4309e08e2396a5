// The component: a table of what is taken for what, each cell a button. One stop of the Tab key;
// arrow keys go from cell to cell.

const matrices = new WeakMap();
const STRONG = 0.55; // from this share of the strongest colour on, the text is the light one
const BRIEF = 2; // names of so many characters, as in Chinese, stand upright over their column

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".confusion");
  if (!matrices.has(root)) matrices.set(root, new Matrix(root));
  matrices.get(root).show(data, (cell) => setTriggerValue("cell", cell));
  return () => matrices.delete(root);
}

class Matrix {
  constructor(root) {
    this.table = root.querySelector("table");
    this.hint = root.querySelector(".confusion-hint");
    this.buttons = [];
    this.current = 0;
    this.table.addEventListener("keydown", (event) => this.move(event));
    this.table.addEventListener("focusin", (event) => this.settle(event.target));
  }

  show(data, choose) {
    this.data = data;
    this.choose = choose;
    const size = data.names.length;
    if (this.buttons.length !== size * size || this.names !== data.names.join()) this.build();
    this.hint.textContent = data.hint;
    this.table.caption.textContent = data.title;
    data.cells.forEach((row, i) => row.forEach((cell, j) => this.fill(i, j, cell)));
    if (data.chosen) this.current = data.chosen[0] * size + data.chosen[1];
    this.updateTabStops();
  }

  build() {
    const { names } = this.data;
    this.names = names.join();
    this.buttons = [];
    this.current = 0;
    this.table.replaceChildren();
    this.table.createCaption();
    this.table.classList.toggle("is-brief", names.every((name) => name.length <= BRIEF));
    const head = this.table.createTHead().insertRow();
    head.append(document.createElement("td"));
    for (const name of names) {
      const span = document.createElement("span");
      span.textContent = name;
      head.append(heading("col", name, span));
    }
    const body = this.table.createTBody();
    names.forEach((name, i) => {
      const row = body.insertRow();
      row.append(heading("row", name, document.createTextNode(name)));
      names.forEach((_, j) => row.insertCell().append(this.newButton(i, j)));
    });
  }

  newButton(i, j) {
    const button = document.createElement("button");
    button.type = "button";
    button.setAttribute("aria-describedby", this.hint.id);
    button.onclick = () => this.choose([i, j]);
    this.buttons.push(button);
    return button;
  }

  fill(i, j, { text, label, strength }) {
    const { right, wrong, lightText, darkText, chosen, names } = this.data;
    const button = this.buttons[i * names.length + j];
    button.textContent = text;
    button.title = label;
    button.setAttribute("aria-label", label);
    button.setAttribute("aria-pressed", String(chosen?.[0] === i && chosen?.[1] === j));
    button.style.setProperty("--cell-colour", i === j ? right : wrong);
    button.style.setProperty("--cell-strength", `${Math.round(100 * strength)}%`);
    button.style.setProperty("--cell-text", i === j ? lightText : darkText);
    button.classList.toggle("is-strong", strength > STRONG);
  }

  settle(target) {
    const place = this.buttons.indexOf(target);
    if (place < 0) return;
    this.current = place;
    this.updateTabStops();
  }

  updateTabStops() {
    this.buttons.forEach((button, place) => {
      button.tabIndex = place === this.current ? 0 : -1;
    });
  }

  move(event) {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const size = this.data.names.length;
    const column = this.current % size;
    const steps = {
      ArrowRight: column < size - 1 ? 1 : 0, ArrowLeft: column > 0 ? -1 : 0,
      ArrowDown: size, ArrowUp: -size,
    };
    if (!(event.key in steps)) return;
    event.preventDefault();
    this.buttons[this.current + steps[event.key]]?.focus();
  }
}

function heading(scope, name, content) {
  const cell = document.createElement("th");
  cell.scope = scope;
  cell.title = name;
  cell.append(content);
  return cell;
}
