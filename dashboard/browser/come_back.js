// Tells the server when the visitor comes back to the page after having been elsewhere.

const LEAST_AWAY_MS = 500;
let leftAt = 0;
let report = () => {};

function leave() {
  leftAt ||= Date.now();
}

function comeBack() {
  const wasAway = leftAt && Date.now() - leftAt >= LEAST_AWAY_MS;
  leftAt = 0;
  if (wasAway) report();
}

const seen = () => (document.hidden ? leave() : comeBack());

export default function ({ setTriggerValue }) {
  report = () => setTriggerValue("back", Date.now());
  window.addEventListener("blur", leave);
  window.addEventListener("focus", comeBack);
  document.addEventListener("visibilitychange", seen);
  return () => {
    window.removeEventListener("blur", leave);
    window.removeEventListener("focus", comeBack);
    document.removeEventListener("visibilitychange", seen);
    report = () => {};
  };
}
