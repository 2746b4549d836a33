// Number keys pick the unit of a dispatch form, unless something is being written.
export const writing = (target) => target.matches?.("input:not([type=radio]):not([type=checkbox]), textarea, select, [contenteditable]");

export function pickUnit(form, event) {
  if (event.ctrlKey || event.metaKey || event.altKey || writing(event.target) || !/^[1-9]$/.test(event.key)) return false;
  const radio = form.querySelectorAll("[data-quick] input[type=radio]")[Number(event.key) - 1];
  if (!radio) return false;
  radio.checked = true;
  radio.focus();
  event.preventDefault();
  return true;
}

// A unit typed by name takes the place of one picked by number, and the other way round.
export function eitherOr(form) {
  const other = form.elements.other;
  form.addEventListener("change", (event) => {
    if (event.target.name === "unit") other.value = "";
  });
  other.addEventListener("input", () => {
    if (other.value) for (const radio of form.querySelectorAll("input[name=unit]")) radio.checked = false;
  });
}

const page = document.querySelector("form[data-dispatch]");
if (page) {
  eitherOr(page);
  // `d` goes to the form, a digit picks, Enter sends.
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || writing(event.target)) return;
    if (event.key === "d") {
      (page.querySelector("[data-quick] input:checked") ?? page.querySelector("[data-quick] input") ?? page.elements.other).focus();
      event.preventDefault();
    } else if (page.contains(document.activeElement)) pickUnit(page, event);
  });
}
