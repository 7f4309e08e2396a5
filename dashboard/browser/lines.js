// A run's lines as a chart has them, grown by the news that the server sends (dashboard/curves.py).

const MAX_POINTS = 4000; // then every second bucket is merged: SVG lines stay quick

class Lines {
  constructor() {
    this.clear();
  }

  clear() {
    this.points = { step: [], loss: [] };
    this.buckets = { step: [], mean: [], count: [], learning_rate: [] };
    this.epochs = {
      epoch: [], step: [], train_loss: [], val_loss: [], train_accuracy: [], val_accuracy: [],
    };
    this.marks = [];
    this.state = "";
    this.ended = false;
    this.totalSteps = 0;
  }

  // What the server must know to send only what is missing here.
  query() {
    const { step, loss } = this.points;
    const last = step.length - 1;
    if (last < 0) return "";
    const epoch = this.epochs.epoch.at(-1) ?? 0;
    return `?after_step=${step[last]}&after_loss=${loss[last]}&after_epoch=${epoch}`;
  }

  // Take news in; return whether anything is different now.
  add(news) {
    const changed = news.reset || news.points.step.length > 0 || news.epochs.epoch.length > 0
      || news.marks.length !== this.marks.length || news.state !== this.state;
    if (news.reset) this.clear();
    for (const part of ["points", "buckets", "epochs"]) {
      for (const column of Object.keys(this[part])) this[part][column].push(...news[part][column]);
    }
    this.marks = news.marks;
    this.state = news.state;
    this.ended = news.ended;
    this.totalSteps = news.total_steps;
    if (this.points.step.length > MAX_POINTS) this.points = thinnedPoints(this.points);
    if (this.buckets.step.length > MAX_POINTS) this.buckets = mergedBuckets(this.buckets);
    return changed;
  }

  // Exponentially weighted mean with a span in steps, weights adding up to one from the first step
  // on (as pandas' ewm(span=...)). A bucket counts for as many steps as it stands for.
  smoothed(span) {
    const keep = 1 - 2 / (span + 1);
    let sum = 0;
    let weight = 0;
    return this.buckets.mean.map((mean, i) => {
      const kept = keep ** this.buckets.count[i];
      if (mean !== null) {
        sum = kept * sum + (1 - kept) * mean;
        weight = kept * weight + (1 - kept);
      }
      return weight > 0 ? sum / weight : null;
    });
  }
}

// The lowest and the highest of every four points, in order, and the last: its loss is what the
// server compares.
function thinnedPoints({ step, loss }) {
  const kept = { step: [], loss: [] };
  const last = step.length - 1;
  for (let start = 0; start < last; start += 4) {
    let low = start;
    let high = start;
    for (let i = start; i < Math.min(start + 4, last); i += 1) {
      if (loss[i] < loss[low]) low = i;
      if (loss[i] > loss[high]) high = i;
    }
    for (const i of new Set([Math.min(low, high), Math.max(low, high)])) {
      kept.step.push(step[i]);
      kept.loss.push(loss[i]);
    }
  }
  kept.step.push(step[last]);
  kept.loss.push(loss[last]);
  return kept;
}

// Two buckets each become one; an odd one at the end stays.
function mergedBuckets({ step, mean, count, learning_rate }) {
  const merged = { step: [], mean: [], count: [], learning_rate: [] };
  for (let i = 0; i < step.length; i += 2) {
    const j = Math.min(i + 1, step.length - 1);
    const total = i === j ? count[i] : count[i] + count[j];
    const sum = i === j ? mean[i] * count[i] : mean[i] * count[i] + mean[j] * count[j];
    merged.step.push(step[j]);
    merged.mean.push(mean[i] === null || mean[j] === null ? null : sum / total);
    merged.count.push(total);
    merged.learning_rate.push(learning_rate[j]);
  }
  return merged;
}
