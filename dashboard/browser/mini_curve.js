// A run's smoothed loss as one small line, how far it is, and a word to the page when it ends.

const miniCurves = new WeakMap();
const MINI_POINTS = 150;

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".mini-curve");
  if (!miniCurves.has(root)) miniCurves.set(root, new MiniCurve(root));
  const mini = miniCurves.get(root);
  mini.show(data, setTriggerValue);
  return () => {
    mini.stopFeed?.();
    miniCurves.delete(root);
  };
}

class MiniCurve {
  constructor(root) {
    this.root = root;
    this.lines = new Lines();
  }

  show(data, tell) {
    const restarted = this.data?.run !== data.run || this.data?.session !== data.session;
    this.data = data;
    this.tell = tell;
    if (restarted) {
      this.lines.clear();
      this.stopFeed?.();
      this.stopFeed = startFeed(data.run, this.lines, () => this.draw(), () => {});
    }
    this.draw();
  }

  draw() {
    const { lines, root, data } = this;
    const step = lines.points.step.at(-1) ?? 0;
    const loss = lines.smoothed(25);
    root.querySelector("polyline").setAttribute("points", miniPath(lines.buckets.step, loss));
    const share = lines.totalSteps ? Math.min(1, step / lines.totalSteps) : 0;
    root.querySelector(".mini-curve-bar > div").style.width = `${100 * share}%`;
    root.querySelector("svg").setAttribute("aria-label", data.labels.alt);
    root.querySelector("p").textContent = step ? this.sentence(step, loss.at(-1)) : data.labels.waiting;
    root.dataset.step = step;
    if (lines.ended && data.live) this.tell("ended", true); // the page has more to say now
  }

  sentence(step, loss) {
    const number = new Intl.NumberFormat(document.documentElement.lang);
    return this.data.labels.progress
      .replace("{step}", number.format(step))
      .replace("{total}", number.format(this.lines.totalSteps))
      .replace("{loss}", (loss ?? NaN).toFixed(3));
  }
}

// About MINI_POINTS points in a box of 300 x 80, the newest at the right edge.
function miniPath(steps, loss) {
  const stride = Math.max(1, Math.ceil(steps.length / MINI_POINTS));
  const kept = steps.map((step, i) => [step, loss[i]])
    .filter(([, value], i) => value !== null && (i % stride === 0 || i === steps.length - 1));
  if (kept.length < 2) return "";
  const values = kept.map(([, value]) => value);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const [first, last] = [kept[0][0], kept.at(-1)[0]];
  return kept.map(([step, value]) => {
    const x = 300 * (step - first) / (last - first);
    const y = 76 - 72 * (value - low) / (high - low || 1);
    return `${x.toFixed(1)},${y.toFixed(1)}`;
  }).join(" ");
}
