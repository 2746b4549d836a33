// Sends the files of an upload form one after the other, each with its progress. Without it the form sends them all at once.

const line = (list, file, form) => {
  const item = document.createElement("li");
  const name = Object.assign(document.createElement("span"), { textContent: file.name });
  const bar = Object.assign(document.createElement("progress"), { max: 100, value: 0 });
  bar.setAttribute("aria-label", file.name);
  const word = Object.assign(document.createElement("span"), { textContent: form.dataset.waiting });
  item.append(name, bar, word);
  list.append(item);
  return { bar, word };
};

// Answers the panel as the server now shows it; null where the connection was lost.
const send = (form, file, { bar, word }) => new Promise((done) => {
  const request = new XMLHttpRequest();
  const data = new FormData();
  for (const name of ["csrfmiddlewaretoken", "category"]) data.append(name, form.elements[name].value);
  data.append("files", file);
  request.upload.addEventListener("progress", (event) => {
    if (!event.lengthComputable) return;
    bar.value = (100 * event.loaded) / event.total;
    word.textContent = event.loaded < event.total ? `${Math.floor(bar.value)} %` : form.dataset.checking;
  });
  request.addEventListener("load", () => done(new DOMParser().parseFromString(request.responseText, "text/html").getElementById("attachments")));
  for (const fault of ["error", "abort", "timeout"]) request.addEventListener(fault, () => done(null));
  request.open("POST", form.action);
  request.setRequestHeader("X-Requested-With", "XMLHttpRequest");
  request.send(data);
});

const refusal = (name, text) => {
  const item = document.createElement("li");
  item.append(Object.assign(document.createElement("strong"), { textContent: name }), `: ${text}`);
  return item;
};

const upload = async (form) => {
  const panel = form.closest("section");
  const files = [...form.elements.files.files];
  const list = form.querySelector(".fx-progress");
  list.hidden = false;
  list.replaceChildren();
  const lines = files.map((file) => line(list, file, form));
  for (const field of form.querySelectorAll("button, input, select")) field.inert = true;
  const refused = [];
  let newest = null;
  for (const [place, file] of files.entries()) {
    const { bar, word } = lines[place];
    if (file.size > Number(form.dataset.limit)) {
      refused.push(refusal(file.name, form.dataset.tooLarge));
      word.textContent = form.dataset.refusedWord;
      continue;
    }
    const answer = await send(form, file, lines[place]);
    if (!answer) {
      // Signed out, or no network: what went in is in; the page says how things stand once it is loaded again.
      refused.push(refusal(file.name, form.dataset.lost));
      word.textContent = form.dataset.refusedWord;
      continue;
    }
    newest = answer;
    bar.value = 100;
    const told = answer.querySelectorAll("[data-refused] li");
    word.textContent = told.length ? form.dataset.refusedWord : form.dataset.added;
    refused.push(...told);
    answer.querySelector("[data-refused]")?.remove();
  }
  if (newest) panel.replaceWith(document.adoptNode(newest));
  const shown = newest ?? panel;
  if (!newest) for (const field of form.querySelectorAll("button, input, select")) field.inert = false;
  if (refused.length) {
    shown.querySelector("[data-refused]")?.remove();
    const box = Object.assign(document.createElement("div"), { className: "alert alert-danger" });
    box.setAttribute("role", "alert");
    box.dataset.refused = "";
    const reasons = Object.assign(document.createElement("ul"), { className: "mb-0" });
    reasons.append(...refused);
    box.append(reasons);
    shown.querySelector(".card-body").prepend(box);
  }
  shown.focus({ preventScroll: true });
};

document.addEventListener("submit", (event) => {
  const form = event.target.closest?.("form[data-upload]");
  if (!form || !form.elements.files.files.length) return;
  event.preventDefault();
  upload(form);
});
