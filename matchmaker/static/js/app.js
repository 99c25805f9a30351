// Pleasantries over pages that work without them: palette, printing, keys, the way back to an error.
document.documentElement.classList.add("js");

const typing = (element) => element.matches("input, textarea, select, [contenteditable]");

// --- keyboard palette -------------------------------------------------------------------------------------------
const palette = document.getElementById("palette");
if (palette) {
  const input = palette.querySelector("input");
  const list = palette.querySelector("ul");
  const words = JSON.parse(palette.querySelector("template").dataset.words);
  let chosen = 0;

  const places = () => {
    const seen = new Map();
    const collect = (selector, kind) => {
      for (const link of document.querySelectorAll(selector)) {
        const text = link.textContent.trim();
        if (text && !seen.has(link.href)) seen.set(link.href, { text, href: link.href, kind });
      }
    };
    collect("#menu a, .drop-body a", words.place);
    collect("main .page-head .actions a, [data-action]", words.action);
    return [...seen.values()];
  };

  const options = () => {
    const text = input.value.trim();
    const found = places().filter((place) => place.text.toLowerCase().includes(text.toLowerCase()));
    if (text) {
      const query = "?q=" + encodeURIComponent(text.slice(0, 200));
      found.push({ text: words.achievements.replace("%s", text), href: palette.dataset.achievements + query, kind: "" });
      found.push({ text: words.needs.replace("%s", text), href: palette.dataset.needs + query, kind: "" });
    }
    return found.slice(0, 40);
  };

  const draw = () => {
    const found = options();
    chosen = Math.max(0, Math.min(chosen, found.length - 1));
    list.replaceChildren(...found.map((option, number) => {
      const item = document.createElement("li");
      item.id = "palette-" + number;
      item.setAttribute("role", "option");
      item.setAttribute("aria-selected", String(number === chosen));
      item.dataset.href = option.href;
      const name = document.createElement("span");
      name.textContent = option.text;
      const kind = document.createElement("span");
      kind.className = "soft tiny";
      kind.textContent = option.kind;
      item.append(name, kind);
      return item;
    }));
    input.setAttribute("aria-activedescendant", found.length ? "palette-" + chosen : "");
    list.children[chosen]?.scrollIntoView({ block: "nearest" });
  };

  const open = () => { if (!palette.open) { input.value = ""; chosen = 0; draw(); palette.showModal(); input.focus(); } };
  const follow = (item) => { if (item) location.assign(item.dataset.href); };

  input.addEventListener("input", () => { chosen = 0; draw(); });
  input.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) { event.preventDefault(); chosen = (chosen + step + list.children.length) % list.children.length; draw(); }
    if (event.key === "Enter") { event.preventDefault(); follow(list.children[chosen]); }
  });
  list.addEventListener("click", (event) => follow(event.target.closest("li")));
  palette.addEventListener("click", (event) => { if (event.target === palette) palette.close(); });
  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") { event.preventDefault(); open(); }
    if (event.key === "/" && !typing(event.target) && !event.ctrlKey && !event.metaKey) { event.preventDefault(); open(); }
  });
  for (const link of document.querySelectorAll("[data-palette]")) {
    link.addEventListener("click", (event) => { event.preventDefault(); open(); });
  }
}

// --- small things -----------------------------------------------------------------------------------------------
document.addEventListener("click", (event) => {
  if (event.target.closest("[data-print]")) window.print();
  for (const menu of document.querySelectorAll("details.drop[open]")) if (!menu.contains(event.target)) menu.open = false;
  const closing = event.target.closest("[data-dismiss]");
  if (closing) closing.closest(closing.dataset.dismiss)?.remove();
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of document.querySelectorAll("details.drop[open]")) { menu.open = false; menu.querySelector("summary").focus(); }
});
// A table that is wider than its box can be scrolled by keyboard. It is called what stands above it, and each its own name.
const called = new Map();
for (const box of document.querySelectorAll(".table-box:not([tabindex])")) {
  const heading = box.querySelector("caption") ?? box.closest("section, details, .card-box")?.querySelector("h2, h3, summary");
  const name = (heading ?? document.querySelector("main h1"))?.textContent.trim() || document.title;
  called.set(name, (called.get(name) ?? 0) + 1);
  box.tabIndex = 0;
  box.setAttribute("role", "region");
  box.setAttribute("aria-label", called.get(name) > 1 ? `${name} ${called.get(name)}` : name);
}
document.getElementById("errors")?.focus();  // after a refused form, readers start at what is wrong

// A form is sent once: a second press while the first is under way does nothing.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method !== "post" || form.hasAttribute("hx-post")) return;
  if (form.dataset.sent) { event.preventDefault(); return; }
  form.dataset.sent = "1";
});
window.addEventListener("pageshow", () => { for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent; });

// Arrow keys (and j, k) walk along a list that asks for it.
document.addEventListener("keydown", (event) => {
  if (typing(event.target) || event.ctrlKey || event.metaKey || event.altKey) return;
  const step = { j: 1, k: -1 }[event.key];
  const walk = step && document.querySelector("[data-walk]");
  if (!walk) return;
  const stops = [...walk.querySelectorAll(walk.dataset.walk)];
  const here = stops.findIndex((stop) => stop.contains(document.activeElement) || stop === document.activeElement);
  const next = stops[Math.max(0, Math.min(stops.length - 1, here < 0 ? 0 : here + step))];
  next?.focus();
  next?.scrollIntoView({ block: "nearest" });
});
