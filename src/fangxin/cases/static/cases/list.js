// The work list by keyboard: j/k move, Enter opens, x selects, d dispatches, / searches. Without it everything works by mouse.
import { eitherOr, pickUnit, writing } from "./keys.js";

const dialog = document.getElementById("dispatch-dialog");
const form = dialog?.querySelector("form");
const rows = () => [...document.querySelectorAll("#list [data-row]")];
let place = 0;

function focus(index) {
  const all = rows();
  if (!all.length) return;
  place = Math.max(0, Math.min(index, all.length - 1));
  all.forEach((row, number) => { row.tabIndex = number === place ? 0 : -1; });
  all[place].focus();
}

const current = () => document.activeElement?.closest?.("#list [data-row]");
const box = (row) => row?.querySelector("input[name=case]");

// --- dispatch ---

function chosen() {
  const picked = rows().filter((row) => box(row)?.checked);
  return picked.length ? picked : [current()].filter((row) => row?.dataset.key);
}

function open(picked) {
  if (!dialog || !picked.length) return;
  const hidden = (name, value) => Object.assign(document.createElement("input"), { type: "hidden", name, value });
  dialog.querySelector("[data-names]").textContent = picked.length > 3
    ? `${picked.slice(0, 2).map((row) => row.dataset.name).join(" ")} … ×${picked.length}`
    : picked.map((row) => row.dataset.name).join(" ");
  dialog.querySelector("[data-cases]").replaceChildren(
    ...picked.map((row) => hidden("case", row.dataset.key)),
    hidden("list", document.querySelector("#picked input[name=list]").value),
  );
  form.reset();
  suggest(picked);
  const again = picked.some((row) => row.dataset.state === "dispatched");
  form.elements.note.required = again;
  dialog.querySelector("[data-note-needed]").hidden = !again;
  dialog.showModal();
  (form.querySelector("[data-quick] input:checked") ?? form.querySelector("[data-quick] input") ?? form.elements.other).focus();
}

// The unit of the place that was stated comes first, if all the cases chosen share it.
function suggest(picked) {
  const quick = form.querySelector("[data-quick]");
  quick.querySelector("[data-suggested]")?.remove();
  const codes = new Set(picked.map((row) => row.dataset.unit ?? ""));
  const [code] = codes;
  if (codes.size === 1 && code) {
    let label = quick.querySelector(`input[value="${CSS.escape(code)}"]`)?.closest("label");
    if (!label) {
      label = (quick.querySelector("label") ?? blank()).cloneNode(true);
      label.dataset.suggested = "";
      label.querySelector("input").value = code;
      label.querySelector("[data-name]").textContent = picked[0].dataset.unitName;
    }
    quick.prepend(label);
    label.querySelector("input").checked = true;
  }
  quick.querySelectorAll("label").forEach((label, index) => {
    label.hidden = index > 8;
    label.querySelector("kbd").textContent = index + 1;
  });
}

function blank() {
  const label = document.createElement("label");
  label.className = "fx-unit";
  const radio = Object.assign(document.createElement("input"), { type: "radio", name: "unit", className: "form-check-input" });
  const name = document.createElement("span");
  name.dataset.name = "";
  label.append(radio, " ", document.createElement("kbd"), " ", name);
  return label;
}

if (dialog) {
  eitherOr(form);
  dialog.addEventListener("keydown", (event) => pickUnit(form, event));
  dialog.querySelector("[data-cancel]").addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", () => focus(place));
  document.addEventListener("click", (event) => {
    if (event.target.closest("#dispatch-picked") && chosen().length) {
      event.preventDefault();
      open(chosen());
    }
  });
}

// --- keys, focus, selection ---

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || dialog?.open || writing(event.target)) return;
  const row = current();
  const act = {
    j: () => focus(row ? place + 1 : place),
    k: () => focus(row ? place - 1 : place),
    ArrowDown: () => row && focus(place + 1),
    ArrowUp: () => row && focus(place - 1),
    d: () => open(chosen()),
    x: () => box(row)?.click(),
    "/": () => document.querySelector("#filters [name=q]").focus(),
    Enter: () => row === event.target && row.querySelector("[data-open]").click(),
  }[event.key];
  if (!act || (event.key === "Enter" && row !== event.target) || (event.key.startsWith("Arrow") && !row)) return;
  event.preventDefault();
  act();
});

document.addEventListener("focusin", (event) => {
  const row = event.target.closest("#list [data-row]");
  if (row) place = rows().indexOf(row);
});

function ready() {
  const all = document.querySelector("#list [data-all]");
  if (all) {
    all.hidden = false;
    all.addEventListener("change", () => rows().forEach((row) => { if (box(row)) box(row).checked = all.checked; }));
  }
}

document.addEventListener("htmx:afterSwap", (event) => {
  ready();
  const sent = event.detail.requestConfig?.verb === "post";
  if (sent) {
    if (dialog?.open) dialog.close();
    focus(place);
  }
});

ready();
