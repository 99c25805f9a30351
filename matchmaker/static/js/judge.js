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
