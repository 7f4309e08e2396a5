// The steps of the Learn page side by side: where the visitor is, and what is done.

export default function ({ data, parentElement, setTriggerValue }) {
  const nav = parentElement.querySelector(".learn-rail");
  const list = nav.querySelector("ol");
  nav.setAttribute("aria-label", data.label);
  beginAtTheTop(nav, data.current);
  while (list.children.length > data.steps.length) list.lastChild.remove();
  while (list.children.length < data.steps.length) list.append(newItem());
  data.steps.forEach((step, place) => fill(list.children[place], step, place, data, setTriggerValue));
}

// Whoever presses Next at the end of a step reads the next one from its beginning.
function beginAtTheTop(nav, current) {
  const before = nav.dataset.current;
  nav.dataset.current = current;
  if (before === undefined || before === String(current)) return;
  document.querySelector("[data-testid=stMain]")?.scrollTo({ top: 0 });
}

function newItem() {
  const item = document.createElement("li");
  const button = document.createElement("button");
  button.type = "button";
  for (const part of ["number", "title"]) {
    const span = document.createElement("span");
    span.className = `learn-rail-${part}`;
    button.append(span);
  }
  item.append(button);
  return item;
}

function fill(item, step, place, data, setTriggerValue) {
  const button = item.querySelector("button");
  item.dataset.done = step.done;
  item.dataset.reached = place <= data.current;
  if (place === data.current) button.setAttribute("aria-current", "step");
  else button.removeAttribute("aria-current");
  button.title = step.title;
  button.setAttribute("aria-label", step.name);
  button.onclick = () => setTriggerValue("chosen", place);
  button.querySelector(".learn-rail-title").textContent = step.title;
  const number = button.querySelector(".learn-rail-number");
  if (step.done && place !== data.current) number.replaceChildren(icon(TICK));
  else number.textContent = step.mark;
}
