// The component: a network as boxes in rows, with lines drawn behind them. Paths that skip layers
// run beside the main path. Boxes whose result can be looked at are buttons.

const graphs = new WeakMap();
const SVG = "http://www.w3.org/2000/svg";
const BEND = 8;

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".layer-graph");
  if (!graphs.has(root)) graphs.set(root, new Graph(root));
  const graph = graphs.get(root);
  graph.show(data, (layer) => setTriggerValue("layer", layer));
  return () => {
    graph.end();
    graphs.delete(root);
  };
}

class Graph {
  constructor(root) {
    this.root = root;
    this.sizes = new ResizeObserver(() => this.drawLines());
    this.sizes.observe(root);
  }

  end() {
    this.sizes.disconnect();
  }

  show(data, open) {
    this.open = open;
    const text = JSON.stringify(data);
    if (text === this.shown) return;
    this.shown = text;
    this.data = data;
    this.root.classList.toggle("wide", data.wide);
    this.root.setAttribute("aria-label", data.label);
    this.picture = makeBox({ ...data.picture, more: [], name: "", row: 0, column: 0, layer: "" });
    this.picture.classList.add("picture");
    this.boxes = data.boxes.map((box) => makeBox(box, () => this.open(box.layer)));
    this.lines = document.createElementNS(SVG, "svg");
    this.lines.setAttribute("aria-hidden", "true");
    this.root.replaceChildren(this.lines, this.picture, ...this.boxes);
    this.drawLines();
  }

  drawLines() {
    if (!this.data) return;
    this.lines.replaceChildren(arrowHead());
    for (const [source, target] of this.data.edges) {
      const path = document.createElementNS(SVG, "path");
      const from = source < 0 ? this.picture : this.boxes[source];
      const { d, skips } = this.route(from, this.boxes[target], this.place(source), this.place(target));
      path.setAttribute("d", d);
      path.setAttribute("marker-end", "url(#layer-graph-arrow)");
      if (skips) path.classList.add("skip");
      this.lines.append(path);
    }
    this.root.dataset.lines = String(this.data.edges.length);
  }

  place(number) {
    return number < 0 ? { row: 0, column: 0 } : this.data.boxes[number];
  }

  // Down within a column; round the boxes between where rows are skipped; over to the side path and
  // back from it.
  route(from, to, source, target) {
    const start = edgesOf(from);
    const end = edgesOf(to);
    const lane = this.root.clientWidth - 14;
    if (source.column === target.column && target.row - source.row === 1) {
      return { d: `M${start.middle} ${start.bottom}V${end.top - 2}`, skips: false };
    }
    if (source.column === 0 && target.column === 1) {
      const y = start.leave;
      const x = end.middle;
      return { d: `M${start.right} ${y}H${x - BEND}Q${x} ${y} ${x} ${y + BEND}V${end.top - 2}`, skips: true };
    }
    if (source.column === 1 && target.column === 0) {
      const y = end.arrive;
      const x = start.middle;
      return { d: `M${x} ${start.bottom}V${y - BEND}Q${x} ${y} ${x - BEND} ${y}H${end.right + 2}`, skips: true };
    }
    const x = Math.min(lane, start.right + 44);
    const [top, bottom] = [start.leave, end.arrive];
    return {
      d: `M${start.right} ${top}H${x - BEND}Q${x} ${top} ${x} ${top + BEND}V${bottom - BEND}` +
        `Q${x} ${bottom} ${x - BEND} ${bottom}H${end.right + 2}`,
      skips: true,
    };
  }
}

function makeBox(about, open) {
  const box = document.createElement(about.layer ? "button" : "div");
  box.className = "layer-graph-box";
  if (about.layer) {
    box.type = "button";
    box.onclick = open;
    box.dataset.layer = about.layer;
  }
  box.style.gridRow = String(about.row + 1);
  box.style.gridColumn = String(about.column + 1);
  box.title = about.name;
  const title = document.createElement("b");
  title.textContent = about.title;
  const facts = document.createElement("small");
  facts.textContent = about.facts;
  const chips = about.more.map((text) => {
    const chip = document.createElement("i");
    chip.textContent = text;
    return chip;
  });
  box.append(title, ...chips, facts);
  return box;
}

function edgesOf(box) {
  const { offsetLeft: left, offsetTop: top, offsetWidth: width, offsetHeight: height } = box;
  const centre = top + height / 2; // what comes from the side arrives above it and leaves below
  return {
    top, bottom: top + height, right: left + width, middle: left + width / 2,
    arrive: centre - 8, leave: centre + 8,
  };
}

function arrowHead() {
  const marker = document.createElementNS(SVG, "marker");
  for (const [name, value] of Object.entries({
    id: "layer-graph-arrow", viewBox: "0 0 6 6", refX: 5, refY: 3,
    markerWidth: 7, markerHeight: 7, markerUnits: "userSpaceOnUse", orient: "auto",
  })) marker.setAttribute(name, value);
  const head = document.createElementNS(SVG, "path");
  head.setAttribute("d", "M0 0L6 3L0 6Z");
  marker.append(head);
  return marker;
}
