// The entry screen by keyboard, saved while somebody speaks. Without it the page works with its buttons.
const form = document.getElementById("entry");
const state = document.getElementById("saved");
const field = (name) => form.elements[name];
const NAMES = /^(?:input|select)$/i;

// --- saving ---

const PAUSE = 1200; // after the last key
const AGAIN = 4000; // after a failure
let changed = false;
let over = false; // sent, or another window has taken over
let timer = 0;
let running = null;

const token = () => /(?:^|; )csrftoken=([^;]+)/.exec(document.cookie)?.[1] ?? field("csrfmiddlewaretoken").value;

function body() {
  const data = new FormData(form);
  data.set("csrfmiddlewaretoken", token()); // it changes when somebody signs in again in another window
  return data;
}

function soon(wait) {
  clearTimeout(timer);
  if (!over) timer = setTimeout(save, wait);
}

function touched(wait = PAUSE) {
  const first = !changed && !form.dataset.started;
  if (first) form.dataset.started = new Date().toISOString(); // the call has begun
  changed = true;
  soon(first ? 0 : wait);
}

async function save() {
  if (over || !changed) return;
  if (running) return soon(PAUSE);
  changed = false;
  running = new AbortController();
  say(form.dataset.saving, "fx-dim");
  try {
    const answer = await post(form.dataset.save, body(), running.signal);
    if (answer.headers.has("HX-Redirect")) return failed(form.dataset.signedOut);
    if (!answer.ok && answer.status !== 409) return failed(form.dataset.offline);
    state.innerHTML = await answer.text();
    if (answer.status === 409) over = true;
    else saved();
  } catch (error) {
    if (error.name !== "AbortError") failed(form.dataset.offline);
  } finally {
    running = null;
    if (changed) soon(PAUSE);
  }
}

const post = (address, data, signal) => fetch(address, { method: "POST", body: data, signal, headers: { "HX-Request": "true" }, credentials: "same-origin" });

function failed(text) {
  changed = true;
  say(text, "fx-field-error");
  soon(AGAIN);
}

function say(text, look) {
  const line = document.createElement("p");
  line.className = look;
  line.textContent = text;
  state.querySelector(".fx-e-saved, .fx-field-error, .fx-dim:only-child")?.remove();
  state.querySelector("[data-line]")?.remove();
  line.dataset.line = "";
  state.prepend(line);
}

function saved() {
  const { draft, started } = state.querySelector("[data-draft]")?.dataset ?? {};
  if (draft && form.dataset.draft !== draft) {
    form.dataset.draft = draft;
    form.dataset.started = started;
    history.replaceState(null, "", `${form.dataset.new}?draft=${draft}`); // a window opened again goes on with it
    const discard = document.getElementById("discard");
    discard.hidden = false;
    discard.hash = `d${draft}`;
  }
  for (const slot of form.querySelectorAll("[data-say]")) {
    const found = state.querySelector(`[data-wrong="${slot.dataset.say}"]`) ?? state.querySelector(`[data-warn="${slot.dataset.say}"]`);
    const line = found && document.createElement("p");
    if (line) {
      line.className = found.dataset.wrong ? "fx-field-error" : "fx-f-warn";
      line.textContent = found.textContent;
    }
    slot.replaceChildren(...(line ? [line] : []));
  }
}

// What was typed last, when the window goes.
function leave() {
  if (over || !changed) return;
  changed = false;
  fetch(form.dataset.save, { method: "POST", body: body(), keepalive: true, headers: { "HX-Request": "true" } });
}

window.addEventListener("beforeunload", leave);
document.addEventListener("visibilitychange", () => { if (document.visibilityState === "hidden") leave(); });
window.addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
form.addEventListener("input", () => touched());
form.addEventListener("change", () => touched(250));

form.addEventListener("submit", (event) => {
  if (over) return event.preventDefault(); // the second click of two
  over = true;
  changed = false;
  clearTimeout(timer);
  running?.abort();
  field("csrfmiddlewaretoken").value = token();
});

// --- the call ---

const elapsed = document.getElementById("elapsed");
setInterval(() => {
  const since = form.dataset.started && Math.max(0, Math.floor((Date.now() - Date.parse(form.dataset.started)) / 1000));
  if (since === "" || since === undefined) return;
  const [hours, minutes, seconds] = [Math.floor(since / 3600), Math.floor(since / 60) % 60, since % 60];
  elapsed.textContent = (hours ? `${hours}:${String(minutes).padStart(2, "0")}` : minutes) + `:${String(seconds).padStart(2, "0")}`;
}, 1000);

// --- keys ---

const press = (button) => form.requestSubmit(form.querySelector(`button[name=do][value=${button}]:not([aria-hidden])`));

document.addEventListener("keydown", (event) => {
  const command = event.ctrlKey || event.metaKey;
  if (command && event.key === "Enter") {
    event.preventDefault();
    press("next");
  } else if (command && event.key.toLowerCase() === "s") {
    event.preventDefault();
    changed = true;
    save();
  }
});

const stops = () => [...form.querySelectorAll("input:not([type=hidden]), select, textarea, button:not([tabindex='-1'])")].filter(
  (one) => !one.disabled && one.offsetParent !== null && (one.type !== "radio" || one.checked || !radios(one).some((other) => other.checked)),
);
const radios = (one) => [...form.querySelectorAll(`input[type=radio][name="${one.name}"]`)];

form.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.ctrlKey || event.metaKey || event.isComposing || event.defaultPrevented || !NAMES.test(event.target.tagName)) return;
  event.preventDefault(); // on to the next field; a form is not sent by accident
  const all = stops();
  const step = event.shiftKey ? -1 : 1;
  all[all.indexOf(event.target) + step]?.focus();
});

// --- what is looked up ---

async function ask(address, values, show) {
  const data = new FormData();
  data.set("csrfmiddlewaretoken", token());
  for (const [name, value] of Object.entries(values)) data.set(name, value);
  ask.last ??= {};
  const turn = (ask.last[address] = (ask.last[address] ?? 0) + 1);
  try {
    const answer = await post(address, data);
    const text = answer.ok && !answer.headers.has("HX-Redirect") ? await answer.text() : "";
    if (turn === ask.last[address]) show(text);
  } catch { /* the call goes on without it */ }
}

const later = (act, wait) => {
  let pending = 0;
  return () => {
    clearTimeout(pending);
    pending = setTimeout(act, wait);
  };
};

function combo(input, list, address, choose) {
  input.setAttribute("role", "combobox");
  input.setAttribute("aria-autocomplete", "list");
  input.setAttribute("aria-controls", list.id);
  const options = () => [...list.querySelectorAll("[role=option]:not([aria-disabled])")];
  const current = () => list.querySelector("[aria-selected=true]");
  const close = () => open(false);
  function open(shown) {
    list.hidden = !shown;
    input.setAttribute("aria-expanded", String(shown));
    if (!shown) input.removeAttribute("aria-activedescendant");
  }
  function mark(option) {
    current()?.setAttribute("aria-selected", "false");
    option.setAttribute("aria-selected", "true");
    option.scrollIntoView({ block: "nearest" });
    input.setAttribute("aria-activedescendant", option.id);
  }
  function take(option) {
    choose(option.dataset);
    close();
    touched(250);
  }
  const look = later(() => ask(address, { q: input.value }, (text) => {
    if (document.activeElement !== input) return;
    list.innerHTML = text;
    open(list.childElementCount > 0);
  }), 120);
  open(false);
  input.addEventListener("input", () => (input.value.trim().length > 1 ? look() : close()));
  input.addEventListener("blur", close);
  list.addEventListener("mousedown", (event) => {
    event.preventDefault(); // the field keeps the focus
    const option = event.target.closest("[role=option]:not([aria-disabled])");
    if (option) take(option);
  });
  input.addEventListener("keydown", (event) => {
    if (list.hidden || event.isComposing) return;
    const all = options();
    const at = all.indexOf(current());
    if (event.key === "ArrowDown" && all.length) mark(all[(at + 1) % all.length]);
    else if (event.key === "ArrowUp" && all.length) mark(all[(at - 1 + all.length) % all.length]);
    else if (event.key === "Enter" && at >= 0) take(all[at]);
    else if (event.key === "Escape") close();
    else return;
    event.preventDefault();
  });
}

let filled = ""; // the address that the register gave, as long as nobody wrote over it
combo(field("respondent_name"), document.getElementById("traders"), form.dataset.traders, (trader) => {
  field("respondent_name").value = trader.name;
  field("respondent_uscc").value = trader.code;
  field("trader").value = trader.trader;
  const address = field("respondent_address");
  if (!address.value || address.value === filled) address.value = filled = trader.address;
  where();
  earlier();
});
combo(field("place"), document.getElementById("places"), form.dataset.places, (place) => {
  field("place").value = place.name;
  where();
});
for (const name of ["respondent_name", "respondent_uscc"]) {
  field(name).addEventListener("input", () => { field("trader").value = ""; });
}

const unit = field("unit");
let unitChosen = Boolean(unit?.value);
unit?.addEventListener("change", () => { unitChosen = true; });

const where = later(() => ask(form.dataset.where, { address: field("respondent_address").value, place: field("place").value, trader: field("trader").value }, (text) => {
  const box = document.getElementById("where");
  box.innerHTML = text.trim();
  const code = box.querySelector("[data-unit]")?.dataset.unit;
  if (unit && !unitChosen && [...unit.options].some((option) => option.value === code)) unit.value = code;
}), 200);

const earlier = later(() => ask(form.dataset.earlier, {
  phone: field("phone").value, id_number: field("id_number").value, trader: field("trader").value, respondent_name: field("respondent_name").value,
}, (text) => { document.getElementById("earlier").innerHTML = text.trim(); }), 250);

for (const name of ["respondent_address", "place"]) field(name).addEventListener("input", where);
for (const name of ["phone", "id_number"]) field(name).addEventListener("input", earlier);
field("respondent_name").addEventListener("change", earlier);

// --- further persons ---

document.getElementById("add").addEventListener("click", (event) => {
  event.preventDefault();
  const total = field("further-TOTAL_FORMS");
  const holder = document.createElement("div");
  holder.innerHTML = document.getElementById("further-empty").innerHTML.replaceAll("__prefix__", total.value);
  const person = holder.firstElementChild;
  document.getElementById("further").append(person);
  total.value = Number(total.value) + 1;
  person.querySelector("select, input").focus();
});

// --- at the beginning ---

if (field("phone").value || field("id_number").value) earlier();
if (field("respondent_address").value || field("place").value || field("trader").value) where();
(form.querySelector(".fx-f:has(.fx-field-error) :is(input, select, textarea)") ?? field("phone")).focus({ preventScroll: true });
