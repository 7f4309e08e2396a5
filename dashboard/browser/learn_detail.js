// The arithmetic of one place of a stage: products under a window, the values that are pooled, or a
// table of what each map holds there.

function prepareDetail(detail) {
  if (detail.kind === "products") {
    return { ...detail, input: decodeFloats(detail.input), weight: decodeFloats(detail.weight) };
  }
  if (detail.kind !== "table") return detail;
  const rows = detail.rows.map((row) => ({ ...row, columns: row.values.map(decodeFloats) }));
  return { ...detail, rows };
}

function showDetail(box, stage) {
  const views = { products: productView, window: windowView, table: tableView };
  box.replaceChildren(...views[stage.detail.kind](stage));
}

function placeLine(stage) {
  const text = stage.data.labels.place
    .replace("{row}", stage.row).replace("{column}", stage.column);
  const line = textElement("p", text);
  line.className = "learn-place";
  return line;
}

function productView(stage) {
  const { detail, data, row, column } = stage;
  const { kernel, stride, dilation } = data.link;
  const area = detail.height * detail.width;
  const at = row * stage.target.width + column;
  let total = 0;
  const lines = detail.channels.map((name, channel) => {
    const inputs = [];
    for (let i = 0; i < kernel; i += 1) {
      for (let j = 0; j < kernel; j += 1) {
        const y = row * stride + i * dilation;
        const x = column * stride + j * dilation;
        inputs.push(detail.input[channel * area + y * detail.width + x]);
      }
    }
    const weights = detail.weight.slice(channel * kernel ** 2, (channel + 1) * kernel ** 2);
    const products = inputs.map((value, n) => Math.fround(value * weights[n]));
    total += products.reduce((sum, value) => sum + value, 0);
    const line = document.createElement("div");
    line.className = "learn-product";
    const strongest = Math.max(...detail.weight.map(Math.abs));
    line.append(
      textElement("b", name), numberGrid(inputs, kernel, 1, stage), sign("×"),
      numberGrid(weights, kernel, strongest, stage), sign("="),
      numberGrid(products, kernel, strongest, stage),
    );
    return line;
  });
  return [sumLine(stage, total, stage.target.numbers[at]), ...lines];
}

function sumLine(stage, total, result) {
  const { detail, data } = stage;
  const line = document.createElement("div");
  line.className = "learn-sum";
  const words = document.createElement("p");
  words.append(`${data.labels.sum} ${plainNumber(total, 4)} + ${data.labels.bias} ${plainNumber(detail.bias, 4)} = `);
  const output = textElement("output", plainNumber(result, 4));
  output.dataset.sum = total + detail.bias; // what the products above add up to
  output.dataset.value = result; // what torch says
  words.append(output);
  const place = placeLine(stage);
  place.style.margin = "0";
  line.append(place, words);
  return line;
}

function windowView(stage) {
  const { data, row, column, detail } = stage;
  const source = stage.maps[data.link.source];
  const { kernel, stride } = data.link;
  const inputs = [];
  for (let i = 0; i < kernel; i += 1) {
    for (let j = 0; j < kernel; j += 1) {
      inputs.push(source.numbers[(row * stride + i) * source.width + column * stride + j]);
    }
  }
  const result = stage.target.numbers[row * stage.target.width + column];
  const line = document.createElement("div");
  line.className = "learn-product";
  const grid = numberGrid(inputs, kernel, source.peak, stage);
  if (detail.best) grid.children[inputs.indexOf(Math.max(...inputs))].dataset.best = true;
  const output = textElement("output", plainNumber(result, 4));
  output.dataset.value = result;
  const words = document.createElement("p");
  words.append(`${data.labels.result} = `, output);
  const sum = document.createElement("div");
  sum.className = "learn-sum";
  sum.append(words);
  sum.style.margin = "0";
  line.append(grid, sign("→"), sum);
  return [placeLine(stage), line];
}

function tableView(stage) {
  const { detail, row, column } = stage;
  const at = row * stage.target.width + column;
  const table = document.createElement("table");
  table.className = "learn-table";
  if (detail.columns.some(Boolean)) {
    const head = table.createTHead().insertRow();
    for (const name of ["", ...detail.columns]) head.append(headerCell(name, "col"));
  }
  const body = table.createTBody();
  for (const { label, digits, columns } of detail.rows) {
    const line = body.insertRow();
    line.append(headerCell(label, "row"));
    for (const values of columns) {
      const cell = textElement("td", plainNumber(values[at], digits));
      cell.dataset.value = values[at];
      line.append(cell);
    }
  }
  return [placeLine(stage), table];
}

function headerCell(text, scope) {
  const cell = textElement("th", text);
  cell.scope = scope;
  return cell;
}

function numberGrid(values, size, peak, stage) {
  const grid = document.createElement("div");
  grid.className = "learn-grid";
  grid.dataset.size = size;
  grid.style.gridTemplateColumns = `repeat(${size}, auto)`;
  const empty = stage.empty();
  for (const value of values) {
    const cell = textElement("span", shortNumber(value));
    const colour = signedColour(value, peak, empty);
    cell.style.background = `rgb(${colour})`;
    cell.style.color = readable(colour);
    grid.append(cell);
  }
  return grid;
}

function sign(text) {
  const element = textElement("span", text);
  element.className = "learn-sign";
  return element;
}
