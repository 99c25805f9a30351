/* Keys for judging: 4 to 1 give the level, 0 opens "put aside", u takes back. They work only while the focus is inside
   an entry (WCAG 2.1.4), and never while something is being typed. Without this file the buttons do the same. */
"use strict";
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || event.shiftKey || event.repeat) return;
  const focused = event.target;
  if (!(focused instanceof Element) || focused.closest("input, select, textarea, [contenteditable]")) return;
  const entry = focused.closest("[data-judged]");
  const pressed = entry && entry.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
  if (!pressed) return;
  event.preventDefault();
  pressed.click();
  if (pressed.tagName === "SUMMARY") pressed.parentElement.querySelector("select").focus();
});

/* A level shows at once and settles when the server has noted it: its answer takes the page's place, the focus stays
   with the entry. Where the server refuses or cannot be reached, the mark goes back and a sentence says so. */
document.addEventListener("submit", async (event) => {
  const form = event.target.closest(".judge-levels");
  if (!form || event.defaultPrevented || !event.submitter) return;
  event.preventDefault();
  const entry = form.closest("[data-judged]");
  const before = [...form.querySelectorAll("[aria-pressed]")];
  for (const button of before) button.removeAttribute("aria-pressed");
  event.submitter.setAttribute("aria-pressed", "true");
  form.querySelector("[role=alert]")?.remove();
  try {
    const answer = await fetch(form.action, { method: "POST", body: new URLSearchParams(new FormData(form, event.submitter)) });
    if (!answer.ok) throw new Error(String(answer.status));
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    document.querySelector("main").replaceWith(page.querySelector("main"));
    htmx.process(document.querySelector("main"));
    const again = entry.id && document.getElementById(entry.id);
    (again?.querySelector("a") ?? again ?? document.querySelector("main")).focus();
  } catch {
    event.submitter.removeAttribute("aria-pressed");
    for (const button of before) button.setAttribute("aria-pressed", "true");
    const sentence = document.createElement("span");
    sentence.setAttribute("role", "alert");
    sentence.className = "state bad";
    sentence.textContent = form.dataset.refused;
    form.append(sentence);
    delete form.dataset.sent;
  }
});
