// The component: images side by side, cut from one small sheet and enlarged without blur. As buttons
// they are one stop of the Tab key; arrow keys go from one to the next.

const grids = new WeakMap();
const TILE = 32; // pixels of an image each way
const LEAST_GAP = 6;
const FADE_MS = 400;

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".image-grid");
  if (!grids.has(root)) grids.set(root, new Grid(root));
  const grid = grids.get(root);
  grid.show(data, (number) => setTriggerValue("opened", number));
  return () => {
    grid.end();
    grids.delete(root);
  };
}

class Grid {
  constructor(root) {
    this.root = root;
    this.box = root.querySelector(".image-grid-tiles");
    this.hint = root.querySelector(".image-grid-hint");
    this.tiles = [];
    this.current = 0;
    this.sizes = new ResizeObserver(() => this.fit());
    this.sizes.observe(root);
    this.box.addEventListener("keydown", (event) => this.move(event));
    this.box.addEventListener("focusin", (event) => this.settle(event.target));
  }

  end() {
    this.sizes.disconnect();
  }

  show(data, open) {
    const other = this.data?.sheet !== data.sheet;
    const opened = data.tiles.find((tile) => tile.is_open)?.number;
    const closed = opened === undefined ? this.opened : undefined;
    this.opened = opened;
    this.data = data;
    this.open = open;
    this.box.setAttribute("aria-label", data.label);
    this.hint.textContent = data.hint;
    if (data.hint) this.box.setAttribute("aria-describedby", this.hint.id);
    this.makeTiles();
    if (other) this.draw();
    this.fit();
    if (closed !== undefined) this.comeBackTo(closed);
  }

  // The dialog of an image has closed: the keyboard goes on from that image. Not at once, because
  // the dialog holds the focus until it has faded.
  comeBackTo(number) {
    const place = this.data.tiles.findIndex((tile) => tile.number === number);
    if (place >= 0) setTimeout(() => this.tiles[place].focus({ preventScroll: true }), FADE_MS);
  }

  // Tiles are kept from page to page, so that nothing flashes and the focus stays.
  makeTiles() {
    const { tiles, clickable } = this.data;
    while (this.tiles.length < tiles.length) this.tiles.push(this.newTile(clickable));
    this.tiles.forEach((tile, place) => {
      const about = tiles[place];
      tile.hidden = !about;
      if (!about) return;
      (clickable ? tile : tile.querySelector("canvas")).setAttribute("aria-label", about.name);
      const caption = tile.querySelector("span");
      caption.textContent = about.caption;
      caption.title = about.caption;
      caption.hidden = !about.caption;
    });
    this.current = Math.min(this.current, Math.max(0, tiles.length - 1));
    this.updateTabStops();
  }

  newTile(clickable) {
    const tile = document.createElement(clickable ? "button" : "div");
    tile.className = "image-grid-tile";
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = TILE;
    if (clickable) canvas.setAttribute("aria-hidden", "true");
    else canvas.setAttribute("role", "img");
    const caption = document.createElement("span");
    caption.setAttribute("aria-hidden", "true"); // the tile's name says it already
    tile.append(canvas, caption);
    if (clickable) {
      tile.type = "button";
      tile.onclick = () => this.open(this.data.tiles[this.tiles.indexOf(tile)].number);
    }
    this.box.append(tile);
    return tile;
  }

  draw() {
    const { sheet, sheetColumns } = this.data;
    const picture = new Image();
    picture.onload = () => {
      if (this.data.sheet !== sheet) return; // another page came meanwhile
      this.data.tiles.forEach((_, place) => {
        const x = (place % sheetColumns) * TILE;
        const y = Math.floor(place / sheetColumns) * TILE;
        const canvas = this.tiles[place].querySelector("canvas");
        canvas.getContext("2d").drawImage(picture, x, y, TILE, TILE, 0, 0, TILE, TILE);
      });
      this.root.dataset.drawn = String(this.data.tiles.length);
    };
    picture.src = sheet;
  }

  // Whole multiples only: anything else blurs or makes some pixels wider than others.
  fit() {
    const { columns, narrowColumns, narrowBelow, largestFactor } = this.data;
    const width = this.root.clientWidth;
    if (width <= 0) return;
    this.columns = width < narrowBelow ? narrowColumns : columns;
    const room = (width + LEAST_GAP) / this.columns - LEAST_GAP;
    const factor = Math.max(1, Math.min(largestFactor, Math.floor(room / TILE)));
    this.box.style.setProperty("--columns", this.columns);
    this.box.style.setProperty("--side", `${factor * TILE}px`);
  }

  settle(target) {
    const place = this.tiles.indexOf(target);
    if (place < 0) return;
    this.current = place;
    this.updateTabStops();
  }

  updateTabStops() {
    if (!this.data.clickable) return;
    this.tiles.forEach((tile, place) => {
      tile.tabIndex = place === this.current ? 0 : -1;
    });
  }

  move(event) {
    if (!this.data.clickable || event.altKey || event.ctrlKey || event.metaKey) return;
    const last = this.data.tiles.length - 1;
    const steps = {
      ArrowRight: this.current + 1, ArrowLeft: this.current - 1,
      ArrowDown: this.current + this.columns, ArrowUp: this.current - this.columns,
      Home: 0, End: last,
    };
    if (!(event.key in steps)) return;
    event.preventDefault();
    const place = steps[event.key];
    if (place >= 0 && place <= last) this.tiles[place].focus();
  }
}
