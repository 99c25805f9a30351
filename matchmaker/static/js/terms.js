// The terms: what belongs to the event or fee that is chosen opens by itself; the other groups fold, and can be opened by hand.
for (const group of document.querySelectorAll("details[data-of]")) {
  const select = group.closest("form").elements[group.dataset.of];
  select.addEventListener("change", () => { group.open = group.dataset.value.split(" ").includes(select.value); });
}
