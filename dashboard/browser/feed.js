// Asks the server for a run's news about once a second, while somebody looks and the run goes on;
// less often where the browser is slow to show them.

const INTERVAL_MS = 1000;
const LONGEST_MS = 5000;
const PATIENCE = 3; // failures in a row before the visitor is told

// Start asking; `onNews(lines)` after every change, `onTrouble(bool)` when the server stops or starts
// answering. `rest()` is how many milliseconds to leave free at least. Returns a function that stops
// for good.
function startFeed(run, lines, onNews, onTrouble, rest = () => 0) {
  const abort = new AbortController();
  let timer = null;
  let failures = 0;

  const ask = async () => {
    timer = null;
    const address = new URL(`api/runs/${encodeURIComponent(run)}/curves${lines.query()}`, document.baseURI);
    try {
      const answer = await fetch(address, { signal: abort.signal });
      if (answer.status === 404) return; // the run is gone: nothing will ever come
      if (!answer.ok) throw new Error(`status ${answer.status}`);
      const news = await answer.json();
      if (abort.signal.aborted) return;
      if (failures >= PATIENCE) onTrouble(false);
      failures = 0;
      if (lines.add(news)) onNews(lines);
    } catch (error) {
      if (abort.signal.aborted) return;
      failures += 1;
      if (failures === PATIENCE) onTrouble(true);
    }
    plan(Math.min(Math.max(INTERVAL_MS, rest()), LONGEST_MS));
  };
  const plan = (delay) => {
    const wanted = !abort.signal.aborted && !lines.ended && timer === null;
    if (wanted && document.visibilityState === "visible") timer = setTimeout(ask, delay);
  };
  const look = () => {
    if (document.visibilityState === "visible") return plan(0);
    clearTimeout(timer);
    timer = null;
  };
  document.addEventListener("visibilitychange", look, { signal: abort.signal });
  ask();
  return () => {
    abort.abort();
    clearTimeout(timer);
  };
}
