// The component: maps of numbers side by side, a place that can be moved over them, and the
// arithmetic of that place. The numbers are those that torch computed, bit for bit; of them, only
// the products under a window are multiplied here, in float32 as torch does.

const stages = new WeakMap();
const STEPS = { ArrowRight: [0, 1], ArrowLeft: [0, -1], ArrowDown: [1, 0], ArrowUp: [-1, 0] };
const GAP = 28;
const NARROW_GAP = 12;
const NARROW = 480;
const PLAY_MS = 12000;

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".learn-stage");
  if (!stages.has(root)) stages.set(root, new Stage(root));
  const stage = stages.get(root);
  stage.show(data);
  return () => {
    stage.end();
    stages.delete(root);
  };
}

class Stage {
  constructor(root) {
    this.root = root;
    this.row = this.column = null;
    this.box = root.querySelector(".learn-maps");
    this.side = root.querySelector(".learn-side");
    this.button = root.querySelector(".learn-play");
    this.button.onclick = () => (this.timer ? this.stop() : this.play());
    this.sizes = new ResizeObserver(() => this.fit());
    this.sizes.observe(root);
  }

  end() {
    this.sizes.disconnect();
    this.stop();
  }

  show(data) {
    this.stop();
    this.data = data;
    this.maps = data.maps.map((map) => ({ ...map, numbers: decodeFloats(map.values) }));
    this.target = this.maps[data.target ?? 0];
    this.detail = data.detail && prepareDetail(data.detail);
    if (this.row === null) {
      this.row = Math.floor((data.start ?? [0.5, 0.5])[0] * this.target.height);
      this.column = Math.floor((data.start ?? [0.5, 0.5])[1] * this.target.width);
    }
    this.root.querySelector(".learn-hint").textContent = data.labels.hint ?? "";
    this.root.querySelector(".learn-hint").hidden = !this.detail;
    this.button.hidden = !data.link;
    this.root.querySelector(".learn-tools").hidden = !this.detail;
    this.button.textContent = data.labels.play;
    this.build();
    this.width = null;
    this.fit();
    this.moveTo(this.row, this.column);
  }

  build() {
    this.rows = this.data.rows ?? [this.maps.map((_, number) => number)];
    const shape = JSON.stringify([this.rows, this.data.side]);
    if (shape !== this.shape) this.arrange();
    this.shape = shape;
    this.maps.forEach((map, number) => this.label(this.figures[number], map, number));
  }

  // Figures are kept while their arrangement stays, so that nothing flashes and the focus stays.
  arrange() {
    this.figures = this.maps.map(() => newMap());
    this.box.replaceChildren(...this.rows.map((numbers) => {
      const row = document.createElement("div");
      row.className = "learn-row";
      row.append(...numbers.map((number) => this.figures[number]));
      return row;
    }));
    const beside = this.data.side ?? null;
    (beside === null ? this.root : this.box.children[beside]).append(this.side);
  }

  label(figure, map, number) {
    const caption = figure.querySelector("figcaption");
    caption.replaceChildren(document.createTextNode(map.title));
    if (map.note) caption.append(textElement("small", map.note));
    const surface = figure.querySelector(".learn-surface");
    const linked = Boolean(this.detail) && !map.still;
    figure.dataset.linked = linked;
    surface.setAttribute("role", linked ? "application" : "img");
    surface.setAttribute("aria-label", map.note ? `${map.title}. ${map.note}` : map.title);
    if (linked) surface.tabIndex = 0;
    else surface.removeAttribute("tabindex");
    surface.onkeydown = linked ? (event) => this.onKey(event) : null;
    surface.onpointerdown = linked ? (event) => this.onPointer(event, surface, number) : null;
    surface.onpointermove = linked ? (event) => event.buttons && this.onPointer(event, surface, number) : null;
    drawScale(figure, map, this.empty());
  }

  empty() {
    const dark = getComputedStyle(this.root).color.match(/\d+/g).slice(0, 3).map(Number);
    return dark[0] > 128 ? [32, 37, 45] : [244, 245, 247];
  }

  // One size of square for all maps that are to be compared, a whole number of pixels.
  fit() {
    const room = this.root.clientWidth - 8;
    if (room <= 0 || room === this.width) return;
    this.width = room;
    const width = (row) => row.reduce((sum, n) => sum + this.maps[n].width * this.maps[n].zoom, 0);
    const wide = Math.max(...this.rows.map(width));
    const gaps = Math.max(...this.rows.map((row) => row.length - 1)) * (room < NARROW ? NARROW_GAP : GAP);
    const widest = Math.max(...this.maps.map((map) => map.width));
    const least = Math.min(this.data.least ?? 4, Math.floor(room / widest));
    const together = Math.floor((room - gaps) / wide);
    this.factor = Math.max(1, Math.min(this.data.largest ?? 9, Math.max(least, together)));
    const empty = this.empty();
    this.maps.forEach((map, number) => {
      const factor = Math.max(1, Math.min(Math.floor(room / map.width), this.factor * map.zoom));
      map.factor = factor;
      const figure = this.figures[number];
      const surface = figure.querySelector(".learn-surface");
      surface.style.width = `${map.width * factor}px`;
      surface.style.height = `${map.height * factor}px`;
      figure.style.width = `${Math.max(map.width * factor, Math.min(room, 120))}px`;
      paintMap(surface.querySelector("canvas"), map, factor, empty);
      this.drawBorder(surface, map);
    });
    this.mark();
  }

  drawBorder(surface, map) {
    surface.querySelector(".learn-frame")?.remove();
    if (!map.border) return;
    const frame = document.createElement("div");
    frame.className = "learn-frame";
    place(frame, map, map.border, map.border, map.height - 2 * map.border, map.width - 2 * map.border);
    surface.append(frame);
  }

  moveTo(row, column) {
    this.row = Math.max(0, Math.min(this.target.height - 1, row));
    this.column = Math.max(0, Math.min(this.target.width - 1, column));
    this.mark();
    if (this.detail) showDetail(this.root.querySelector(".learn-detail"), this);
    else this.root.querySelector(".learn-detail").replaceChildren();
  }

  mark() {
    this.maps.forEach((map, number) => {
      const surface = this.figures[number].querySelector(".learn-surface");
      surface.querySelectorAll(".learn-cell").forEach((cell) => cell.remove());
      if (!this.detail || map.still) return;
      if (this.data.link && number === this.data.link.source) this.markWindow(surface, map);
      else surface.append(cellAt(map, this.row, this.column, 1, 1));
    });
  }

  markWindow(surface, map) {
    const { kernel, stride, dilation } = this.data.link;
    const reach = dilation * (kernel - 1) + 1;
    const top = this.row * stride;
    const left = this.column * stride;
    surface.append(cellAt(map, top, left, reach, reach));
    if (dilation === 1) return;
    for (let i = 0; i < kernel; i += 1) {
      for (let j = 0; j < kernel; j += 1) {
        const tap = cellAt(map, top + i * dilation, left + j * dilation, 1, 1);
        tap.dataset.part = "tap";
        surface.append(tap);
      }
    }
  }

  onKey(event) {
    const step = STEPS[event.key];
    if (!step) return;
    event.preventDefault();
    this.stop();
    this.moveTo(this.row + step[0], this.column + step[1]);
  }

  onPointer(event, surface, number) {
    this.stop();
    const map = this.maps[number];
    const box = surface.getBoundingClientRect();
    let row = Math.floor(((event.clientY - box.top) / box.height) * map.height);
    let column = Math.floor(((event.clientX - box.left) / box.width) * map.width);
    const link = this.data.link;
    if (link && number === link.source) {
      const half = (link.dilation * (link.kernel - 1)) / 2;
      row = Math.round((row - half) / link.stride);
      column = Math.round((column - half) / link.stride);
    }
    this.moveTo(row, column);
  }

  play() {
    const count = this.target.height * this.target.width;
    const wait = Math.max(16, Math.min(120, PLAY_MS / count));
    let place = -1;
    this.button.textContent = this.data.labels.stop;
    this.speak("off"); // a thousand places in a row would drown everything else
    this.timer = setInterval(() => {
      place += 1;
      if (place >= count) this.stop();
      else this.moveTo(Math.floor(place / this.target.width), place % this.target.width);
    }, wait);
  }

  speak(manner) {
    this.side.querySelector(".learn-detail").setAttribute("aria-live", manner);
  }

  stop() {
    if (this.timer) this.speak("polite");
    clearInterval(this.timer);
    this.timer = null;
    if (this.data) this.button.textContent = this.data.labels.play;
  }
}

function newMap() {
  const figure = document.createElement("figure");
  figure.className = "learn-map";
  const surface = document.createElement("div");
  surface.className = "learn-surface";
  surface.append(document.createElement("canvas"));
  figure.append(document.createElement("figcaption"), surface);
  return figure;
}

function cellAt(map, row, column, height, width) {
  const cell = document.createElement("div");
  cell.className = "learn-cell";
  place(cell, map, row, column, height, width);
  return cell;
}

function place(element, map, row, column, height, width) {
  element.style.top = `${(100 * row) / map.height}%`;
  element.style.left = `${(100 * column) / map.width}%`;
  element.style.height = `${(100 * height) / map.height}%`;
  element.style.width = `${(100 * width) / map.width}%`;
}

function drawScale(figure, map, empty) {
  figure.querySelector(".learn-scale")?.remove();
  if (map.kind !== "signed" || map.plain) return;
  const line = document.createElement("div");
  line.className = "learn-scale";
  const bar = document.createElement("i");
  const ends = map.onlyPositive ? [empty, POSITIVE] : [NEGATIVE, empty, POSITIVE];
  bar.style.background = `linear-gradient(to right, ${ends.map((c) => `rgb(${c})`).join(", ")})`;
  const low = map.onlyPositive ? "0" : plainNumber(-map.peak, map.digits ?? 2);
  line.append(textElement("span", low), bar, textElement("span", plainNumber(map.peak, map.digits ?? 2)));
  figure.append(line);
}

function textElement(name, text) {
  const element = document.createElement(name);
  element.textContent = text;
  return element;
}
