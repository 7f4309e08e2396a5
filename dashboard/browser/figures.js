// Lines to Plotly traces and layouts. Pure, but for reading the theme's colours.

// The colours of the theme that the component stands in.
function readTheme(element, colours) {
  const style = getComputedStyle(element);
  const read = (name, fallback) => style.getPropertyValue(name).trim() || fallback;
  const background = read("--st-background-color", "#ffffff");
  return {
    text: read("--st-text-color", "#1b1f24"),
    grid: read("--st-border-color", "#dde1e6"),
    background,
    font: read("--st-font", "sans-serif"),
    faint: isDark(background) ? 0.4 : 0.28,
    ...(isDark(background) ? colours.dark : colours.light),
  };
}

function lossTraces(lines, theme, labels, span) {
  const { points, buckets } = lines;
  return [
    {
      x: points.step, y: points.loss, name: labels.step_loss, mode: "lines", hoverinfo: "skip",
      line: { color: theme.train, width: 1 }, opacity: theme.faint,
    },
    {
      x: buckets.step, y: lines.smoothed(span), name: labels.smoothed, mode: "lines",
      line: { color: theme.train, width: 2 }, hovertemplate: "%{y:.4f}",
    },
    epochTrace(lines, "train_loss", labels.train_loss, theme.train, {
      mode: "markers", marker: { color: theme.background, line: { color: theme.train, width: 2 }, size: 8 },
      hovertemplate: "%{y:.4f}",
    }),
    epochTrace(lines, "val_loss", labels.val_loss, theme.validation, {
      ...dashed(theme), hovertemplate: "%{y:.4f}",
    }),
  ];
}

function accuracyTraces(lines, theme, labels) {
  const format = { hovertemplate: "%{y:.1%}" };
  return [
    epochTrace(lines, "train_accuracy", labels.train, theme.train, {
      mode: "lines+markers", line: { color: theme.train, width: 2 }, marker: { size: 6 }, ...format,
    }),
    epochTrace(lines, "val_accuracy", labels.validation, theme.validation, {
      ...dashed(theme), ...format,
    }),
  ];
}

// What is drawn before there is anything to draw: Plotly's own range for nothing goes from -1 to 4,
// for accuracies to 400 %.
function emptyAxis(known, range) {
  return known ? { autorange: true } : { range, autorange: false };
}

// A single epoch is no reason to show accuracies above 100 %.
function accuracyAxis(lines) {
  const known = lines.epochs.step.length > 0;
  return { tickformat: ".0%", minallowed: -0.05, maxallowed: 1.05, ...emptyAxis(known, [0, 1]) };
}

function rateTraces(lines, theme, labels) {
  const { step, learning_rate: rate } = lines.buckets;
  return [{
    x: step, y: rate, name: labels.learning_rate, mode: "lines", showlegend: false,
    line: { color: theme.text, width: 1.5 }, hovertemplate: "%{y:.4g}",
  }];
}

function epochTrace(lines, column, name, colour, look) {
  return { x: lines.epochs.step, y: lines.epochs[column], name, ...look };
}

function dashed(theme) {
  return {
    mode: "lines+markers", line: { color: theme.validation, width: 2, dash: "dash" },
    marker: { size: 7, symbol: "diamond", color: theme.validation },
  };
}

// What the three plots share.
//   height, width: of the plot in pixels; range: of the steps shown; entries: of its legend
function baseLayout(title, { height, width, range, entries }, theme, labels) {
  const legendBelow = legendWidth([...entries, title]) > width; // no room beside the title
  const legendRows = Math.ceil((legendWidth(entries) + 20) / width);
  const axis = {
    gridcolor: theme.grid, zeroline: false, automargin: true, tickfont: { size: 11 },
    linecolor: theme.grid,
  };
  return {
    height,
    title: { text: title, x: 0, xref: "container", xanchor: "left", y: 1, yanchor: "top",
      pad: { l: 0, t: 6 }, font: { size: 14, weight: 600 } },
    margin: { l: 8, r: 12, t: legendBelow ? 34 + 20 * legendRows : 36, b: 8 },
    paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
    font: { color: theme.text, family: theme.font },
    hovermode: "x unified",
    hoverlabel: { bgcolor: theme.background, bordercolor: theme.grid, font: { color: theme.text } },
    legend: {
      orientation: "h", font: { size: 11 }, yref: "container", yanchor: "top",
      ...(legendBelow ? { x: 0, y: 1 - 26 / height } : { x: 1, xanchor: "right", y: 1 - 4 / height }),
    },
    // On a touch screen a finger that moves is scrolling the page, not zooming the plot.
    dragmode: matchMedia("(pointer: coarse)").matches ? false : "zoom",
    xaxis: {
      ...axis, tickformat: ",d", hoverformat: ",d",
      title: { text: labels.step, font: { size: 11 }, standoff: 4 },
      range, autorange: false,
    },
    yaxis: axis,
  };
}

// About how many pixels the entries take in one row.
function legendWidth(entries) {
  const width = (text) => [...text].reduce((sum, c) => sum + (c.charCodeAt(0) > 0x2e7f ? 11.5 : 6), 0);
  return entries.reduce((sum, text) => sum + 48 + width(text), 0);
}

// Where the learning rate was changed or the run went on after a stop: a thin line and a word.
function marksLayout(marks, theme, labels) {
  const words = (mark) => (mark.kind === "learning_rate"
    ? labels.rate_mark.replace("{rate}", Number(mark.value.toPrecision(4)))
    : labels.resumed_mark);
  const newest = marks.slice(-4); // more words would lie over each other
  return {
    shapes: marks.map(({ step }) => ({
      type: "line", xref: "x", x0: step, x1: step, yref: "paper", y0: 0, y1: 1,
      line: { color: theme.text, width: 1, dash: "dot" }, opacity: 0.6,
    })),
    annotations: newest.map((mark) => ({
      x: mark.step, xref: "x", xanchor: "left", y: 1, yref: "paper", yanchor: "top",
      text: words(mark), showarrow: false, textangle: 90, font: { size: 11 },
      bgcolor: theme.background, opacity: 0.85,
    })),
  };
}
