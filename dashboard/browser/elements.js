// What several components build their part of the page from.

const TICK = "M3 8.5 6.5 12 13 4.5";

function element(name, attributes = {}, text = "") {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.textContent = text;
  return made;
}

// A line drawn in a square of 16 units; `word` says what it means where no text beside it does.
function icon(line, word = "") {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 16 16");
  if (word) svg.setAttribute("role", "img");
  svg.setAttribute(word ? "aria-label" : "aria-hidden", word || "true");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", line);
  svg.append(path);
  return svg;
}
