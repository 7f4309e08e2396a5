// The component: three plots, a slider, a switch. Drawn in place with Plotly.react, never remounted.

const charts = new WeakMap();
const MODEBAR = {
  responsive: true, displaylogo: false, showSendToCloud: false, scrollZoom: false,
  doubleClick: "autosize", modeBarButtons: [["toImage", "autoScale2d"]],
};
const MAX_SPAN = 1000;
const SLOW_MS = 8000; // between two drawings of accuracy and rate, unless they have news
const REST = 60; // times as long as drawing took, nothing is drawn: then it costs a few percent

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".live-chart");
  if (!charts.has(root)) charts.set(root, new Chart(root));
  const chart = charts.get(root);
  chart.show(data);
  return () => {
    chart.end();
    charts.delete(root);
  };
}

class Chart {
  constructor(root) {
    this.root = root;
    this.lines = new Lines();
    this.settings = { span: 25, log: false, ...readSettings() };
    this.view = null;
    this.revision = 0;
    this.plots = {};
    this.drawingMs = 0;
    this.allDrawnAt = -Infinity;
    for (const plot of root.querySelectorAll("[data-plot]")) this.plots[plot.dataset.plot] = plot;
    this.watchControls();
    this.sizes = new ResizeObserver(() => this.resize());
    this.sizes.observe(root);
  }

  // Called again whenever the page runs, the theme changes, or the run is taken up again.
  show(data) {
    const other = this.data?.run !== data.run;
    const restarted = other || this.data?.session !== data.session;
    this.data = data;
    if (other) {
      this.lines.clear();
      this.view = null;
    }
    this.smallHeight = Math.max(190, Math.round(data.height * 0.5));
    this.root.style.setProperty("--live-chart-height", `${data.height}px`);
    this.root.style.setProperty("--live-chart-small-height", `${this.smallHeight}px`);
    this.labelControls();
    if (restarted) {
      this.lines.ended = false;
      this.stopFeed?.();
      this.stopFeed = startFeed(data.run, this.lines, () => this.drawNews(),
        (bad) => this.trouble(bad), () => REST * this.drawingMs);
    }
    this.draw();
  }

  // The curve of the loss at once, what changes slowly only now and then: drawing takes time from
  // the training where both share a processor.
  drawNews() {
    const slow = [this.lines.epochs.step.length, this.lines.marks.length, this.lines.state].join();
    const all = slow !== this.slow || performance.now() - this.allDrawnAt > SLOW_MS;
    this.slow = slow;
    return this.draw(all);
  }

  async draw(all = true) {
    try {
      this.plotly = await loadPlotly(this.data.plotly);
    } catch {
      this.trouble(true); // the next news tries again
      return;
    }
    if (this.ended) return;
    const began = performance.now();
    this.drawPlots(all);
    this.describe();
    this.drawingMs = performance.now() - began;
    if (all) this.allDrawnAt = began;
  }

  drawPlots(all) {
    const { lines, settings, data: { run, labels, height } } = this;
    this.theme = readTheme(this.root, this.data.colours);
    this.drawPlot("loss", labels.loss, height, lossTraces(lines, this.theme, labels, settings.span), {
      type: settings.log ? "log" : "linear",
      uirevision: `${run} ${settings.log}`, // another scale: a zoom of the other makes no sense
      ...emptyAxis(lines.points.step.length > 0, settings.log ? [-1, 1] : [0, 2.5]),
    }, marksLayout(lines.marks, this.theme, labels));
    if (!all) return;
    this.drawPlot("accuracy", labels.accuracy, this.smallHeight,
      accuracyTraces(lines, this.theme, labels), accuracyAxis(lines));
    this.drawPlot("rate", labels.learning_rate, this.smallHeight,
      rateTraces(lines, this.theme, labels), {
        rangemode: "tozero", exponentformat: "power", ...emptyAxis(lines.points.step.length > 0, [0, 0.01]),
      });
  }

  drawPlot(name, title, height, traces, yaxis, more = {}) {
    const plot = this.plots[name];
    const layout = baseLayout(title, {
      height,
      width: plot.clientWidth,
      range: this.view ?? [0, 1.03 * (this.lines.points.step.at(-1) ?? 100)],
      entries: traces.filter((trace) => trace.showlegend !== false).map((trace) => trace.name),
    }, this.theme, this.data.labels);
    Object.assign(layout.yaxis, yaxis);
    const first = !plot.dataset.drawn;
    this.revision += 1;
    this.plotly.react(plot, traces, {
      ...layout, ...more, uirevision: this.data.run, datarevision: this.revision,
    }, MODEBAR);
    plot.dataset.drawn = "yes";
    if (first) plot.on("plotly_relayout", (change) => this.zoomed(change));
  }

  // A zoom along the steps holds for all three plots.
  zoomed(change) {
    if (change["xaxis.autorange"]) this.view = null;
    else if ("xaxis.range[0]" in change) {
      this.view = [change["xaxis.range[0]"], change["xaxis.range[1]"]];
    } else return;
    this.draw();
  }

  describe() {
    const { lines, data: { labels } } = this;
    const steps = lines.points.step.length;
    this.root.dataset.points = steps;
    this.root.dataset.step = lines.points.step.at(-1) ?? 0;
    this.root.dataset.state = lines.state;
    if (!this.troubled) this.note(steps ? "" : labels.waiting);
    const loss = lines.smoothed(this.settings.span).at(-1);
    const accuracy = lines.epochs.val_accuracy.at(-1);
    const said = (value, text) => (value == null ? "" : ` ${text(value)}`);
    this.plots.loss.setAttribute("aria-label", labels.loss
      + said(loss, (value) => value.toFixed(3)));
    this.plots.accuracy.setAttribute("aria-label", labels.accuracy
      + said(accuracy, (value) => `${(100 * value).toFixed(1)} %`));
    this.plots.rate.setAttribute("aria-label", labels.learning_rate
      + said(lines.buckets.learning_rate.at(-1), String));
  }

  note(text) {
    const place = this.root.querySelector(".live-chart-note");
    if (place.textContent !== text) place.textContent = text;
  }

  trouble(bad) {
    this.troubled = bad;
    this.note(bad ? this.data.labels.trouble : "");
  }

  watchControls() {
    this.slider = this.root.querySelector("input[type=range]");
    this.logSwitch = this.root.querySelector("input[type=checkbox]");
    this.slider.value = 100 * Math.log(this.settings.span) / Math.log(MAX_SPAN);
    this.logSwitch.checked = this.settings.log;
    this.slider.oninput = () => {
      this.change({ span: Math.round(MAX_SPAN ** (this.slider.value / 100)) });
    };
    this.logSwitch.onchange = () => this.change({ log: this.logSwitch.checked });
  }

  change(settings) {
    Object.assign(this.settings, settings);
    writeSettings(this.settings);
    this.labelControls();
    this.draw();
  }

  labelControls() {
    const { labels } = this.data;
    const { span } = this.settings;
    const text = span > 1 ? labels.span.replace("{steps}", span) : labels.no_smoothing;
    this.root.querySelector("[data-label=smoothing]").textContent = labels.smoothing;
    this.root.querySelector("output").textContent = text;
    this.root.querySelector("[data-label=log]").textContent = labels.log;
    this.root.querySelector("[data-label=hint]").textContent = labels.hint;
    this.slider.setAttribute("aria-valuetext", text);
  }

  resize() {
    const width = this.root.clientWidth;
    if (width === 0 || width === this.width) return;
    this.width = width;
    if (this.plots.loss.dataset.drawn) this.draw();
  }

  end() {
    this.ended = true;
    this.stopFeed?.();
    this.sizes.disconnect();
    if (window.Plotly) Object.values(this.plots).forEach((plot) => window.Plotly.purge(plot));
  }
}

// Plotly.js once a browser tab, from our own server.
function loadPlotly(address) {
  window.cifarPlotly ??= new Promise((done, failed) => {
    const script = document.createElement("script");
    script.src = new URL(address, document.baseURI).href;
    script.onload = () => done(window.Plotly);
    script.onerror = () => {
      window.cifarPlotly = undefined;
      failed(new Error(script.src));
    };
    document.head.append(script);
  });
  return window.cifarPlotly;
}

function readSettings() {
  try {
    return JSON.parse(localStorage.getItem("cifar_live_chart")) ?? {};
  } catch {
    return {}; // storage may be forbidden
  }
}

function writeSettings(settings) {
  try {
    localStorage.setItem("cifar_live_chart", JSON.stringify(settings));
  } catch {
    // the settings last as long as the page, then
  }
}
