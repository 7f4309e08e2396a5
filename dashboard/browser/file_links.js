// Buttons that fetch a file and hand it to the browser to keep. They are real links, so that their
// address can be copied.

const ARROW = "M8 2v8M4.5 7 8 10.5 11.5 7M3 13.5h10";

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".files");
  const drawn = JSON.stringify(data);
  if (root.dataset.drawn === drawn) return; // the page has run again: what is being made goes on
  root.dataset.drawn = drawn;
  root.replaceChildren(...data.files.map((file) => row(file, data)));
}

function row(file, { lang, words }) {
  const button = element("a", { class: "files-button" });
  button.append(icon(ARROW), element("span", {}, file.label));
  const note = element("p", { class: "files-note" }, file.note);
  const trouble = element("p", { class: "files-trouble", role: "alert" });
  const room = element("div", { class: "files-row" });
  room.append(button, note, trouble);
  if (!file.address) {
    button.setAttribute("role", "link");
    button.setAttribute("aria-disabled", "true");
    return room;
  }
  button.href = new URL(`${file.address}?lang=${lang}`, document.baseURI).href;
  button.download = file.name;
  button.addEventListener("click", (event) => {
    event.preventDefault();
    if (button.getAttribute("aria-busy") !== "true") take(button, file, note, trouble, words);
  });
  return room;
}

async function take(button, file, note, trouble, words) {
  button.setAttribute("aria-busy", "true");
  trouble.textContent = "";
  note.textContent = words.making;
  try {
    const answer = await fetch(button.href);
    if (answer.ok) keep(await answer.blob(), file.name);
    else trouble.textContent = (await answer.json()).error;
  } catch {
    trouble.textContent = words.away;
  }
  note.textContent = file.note;
  button.removeAttribute("aria-busy");
}

function keep(blob, name) {
  const link = element("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000); // the browser may still be reading it
}
