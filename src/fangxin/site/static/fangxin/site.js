// Says aloud what HTMX would swallow: refusals that are not swapped in, and a lost connection.
(() => {
  const notices = document.getElementById("notices");
  const tell = (text) => {
    const box = document.createElement("div");
    box.className = "alert alert-danger alert-dismissible";
    box.setAttribute("role", "alert");
    box.append(text);
    const close = document.createElement("button");
    close.className = "btn-close";
    close.type = "button";
    close.setAttribute("aria-label", notices.dataset.close);
    close.addEventListener("click", () => box.remove());
    box.append(close);
    notices.replaceChildren(box);
    notices.scrollIntoView({ block: "nearest" });
  };
  if (!notices) return;
  document.addEventListener("htmx:responseError", (event) => {
    const page = new DOMParser().parseFromString(event.detail.xhr.responseText, "text/html");
    const refusal = page.querySelector("[role=alert]");
    tell(refusal ? refusal.textContent.trim() : notices.dataset.failed);
  });
  document.addEventListener("htmx:sendError", () => tell(notices.dataset.lost));
  document.addEventListener("htmx:timeout", () => tell(notices.dataset.lost));
})();
