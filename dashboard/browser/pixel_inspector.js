// The component: an image large, the numbers it is made of, and those that the network gets. The
// pixel under inspection is the same in the picture and in both tables.

const inspectors = new WeakMap();
const SIZE = 32;
const STEPS = { ArrowRight: [0, 1], ArrowLeft: [0, -1], ArrowDown: [1, 0], ArrowUp: [-1, 0] };

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".pixels");
  if (!inspectors.has(root)) inspectors.set(root, new Inspector(root));
  const inspector = inspectors.get(root);
  inspector.show(data);
  return () => {
    inspector.end();
    inspectors.delete(root);
  };
}

class Inspector {
  constructor(root) {
    this.root = root;
    this.row = this.column = SIZE / 2;
    this.channel = 0;
    this.stage = root.querySelector(".pixels-stage");
    this.tables = ["raw", "normalised"].map((name) => makeTable(root, name));
    this.watchStage();
    this.tables.forEach((table) => this.watchTable(table));
    this.sizes = new ResizeObserver(() => this.fit());
    this.sizes.observe(root);
  }

  end() {
    this.sizes.disconnect();
  }

  show(data) {
    this.data = data;
    for (const element of this.root.querySelectorAll("[data-label]")) {
      element.textContent = data.labels[element.dataset.label];
    }
    this.stage.setAttribute("aria-label", data.alt);
    this.root.querySelector(".pixels-hint").textContent = data.labels.hint;
    this.tables.forEach(({ scroll, name }) =>
      scroll.setAttribute("aria-label", data.labels[`${name}_title`]));
    this.makeChannels();
    this.drawPicture();
    this.fillTables();
    this.fit();
    this.inspect(this.row, this.column);
  }

  // Eight to twelve times as large, as the room allows.
  fit() {
    const factor = Math.max(8, Math.min(12, Math.floor(Math.min(this.root.clientWidth, 352) / SIZE)));
    this.root.style.setProperty("--pixels-side", `${factor * SIZE}px`);
  }

  drawPicture() {
    const image = new ImageData(SIZE, SIZE);
    for (let place = 0; place < SIZE * SIZE; place += 1) {
      for (let channel = 0; channel < 3; channel += 1) {
        image.data[4 * place + channel] = this.data.raw[3 * place + channel];
      }
      image.data[4 * place + 3] = 255;
    }
    this.stage.querySelector("canvas").getContext("2d").putImageData(image, 0, 0);
  }

  makeChannels() {
    const box = this.root.querySelector(".pixels-channels");
    if (!box.querySelector("input")) {
      for (let channel = 0; channel < 3; channel += 1) {
        const label = document.createElement("label");
        const input = document.createElement("input");
        input.type = "radio";
        input.name = "channel";
        input.checked = channel === this.channel;
        input.onchange = () => {
          this.channel = channel;
          this.fillTables();
        };
        label.append(input, document.createElement("span"));
        box.append(label);
      }
    }
    box.querySelectorAll("label span").forEach((text, channel) => {
      text.textContent = this.data.labels.channels[channel];
    });
  }

  fillTables() {
    for (const { name, cells } of this.tables) {
      cells.forEach((cell, place) => {
        const at = 3 * place + this.channel;
        const level = this.data.raw[at];
        cell.textContent = name === "raw" ? level : number(this.data.normalised[at]);
        const shade = [0, 1, 2].map((c) => (c === this.channel ? level : Math.round(level * 0.3)));
        cell.style.background = `rgb(${shade})`;
        cell.style.color = luminance(shade) > 0.18 ? "#000" : "#fff";
      });
    }
  }

  inspect(row, column, { follow = true } = {}) {
    this.row = Math.max(0, Math.min(SIZE - 1, row));
    this.column = Math.max(0, Math.min(SIZE - 1, column));
    const cursor = this.root.querySelector(".pixels-cursor");
    cursor.style.left = `${(this.column / SIZE) * 100}%`;
    cursor.style.top = `${(this.row / SIZE) * 100}%`;
    const place = this.row * SIZE + this.column;
    for (const table of this.tables) {
      table.cells[table.inspected ?? 0].classList.remove("is-inspected");
      table.cells[place].classList.add("is-inspected");
      table.inspected = place;
      if (follow) centre(table.scroll, table.cells[place]);
    }
    this.readOut(place);
  }

  readOut(place) {
    const { labels, raw, normalised } = this.data;
    const levels = raw.slice(3 * place, 3 * place + 3);
    this.root.querySelector(".pixels-swatch").style.background = `rgb(${levels})`;
    this.root.querySelector("[data-part=place]").textContent = labels.place
      .replace("{row}", this.row).replace("{column}", this.column);
    const body = this.root.querySelector(".pixels-readout tbody");
    body.replaceChildren(...levels.map((level, channel) => {
      const line = document.createElement("tr");
      const name = document.createElement("th");
      name.scope = "row";
      name.textContent = labels.channels[channel];
      line.append(name, cellOf(level), cellOf(number(normalised[3 * place + channel])));
      return line;
    }));
  }

  watchStage() {
    const pick = (event) => {
      const box = this.stage.getBoundingClientRect();
      const at = (offset, length) => Math.floor((offset / length) * SIZE);
      this.inspect(at(event.clientY - box.top, box.height), at(event.clientX - box.left, box.width));
    };
    this.stage.onpointerdown = (event) => {
      this.stage.setPointerCapture(event.pointerId);
      pick(event);
    };
    this.stage.onpointermove = (event) => {
      if (event.buttons) pick(event);
    };
    this.stage.onkeydown = (event) => {
      const step = STEPS[event.key];
      if (!step) return;
      event.preventDefault();
      this.inspect(this.row + step[0], this.column + step[1]);
    };
  }

  watchTable({ scroll, cells }) {
    scroll.onclick = (event) => {
      const place = cells.indexOf(event.target);
      if (place >= 0) this.inspect(Math.floor(place / SIZE), place % SIZE, { follow: false });
    };
    // Both tables show the same pixels: their cells are equally large.
    scroll.onscroll = () => {
      for (const other of this.tables) {
        if (other.scroll === scroll) continue;
        other.scroll.scrollTop = scroll.scrollTop;
        other.scroll.scrollLeft = scroll.scrollLeft;
      }
    };
  }
}

function makeTable(root, name) {
  const scroll = root.querySelector(`[data-table=${name}] .pixels-scroll`);
  const table = scroll.querySelector("table");
  const numbers = [...Array(SIZE).keys()];
  const head = document.createElement("thead");
  const line = document.createElement("tr");
  line.append(document.createElement("td"), ...numbers.map((n) => headerOf(n, "col")));
  head.append(line);
  const body = document.createElement("tbody");
  const cells = [];
  for (const row of numbers) {
    const tr = document.createElement("tr");
    tr.append(headerOf(row, "row"));
    for (let column = 0; column < SIZE; column += 1) {
      const cell = document.createElement("td");
      cells.push(cell);
      tr.append(cell);
    }
    body.append(tr);
  }
  table.append(head, body);
  return { name, scroll, cells };
}

function headerOf(text, scope) {
  const header = document.createElement("th");
  header.scope = scope;
  header.textContent = text;
  return header;
}

function cellOf(text) {
  const cell = document.createElement("td");
  cell.textContent = text;
  return cell;
}

// Scroll by whole cells, so that none is cut at the side where the headers are.
function centre(scroll, cell) {
  const to = (offset, size, room) => Math.round((offset - (room - size) / 2) / size) * size;
  scroll.scrollTop = to(cell.offsetTop, cell.offsetHeight, scroll.clientHeight);
  scroll.scrollLeft = to(cell.offsetLeft, cell.offsetWidth, scroll.clientWidth);
}

// A true minus sign is as wide as a digit.
function number(value) {
  return value.toFixed(3).replace("-", "−");
}

function luminance(levels) {
  const [red, green, blue] = levels.map((level) => {
    const share = level / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
