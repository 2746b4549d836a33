// The dispatch bench by keyboard: j/k move, 1–9 pick the unit, 0 another one, Enter sends, x selects, o opens. Without script: links and buttons.
import { eitherOr, pickUnit, writing } from "./keys.js";

const bench = () => document.getElementById("bench");
const rows = () => [...bench().querySelectorAll("[data-row]")];
const pane = () => bench().querySelector("[data-pane]:not([hidden])");
const place = () => rows().findIndex((row) => row.hasAttribute("data-chosen"));
let last = 0;

function show(index) {
  const all = rows();
  if (!all.length) return;
  last = Math.max(0, Math.min(index, all.length - 1));
  const key = all[last].dataset.key;
  all.forEach((row, number) => {
    row.toggleAttribute("data-chosen", number === last);
    const link = row.querySelector("a");
    if (number === last) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  });
  bench().querySelectorAll("[data-pane]").forEach((form) => { form.hidden = form.dataset.pane !== key; });
  all[last].scrollIntoView({ block: "nearest" });
  all[last].querySelector("a").focus({ preventScroll: true });
  bulk();
}

const picked = () => rows().filter((row) => row.querySelector("[data-pick]").checked).map((row) => row.dataset.key);

// Everything selected goes out with the case that is open.
function bulk() {
  const form = pane();
  if (!form) return;
  const others = picked().filter((key) => key !== form.dataset.pane);
  form.querySelectorAll("[data-added]").forEach((input) => input.remove());
  for (const value of others) {
    const input = Object.assign(document.createElement("input"), { type: "hidden", name: "case", value });
    input.dataset.added = "";
    form.append(input);
  }
  const hint = form.querySelector("span[data-bulk]");
  hint.hidden = !others.length;
  hint.textContent = bench().querySelector("[data-words]").dataset.bulk.replace("{n}", others.length);
}

function send() {
  const form = pane();
  if (!form) return;
  if (!form.querySelector("[name=unit]:checked") && !form.elements.other.value) {
    (form.querySelector("[data-quick] input") ?? form.elements.other).focus();
    return;
  }
  form.requestSubmit();
}

function countdown() {
  const words = bench()?.querySelector("[data-words]")?.dataset;
  if (!words) return;
  for (const mark of bench().querySelectorAll("[data-due]")) {
    const minutes = Math.floor((Date.parse(mark.dataset.due) - Date.now()) / 60000);
    if (!Number.isFinite(minutes) || Math.abs(minutes) > 600) continue;
    const late = minutes < 0;
    const all = late ? -minutes : minutes;
    const text = all < 60 ? words[late ? "lateMin" : "min"] : words[late ? "lateHours" : "hours"];
    mark.textContent = text.replace("{n}", Math.max(all, 1)).replace("{h}", Math.floor(all / 60)).replace("{m}", all % 60);
    mark.className = `fx-left fx-left-${late ? "overdue" : all < 30 ? "near" : "fine"}`;
  }
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || !bench()) return;
  const form = pane();
  if (writing(event.target)) {
    if (event.key === "Escape") show(place());
    return;
  }
  if (form && pickUnit(form, event)) return;
  const act = {
    j: () => show(place() + 1),
    k: () => show(place() - 1),
    ArrowDown: () => event.target.closest("[data-row]") && show(place() + 1),
    ArrowUp: () => event.target.closest("[data-row]") && show(place() - 1),
    0: () => form?.elements.other.focus(),
    x: () => rows()[place()]?.querySelector("[data-pick]").click(),
    o: () => form?.querySelector("[data-open]").click(),
    Enter: () => (event.target.closest("[data-row], [data-quick]") || event.target === document.body) && send(),
  }[event.key];
  if (!act) return;
  if (event.key === "Enter" && !event.target.closest("[data-row], [data-quick]") && event.target !== document.body) return;
  if (event.key.startsWith("Arrow") && !event.target.closest("[data-row]")) return;
  event.preventDefault();
  act();
});

document.addEventListener("click", (event) => {
  const row = event.target.closest?.("#bench [data-row]");
  if (!row || event.target.matches("[data-pick]") || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  show(rows().indexOf(row));
});

document.addEventListener("change", (event) => {
  if (event.target.matches?.("#bench [data-pick]")) bulk();
});

function ready() {
  rows().forEach((row) => { row.querySelector("[data-pick]").hidden = false; });
  bench().querySelectorAll("[data-pane]").forEach(eitherOr);
  countdown();
}

document.addEventListener("htmx:afterSwap", () => {
  if (!bench()) return;
  ready();
  show(bench().querySelector(".alert-danger") ? Math.max(place(), 0) : last);
});

setInterval(countdown, 15000);
ready();
if (rows().length) show(Math.max(place(), 0));
