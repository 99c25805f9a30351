// The listing form: keeps what is typed, and takes suggested keywords with one press.
const form = document.getElementById("listing-form");
const status = document.getElementById("kept");
let timer = 0;
let pending = false;

async function keep() {
  clearTimeout(timer);
  if (!pending) return;
  pending = false;
  try {
    const answer = await fetch(form.dataset.keep, { method: "POST", body: new URLSearchParams(new FormData(form)), keepalive: true });
    if (answer.ok && !answer.redirected) status.textContent = await answer.text();
  } catch {
    pending = true;  // offline: the next pause tries again
  }
}

if (form) {
  const note = () => { pending = true; clearTimeout(timer); timer = setTimeout(keep, 2000); };
  form.addEventListener("input", note);
  form.addEventListener("change", note);
  document.addEventListener("visibilitychange", () => { if (document.visibilityState === "hidden") keep(); });
  addEventListener("pagehide", keep);
  for (const sent of [form, ...document.querySelectorAll("form[data-discard]")]) {
    sent.addEventListener("submit", () => { pending = false; clearTimeout(timer); });
  }
}

document.addEventListener("click", (event) => {
  const chip = event.target.closest("[data-keyword]");
  const field = chip && document.getElementById("field-keywords");
  if (!field) return;
  const words = field.value.split(/[,，、;；]/).map((word) => word.trim()).filter(Boolean);
  if (!words.includes(chip.dataset.keyword)) words.push(chip.dataset.keyword);
  field.value = words.join(", ");
  field.dispatchEvent(new Event("input", { bubbles: true }));
  chip.remove();
});
